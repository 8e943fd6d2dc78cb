import {
  CircleAlert,
  CircleCheck,
  Info,
  type LucideIcon,
  RotateCw,
  Sparkles,
  TriangleAlert,
} from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "./Button";
import { cn } from "./cn";

export type Tone = "ok" | "warn" | "bad" | "ai" | "accent" | "neutral";

const SOFT: Record<Tone, string> = {
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  ai: "bg-ai-soft text-ai",
  accent: "bg-accent-soft text-accent",
  neutral: "bg-sunken text-ink-2",
};

const ICONS: Record<Tone, LucideIcon> = {
  ok: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
  ai: Sparkles,
  accent: Info,
  neutral: Info,
};

interface NoticeProps {
  tone?: Tone;
  /** The bold fact that comes first. */
  fact?: ReactNode;
  /** The consequence, in a sentence. */
  children?: ReactNode;
  /** The way out: a link or a small button. */
  cure?: ReactNode;
  icon?: LucideIcon | null;
  /** Spoken at once when it appears; for errors that answer an action. */
  isAlert?: boolean;
  className?: string;
}

/** A message beside the thing it speaks of: fact, consequence, cure. */
export function Notice({
  tone = "neutral",
  fact,
  children,
  cure,
  icon,
  isAlert,
  className,
}: NoticeProps) {
  const Icon = icon === undefined ? ICONS[tone] : icon;
  return (
    <div
      role={isAlert ? "alert" : undefined}
      className={cn("flex gap-2.5 rounded-control px-3 py-2.5 text-small", SOFT[tone], className)}
    >
      {Icon && <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />}
      <p className="min-w-0 flex-1">
        {fact && <strong className="block font-semibold">{fact}</strong>} {children}{" "}
        {cure && <span className="[&_a]:underline [&_button]:underline">{cure}</span>}
      </p>
    </div>
  );
}

/** A text button for a cure inside a Notice; takes the notice's colour. */
export function CureButton({ onPress, children }: { onPress: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={onPress}
      className="rounded-[3px] font-medium underline underline-offset-3"
    >
      {children}
    </button>
  );
}

interface BadgeProps {
  tone?: Tone;
  icon?: LucideIcon;
  children: ReactNode;
  className?: string;
}

/** A state in one or two words. */
export function Badge({ tone = "neutral", icon: Icon, children, className }: BadgeProps) {
  return (
    <span
      className={cn(
        "inline-flex h-5.5 shrink-0 items-center gap-1 whitespace-nowrap rounded-full px-2 font-medium text-caption",
        SOFT[tone],
        className,
      )}
    >
      {Icon && <Icon aria-hidden className="size-3" strokeWidth={2.25} />}
      {children}
    </span>
  );
}

interface ProgressProps {
  /** What is going on; spoken. */
  label: string;
  /** 0 to 1; null while nothing is known of the end. */
  value: number | null;
  tone?: "accent" | "ai" | "ok" | "bad";
  className?: string;
}

const BAR = { accent: "bg-accent", ai: "bg-ai", ok: "bg-ok", bad: "bg-bad" } as const;

/** A thin bar that moves only when something moved. */
export function Progress({ label, value, tone = "accent", className }: ProgressProps) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value === null ? undefined : Math.round(value * 100)}
      className={cn("h-1 w-full overflow-hidden rounded-full bg-line", className)}
    >
      <div
        className={cn(
          "h-full w-full origin-left rounded-full transition-transform duration-200 ease-out motion-reduce:transition-none",
          BAR[tone],
          value === null && "breathe",
        )}
        style={{ transform: `scaleX(${value ?? 1})` }}
      />
    </div>
  );
}

/** True once `delay` milliseconds have passed since the component appeared. */
export function useDelayed(delay = 200): boolean {
  const [hasPassed, setPassed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setPassed(true), delay);
    return () => clearTimeout(timer);
  }, [delay]);
  return hasPassed;
}

/** Wraps skeletons: says what loads, and shows the shapes only after 200 ms. */
export function Loading({ label, children }: { label: string; children: ReactNode }) {
  const isSlow = useDelayed();
  return (
    <div role="status" aria-busy className={cn(!isSlow && "invisible")}>
      <span className="sr-only">{label}</span>
      <div aria-hidden>{children}</div>
    </div>
  );
}

/** The shape of something that comes. Give it a size. */
export function Skeleton({ className }: { className?: string }) {
  return <div className={cn("breathe rounded-control bg-line/80", className)} />;
}

interface EmptyStateProps {
  icon?: LucideIcon;
  /** A drawn picture in the icon's place. */
  art?: ReactNode;
  title: string;
  children?: ReactNode;
  /** The next step. */
  action?: ReactNode;
  className?: string;
}

/** Explains in one sentence and offers the next step. */
export function EmptyState({
  icon: Icon,
  art,
  title,
  children,
  action,
  className,
}: EmptyStateProps) {
  return (
    <div className={cn("flex flex-col items-center px-6 py-12 text-center", className)}>
      {art ??
        (Icon && (
          <span className="flex size-12 items-center justify-center rounded-card border border-line bg-surface text-ink-2">
            <Icon aria-hidden className="size-5" strokeWidth={1.75} />
          </span>
        ))}
      <p className="mt-4 font-semibold text-name">{title}</p>
      {children && <p className="mt-1 max-w-sm text-balance text-ink-2">{children}</p>}
      {action && <div className="mt-5 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

interface ErrorStateProps {
  /** What could not be done: "Your images could not be loaded". */
  title: string;
  /** Why, and that nothing is lost. */
  children?: ReactNode;
  onRetry?: () => void;
  isRetrying?: boolean;
  action?: ReactNode;
  /** Lines instead of a picture, for a card among other cards. */
  isCompact?: boolean;
  /** It is all that the page shows, so its title is the page's. */
  isPage?: boolean;
  className?: string;
}

/** Says what happened, that nothing is lost, and what to do. */
export function ErrorState({
  title,
  children,
  onRetry,
  isRetrying,
  action,
  isCompact,
  isPage,
  className,
}: ErrorStateProps) {
  const Title = isPage ? "h1" : "p";
  const ways = (
    <>
      {onRetry && (
        <Button
          icon={RotateCw}
          size={isCompact ? "sm" : "md"}
          onClick={onRetry}
          isBusy={isRetrying}
        >
          Try again
        </Button>
      )}
      {action}
    </>
  );
  if (isCompact) {
    return (
      <div role="alert" className={cn("flex gap-3", className)}>
        <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
        <div className="min-w-0">
          <p className="font-medium">{title}</p>
          {children && <p className="text-ink-2 text-small">{children}</p>}
          <div className="mt-3 flex flex-wrap gap-2">{ways}</div>
        </div>
      </div>
    );
  }
  return (
    <div
      role="alert"
      className={cn("flex flex-col items-center px-6 py-12 text-center", className)}
    >
      <span className="flex size-12 items-center justify-center rounded-card bg-bad-soft text-bad">
        <CircleAlert aria-hidden className="size-5" strokeWidth={1.75} />
      </span>
      <Title className="mt-4 font-semibold text-name">{title}</Title>
      {children && <p className="mt-1 max-w-sm text-pretty text-ink-2">{children}</p>}
      <div className="mt-5 flex flex-wrap justify-center gap-2">{ways}</div>
    </div>
  );
}
