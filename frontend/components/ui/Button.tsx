import { createLink } from "@tanstack/react-router";
import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn";

export type ButtonVariant = "primary" | "secondary" | "ghost" | "ai" | "ai-soft" | "danger";
export type ButtonSize = "sm" | "md" | "lg";

const VARIANTS: Record<ButtonVariant, string> = {
  primary: "bg-ink text-on-ink hover:bg-ink/88 active:bg-ink/80",
  secondary:
    "border border-line-strong bg-surface text-ink hover:bg-sunken active:bg-line dark:hover:bg-raised",
  ghost: "text-ink-2 hover:bg-ink/6 hover:text-ink active:bg-ink/10",
  ai: "bg-ai text-on-ai hover:bg-ai/90 active:bg-ai/80",
  "ai-soft": "bg-ai-soft text-ai hover:inset-ring hover:inset-ring-ai/45 active:inset-ring-ai",
  danger: "bg-bad text-on-bad hover:bg-bad/90 active:bg-bad/80",
};

const SIZES: Record<ButtonSize, string> = {
  sm: "h-7 gap-1.5 px-2.5 text-small",
  md: "h-control gap-2 px-3.5 text-body",
  lg: "h-10.5 gap-2 px-5 text-name",
};

interface ButtonLook {
  variant?: ButtonVariant | undefined;
  size?: ButtonSize | undefined;
  icon?: LucideIcon | undefined;
  /** Fills the width of its container. */
  isWide?: boolean | undefined;
}

function buttonClass({ variant = "secondary", size = "md", isWide }: ButtonLook): string {
  return cn(
    "relative inline-flex shrink-0 select-none items-center justify-center whitespace-nowrap rounded-control font-medium",
    "transition-colors duration-150 disabled:opacity-45 motion-reduce:transition-none",
    VARIANTS[variant],
    SIZES[size],
    isWide && "w-full",
  );
}

export interface ButtonProps extends ButtonLook, Omit<ComponentProps<"button">, "children"> {
  /** Work is going on: the label stays readable, a second press does nothing. */
  isBusy?: boolean | undefined;
  children: ReactNode;
}

/** The one button. `primary` is ink-filled and appears once per view; `ai` only for AI. */
export function Button({
  variant,
  size,
  icon: Icon,
  isWide,
  isBusy = false,
  type = "button",
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      aria-busy={isBusy || undefined}
      aria-disabled={isBusy || undefined}
      className={cn(buttonClass({ variant, size, isWide }), className)}
      onClick={(event) => {
        if (isBusy) {
          event.preventDefault();
          return;
        }
        onClick?.(event);
      }}
      {...rest}
    >
      {isBusy ? (
        <LoaderCircle aria-hidden className="size-4 animate-spin motion-reduce:animate-none" />
      ) : (
        Icon && <Icon aria-hidden className="size-4" strokeWidth={2} />
      )}
      {children}
    </button>
  );
}

interface AnchorButtonProps extends ButtonLook, Omit<ComponentProps<"a">, "children"> {
  children?: ReactNode;
}

function AnchorButton({
  variant,
  size,
  icon: Icon,
  isWide,
  className,
  children,
  ...rest
}: AnchorButtonProps) {
  return (
    <a className={cn(buttonClass({ variant, size, isWide }), className)} {...rest}>
      {Icon && <Icon aria-hidden className="size-4" />}
      {children}
    </a>
  );
}

/** A button's look on a typed route link: `<ButtonLink to="/dashboard/images">`. */
export const ButtonLink = createLink(AnchorButton);

/** A button's look on an address outside this page's routes. */
export const ButtonAnchor = AnchorButton;
