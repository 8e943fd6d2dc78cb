import { lazy, type ReactNode, Suspense, useSyncExternalStore } from "react";

export interface ToastOptions {
  /** What happened, in a few words and without an exclamation mark. */
  title: string;
  description?: ReactNode;
  tone?: "ok" | "bad" | "plain";
  /** The way back or the next step: "Undo". */
  action?: { label: string; onPress: () => void };
  /** Opens in a new tab: "See it on Practice Instagram". */
  link?: { label: string; href: string };
  /** Milliseconds; 0 keeps it until it is closed. */
  timeout?: number;
  /** What it is about: an earlier message about the same goes. */
  about?: string;
  /** Runs when it is closed or times out, also after the action. */
  onClose?: () => void;
}

/** What a toast looks like beyond its words. */
export interface ToastLook {
  tone: NonNullable<ToastOptions["tone"]>;
  link?: { label: string; href: string } | undefined;
}

/* The list and its machinery are loaded with the first message: most visits to a page show none. */
const loadList = () => import("./ToastList");
const ToastRegion = lazy(loadList);
const listeners = new Set<() => void>();
let isWanted = false;
let count = 0;
const latest = new Map<string, string>();

/** Shows a quiet message at the lower edge. Returns an id for `closeToast`. */
export function toast(options: ToastOptions): string {
  const { title, description, tone = "ok", action, link, timeout, about, onClose } = options;
  const id = `toast-${++count}`;
  const earlier = about && latest.get(about);
  if (earlier) closeToast(earlier);
  if (about) latest.set(about, id);
  isWanted = true;
  for (const listener of listeners) listener();
  void loadList().then(({ whenReady }) =>
    whenReady((manager) =>
      manager.add({
        id,
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
      }),
    ),
  );
  return id;
}

export function closeToast(id: string): void {
  void loadList().then(({ whenReady }) => whenReady((manager) => manager.close(id)));
}

/** Where toasts appear; mounted once. */
export function Toaster() {
  const isShown = useSyncExternalStore(
    (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
    () => isWanted,
  );
  if (!isShown) return null;
  return (
    <Suspense fallback={null}>
      <ToastRegion />
    </Suspense>
  );
}
