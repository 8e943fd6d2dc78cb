import { useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { cn } from "@/components/ui/cn";

/** The parts of the settings, in their order; the ids are what an address ends with. */
const PARTS = [
  { id: "business", label: "Business" },
  { id: "people", label: "People" },
  { id: "channels", label: "Channels" },
  { id: "ai-and-spending", label: "AI and spending" },
  { id: "ai-models", label: "AI models" },
  { id: "ai-styles", label: "AI styles" },
  { id: "storage", label: "Storage" },
  { id: "api-keys", label: "API keys" },
  { id: "account", label: "Your account" },
] as const;

/** Leads to each part: a list beside them on a very wide screen, a row above them that stays in view. */
export function SettingsNav() {
  const { hash } = useLocation();
  useArrival(hash);
  const current = PARTS.find(({ id }) => id === hash)?.id;
  // On a narrow screen the row is wider than it: where one is stands in view.
  const row = useRef<HTMLElement>(null);
  useEffect(() => {
    const chip = row.current?.querySelector<HTMLElement>(`[href="#${current}"]`);
    if (!row.current || !chip) return;
    row.current.scrollLeft = chip.offsetLeft - (row.current.clientWidth - chip.offsetWidth) / 2;
  }, [current]);
  return (
    <nav
      ref={row}
      aria-label="Parts of the settings"
      className={cn(
        "flex min-w-0 gap-1 overflow-x-auto [scrollbar-width:none]",
        "max-[90rem]:sticky max-[90rem]:top-0 max-[90rem]:z-10 max-[90rem]:-mx-4 max-[90rem]:border-line max-[90rem]:border-b max-[90rem]:bg-bg max-[90rem]:px-4 max-[90rem]:py-2",
        "min-[90rem]:sticky min-[90rem]:top-4 min-[90rem]:w-36 min-[90rem]:shrink-0 min-[90rem]:flex-col",
      )}
    >
      {PARTS.map(({ id, label }) => (
        <a
          key={id}
          href={`#${id}`}
          aria-current={id === current ? "location" : undefined}
          className="flex h-8 shrink-0 items-center rounded-control px-2.5 font-medium text-ink-2 text-small hover:bg-ink/6 hover:text-ink aria-[current=location]:bg-ink/6 aria-[current=location]:text-ink"
        >
          {label}
        </a>
      ))}
    </nav>
  );
}

/** What stands above a part grows while it loads: the part that the address names is held in view. */
function useArrival(hash: string): void {
  useEffect(() => {
    const part = hash ? document.getElementById(hash) : null;
    if (!part) return;
    const show = () => part.scrollIntoView({ block: "start" });
    show();
    const watcher = new ResizeObserver(show);
    if (part.parentElement) watcher.observe(part.parentElement);
    const stop = () => watcher.disconnect();
    // From the first move of the person's own the page is theirs.
    const moves = ["wheel", "touchmove", "keydown", "pointerdown"] as const;
    for (const move of moves) window.addEventListener(move, stop, { once: true, passive: true });
    return () => {
      stop();
      for (const move of moves) window.removeEventListener(move, stop);
    };
  }, [hash]);
}
