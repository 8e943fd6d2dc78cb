import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "./cn";
import { Tooltip } from "./Tooltip";

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children" | "aria-label"> {
  /** Says what pressing does; spoken, and shown as a tooltip. */
  label: string;
  icon: LucideIcon;
  size?: "sm" | "md";
  variant?: "ghost" | "secondary" | "picture";
  /** Leave the tooltip out where the label already stands beside the button. */
  hasTooltip?: boolean;
}

const VARIANTS = {
  ghost: "text-ink-2 hover:bg-ink/6 hover:text-ink active:bg-ink/10",
  secondary: "border border-line-strong bg-surface text-ink hover:bg-sunken dark:hover:bg-raised",
  picture: "bg-picture-scrim text-on-picture backdrop-blur-sm hover:bg-picture-scrim/90",
} as const;

/** A square button with an icon only. */
export function IconButton({
  label,
  icon: Icon,
  size = "md",
  variant = "ghost",
  hasTooltip = true,
  type = "button",
  className,
  ...rest
}: IconButtonProps) {
  const button = (
    <button
      type={type}
      aria-label={label}
      className={cn(
        "inline-flex shrink-0 items-center justify-center rounded-control transition-colors duration-150 disabled:opacity-45 motion-reduce:transition-none",
        size === "sm" ? "size-7" : "size-8.5",
        VARIANTS[variant],
        className,
      )}
      {...rest}
    >
      <Icon aria-hidden className="size-4" />
    </button>
  );
  return hasTooltip ? <Tooltip text={label}>{button}</Tooltip> : button;
}
