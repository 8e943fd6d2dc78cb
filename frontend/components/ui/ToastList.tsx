import { Toast as Base } from "@base-ui/react/toast";
import { Check, CircleAlert, X } from "lucide-react";
import { useEffect } from "react";
import { cn } from "./cn";
import type { ToastLook } from "./Toast";

const manager = Base.createToastManager<ToastLook>();
const waiting: Array<(ready: typeof manager) => void> = [];
let isMounted = false;

/** Runs at once, or as soon as the list is on the page: messages sent before would be lost. */
export function whenReady(run: (ready: typeof manager) => void): void {
  if (isMounted) run(manager);
  else waiting.push(run);
}

function useReady(): void {
  useEffect(() => {
    isMounted = true;
    for (const run of waiting.splice(0)) run(manager);
    return () => {
      isMounted = false;
    };
  }, []);
}

function ToastList() {
  useReady();
  const { toasts } = Base.useToastManager<ToastLook>();
  return toasts.map((item) => {
    const tone = item.data?.tone ?? "plain";
    return (
      <Base.Root
        key={item.id}
        toast={item}
        swipeDirection={["down", "right"]}
        className="appear appear-rise pointer-events-auto w-full rounded-card border border-line bg-surface shadow-float sm:w-auto sm:max-w-md dark:bg-raised"
      >
        <Base.Content className="flex items-start gap-2.5 py-2.5 pr-2 pl-3.5">
          {tone !== "plain" && (
            <span className={cn("mt-0.5", tone === "bad" ? "text-bad" : "text-ok")}>
              {tone === "bad" ? (
                <CircleAlert aria-hidden className="size-4" />
              ) : (
                <Check aria-hidden className="size-4" strokeWidth={2.5} />
              )}
            </span>
          )}
          <div className="min-w-0 flex-1">
            <Base.Title className="font-medium" />
            <Base.Description className="text-ink-2 text-small" />
          </div>
          {item.data?.link && (
            <a
              href={item.data.link.href}
              target="_blank"
              rel="noreferrer"
              className="link -my-1 flex h-7 shrink-0 items-center px-2"
            >
              {item.data.link.label}
            </a>
          )}
          <Base.Action className="-my-1 h-7 shrink-0 rounded-small px-2 font-semibold text-accent hover:bg-accent-soft" />
          <Base.Close
            aria-label="Close this message"
            className="-my-1 flex size-7 shrink-0 items-center justify-center rounded-small text-ink-3 hover:bg-ink/6 hover:text-ink"
          >
            <X aria-hidden className="size-4" />
          </Base.Close>
        </Base.Content>
      </Base.Root>
    );
  });
}

/** Announced politely, or at once when something failed. */
export default function ToastRegion() {
  return (
    <Base.Provider toastManager={manager} limit={3}>
      <Base.Portal>
        <Base.Viewport className="pointer-events-none fixed inset-x-4 bottom-[calc(4.5rem+env(safe-area-inset-bottom))] z-50 flex flex-col items-center gap-2 md:bottom-6">
          <ToastList />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}
