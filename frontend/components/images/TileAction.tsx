import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

const LOOK =
  "flex h-7 items-center justify-center rounded-small bg-picture-scrim font-semibold text-caption text-on-picture transition-colors duration-150 hover:bg-picture-scrim-strong motion-reduce:transition-none";

interface TileActionProps {
  tabIndex: 0 | -1;
  onPress: () => void;
  children: ReactNode;
}

/** A button with words over a picture. */
export function TileAction({ tabIndex, onPress, children }: TileActionProps) {
  return (
    <button
      type="button"
      tabIndex={tabIndex}
      onClick={onPress}
      className={`${LOOK} min-w-0 flex-1 px-1`}
    >
      <span className="truncate">{children}</span>
    </button>
  );
}

interface TileIconActionProps {
  tabIndex: 0 | -1;
  label: string;
  icon: LucideIcon;
  onPress: () => void;
}

/**
 * A button with an icon over a picture. What it does may move another tile under the pointer, so the
 * second click of a double click is left out: it was meant for the first picture.
 */
export function TileIconAction({ tabIndex, label, icon: Icon, onPress }: TileIconActionProps) {
  return (
    <button
      type="button"
      tabIndex={tabIndex}
      aria-label={label}
      title={label}
      onClick={({ detail }) => {
        if (detail <= 1) onPress();
      }}
      className={`${LOOK} w-7 shrink-0`}
    >
      <Icon aria-hidden className="size-3.5" />
    </button>
  );
}
