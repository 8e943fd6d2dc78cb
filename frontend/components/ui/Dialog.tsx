import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, type RefObject, useLayoutEffect, useRef } from "react";
import { Button, type ButtonVariant } from "./Button";
import { cn } from "./cn";
import { IconButton } from "./IconButton";
import { afterDialog, type Place, placeOfOpener } from "./keepFocus";

const SIZES = {
  sm: "sm:w-110",
  md: "sm:w-140",
  lg: "sm:w-200",
  xl: "sm:w-295",
} as const;

export interface DialogProps {
  isOpen: boolean;
  /** Escape, the close button and a press beside the dialog all ask for this. */
  onClose: () => void;
  title: ReactNode;
  /** A quiet fact beside the title: "Draft saved just now". */
  titleAside?: ReactNode;
  /** Spoken after the title; shown under it. */
  description?: ReactNode;
  size?: keyof typeof SIZES;
  /** A bar at the bottom that stays in view. One primary action. */
  footer?: ReactNode;
  /** The content brings its own padding and scrolls by itself. */
  isFlush?: boolean;
  /** A press beside the dialog does nothing; for work that is easily lost. */
  isSticky?: boolean;
  /** Missing: the first field, else the first button at the bottom. */
  initialFocus?: RefObject<HTMLElement | null>;
  children: ReactNode;
}

const FIELDS = "input:enabled:not([type=hidden]), select:enabled, textarea:enabled";
const BUTTONS = "button:enabled, a[href]";

/** Where the keyboard begins and ends: never on the cross, and never behind another dialog. */
function useFocusOfDialog(isOpen: boolean) {
  const popup = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const footer = useRef<HTMLElement>(null);
  const opener = useRef<Place>(undefined);
  useLayoutEffect(() => {
    if (isOpen) opener.current = placeOfOpener();
  }, [isOpen]);
  return {
    // Kept when it leaves the page: where the keyboard goes is asked in that moment.
    popup: (element: HTMLDivElement | null) => {
      if (element) popup.current = element;
    },
    body,
    footer,
    first: (openedBy: string) =>
      // Under a finger, a field would bring up the keyboard and hide half of the dialog.
      (openedBy !== "touch" && body.current?.querySelector<HTMLElement>(FIELDS)) ||
      footer.current?.querySelector<HTMLElement>(BUTTONS) ||
      body.current?.querySelector<HTMLElement>(BUTTONS) ||
      popup.current,
    last: () => afterDialog(opener.current, popup.current),
  };
}

/**
 * A modal dialog. Focus moves in, stays in and returns to where it was. On a phone it fills the
 * screen (`lg`, `xl`) or rises from the lower edge (`sm`, `md`).
 */
export function Dialog({
  isOpen,
  onClose,
  title,
  titleAside,
  description,
  size = "md",
  footer,
  isFlush,
  isSticky,
  initialFocus,
  children,
}: DialogProps) {
  const isSmall = size === "sm" || size === "md";
  const focus = useFocusOfDialog(isOpen);
  return (
    <Base.Root
      open={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      disablePointerDismissal={isSticky ?? false}
    >
      <Base.Portal>
        <Base.Backdrop forceRender className="appear fixed inset-0 z-40 bg-backdrop" />
        <Base.Popup
          ref={focus.popup}
          initialFocus={initialFocus ?? focus.first}
          finalFocus={focus.last}
          className={cn(
            "appear appear-scale fixed z-40 flex flex-col overflow-hidden bg-surface shadow-float outline-none",
            "inset-x-0 bottom-0 sm:inset-auto sm:top-1/2 sm:left-1/2 sm:-translate-1/2",
            isSmall
              ? "max-h-[92dvh] rounded-t-dialog sm:max-h-[min(88dvh,52rem)] sm:rounded-dialog"
              : "top-0 max-sm:h-dvh sm:top-1/2 sm:max-h-[92dvh] sm:rounded-dialog",
            "sm:max-w-[calc(100vw-3rem)]",
            SIZES[size],
          )}
        >
          <header
            className={cn(
              "flex min-h-13 items-center gap-3 border-line border-b pr-2.5 pl-5",
              description ? "py-3" : "py-2",
            )}
          >
            <div className="min-w-0 flex-1">
              <div className="flex items-baseline gap-3">
                <Base.Title className="truncate font-semibold text-name">{title}</Base.Title>
                {titleAside && <span className="truncate text-ink-3 text-small">{titleAside}</span>}
              </div>
              {description && (
                <Base.Description className="text-ink-3 text-small">{description}</Base.Description>
              )}
            </div>
            <Base.Close render={<IconButton label="Close" icon={X} hasTooltip={false} />} />
          </header>
          <div
            ref={focus.body}
            className={cn(
              "min-h-0 flex-1",
              isFlush ? "flex flex-col overflow-hidden" : "overflow-y-auto overscroll-contain p-5",
            )}
          >
            {children}
          </div>
          {footer && (
            <footer
              ref={focus.footer}
              className="flex flex-wrap items-center gap-2 border-line border-t px-5 py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]"
            >
              {footer}
            </footer>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export interface ConfirmDialogProps {
  isOpen: boolean;
  onClose: () => void;
  onConfirm: () => void;
  title: string;
  /** Names what will be affected. */
  children: ReactNode;
  /** Says exactly what happens: "Delete 3 images". */
  confirmLabel: string;
  cancelLabel?: string;
  variant?: ButtonVariant;
  isBusy?: boolean;
}

/** Asks once before something that cannot be undone. */
export function ConfirmDialog({
  isOpen,
  onClose,
  onConfirm,
  title,
  children,
  confirmLabel,
  cancelLabel = "Cancel",
  variant = "danger",
  isBusy,
}: ConfirmDialogProps) {
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={title}
      size="sm"
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>{cancelLabel}</Button>
          <Button variant={variant} onClick={onConfirm} isBusy={isBusy}>
            {confirmLabel}
          </Button>
        </div>
      }
    >
      <div className="text-ink-2">{children}</div>
    </Dialog>
  );
}

export interface SheetProps {
  isOpen: boolean;
  onClose: () => void;
  title: ReactNode;
  footer?: ReactNode;
  children: ReactNode;
}

/** A panel over the page: from the right on a wide screen, from the lower edge on a phone. */
export function Sheet({ isOpen, onClose, title, footer, children }: SheetProps) {
  const focus = useFocusOfDialog(isOpen);
  return (
    <Base.Root
      open={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop forceRender className="appear fixed inset-0 z-40 bg-backdrop" />
        <Base.Popup
          ref={focus.popup}
          finalFocus={focus.last}
          className={cn(
            "appear fixed z-40 flex flex-col overflow-hidden bg-surface shadow-float outline-none",
            "max-md:appear-rise inset-x-0 bottom-0 max-h-[92dvh] rounded-t-dialog",
            "md:appear-side md:inset-y-0 md:right-0 md:left-auto md:max-h-none md:w-86 md:rounded-none md:border-line md:border-l",
          )}
        >
          <header className="flex min-h-13 items-center gap-3 border-line border-b py-2 pr-2.5 pl-5">
            <Base.Title className="min-w-0 flex-1 truncate font-semibold text-name">
              {title}
            </Base.Title>
            <Base.Close render={<IconButton label="Close" icon={X} hasTooltip={false} />} />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain p-5">{children}</div>
          {footer && (
            <footer className="flex gap-2 border-line border-t px-5 py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
              {footer}
            </footer>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
