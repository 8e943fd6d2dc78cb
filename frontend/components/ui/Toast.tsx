import { Toast as Base } from "@base-ui/react/toast";
import { Check, CircleAlert, X } from "lucide-react";
import { cn } from "./cn";

const manager = Base.createToastManager<ToastData>();

interface ToastData {
  tone: "ok" | "bad" | "plain";
  link?: { label: string; href: string } | undefined;
}

export interface ToastOptions {
  /** What happened, in a few words and without an exclamation mark. */
  title: string;
  description?: string;
  tone?: ToastData["tone"];
  /** The way back or the next step: "Undo". */
  action?: { label: string; onPress: () => void };
  /** Opens in a new tab: "See it on Practice Instagram". */
  link?: { label: string; href: string };
  /** Milliseconds; 0 keeps it until it is closed. */
  timeout?: number;
  /** Runs when it is closed or times out, also after the action. */
  onClose?: () => void;
}

/** Shows a quiet message at the lower edge. Returns an id for `closeToast`. */
export function toast(options: ToastOptions): string {
  const { title, description, tone = "ok", action, link, timeout, onClose } = options;
  const id: string = manager.add({
    title,
    description,
    timeout: timeout ?? (action || link ? 8000 : 5000),
    priority: tone === "bad" ? "high" : "low",
    data: { tone, link },
    onClose,
    actionProps: action
      ? {
          children: action.label,
          onClick: () => {
            action.onPress();
            manager.close(id);
          },
        }
      : undefined,
  });
  return id;
}

export function closeToast(id: string): void {
  manager.close(id);
}

function ToastList() {
  const { toasts } = Base.useToastManager<ToastData>();
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

/** Where toasts appear; mounted once. Announced politely, or at once when something failed. */
export function Toaster() {
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
