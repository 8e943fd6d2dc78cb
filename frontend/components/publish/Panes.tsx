import type { ReactNode } from "react";
import { cn } from "@/components/ui/cn";
import { Segmented } from "@/components/ui/Segmented";
import { useIsWide } from "@/lib/useMediaQuery";

export type Side = "write" | "preview";

interface PanesProps {
  /** Making. Scrolls by itself. */
  left: ReactNode;
  /** The truth. Brings its own padding and scrolls by itself. */
  right: ReactNode;
  /** Which of the two a narrow screen shows. */
  side: Side;
  onSide: (side: Side) => void;
  /** Nothing in it can be reached while it works. */
  isInert?: boolean;
}

/** Two columns on a wide screen; on a narrow one, one of the two behind a switch. */
export function Panes({ left, right, side, onSide, isInert = false }: PanesProps) {
  const isWide = useIsWide();
  return (
    <div
      inert={isInert}
      className="flex min-h-0 flex-1 flex-col md:h-[min(42rem,calc(92dvh-7.5rem))] md:flex-none md:shrink md:flex-row"
    >
      {!isWide && (
        <div className="flex justify-center border-line border-b px-5 py-2">
          <Segmented
            label="Show"
            value={side}
            onChange={onSide}
            options={[
              { value: "write", label: "Write" },
              { value: "preview", label: "Preview" },
            ]}
            className="w-full [&>label]:flex-1 [&>label]:justify-center"
          />
        </div>
      )}
      {(isWide || side === "write") && (
        <div className="flex min-h-0 min-w-0 flex-1 flex-col overflow-y-auto overscroll-contain">
          {left}
        </div>
      )}
      {(isWide || side === "preview") && (
        <aside
          aria-label="Preview"
          className={cn(
            "flex min-h-0 flex-1 flex-col bg-bg md:w-110 md:flex-none md:border-line md:border-l",
          )}
        >
          {right}
        </aside>
      )}
    </div>
  );
}

/** The bar at the lower edge; one primary action. */
export function ModalFooter({ children }: { children: ReactNode }) {
  return (
    <footer className="flex flex-wrap items-center gap-2 border-line border-t px-5 py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
      {children}
    </footer>
  );
}
