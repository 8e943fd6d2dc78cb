import type { ReactNode } from "react";
import { cn } from "./cn";

interface CardProps {
  /** A heading makes the card a named region. */
  title?: ReactNode;
  titleId?: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  isFlush?: boolean;
}

/** A bordered panel, with an optional title row. */
export function Card({ title, titleId, aside, children, className, isFlush }: CardProps) {
  return (
    <section
      aria-labelledby={titleId}
      className={cn("rounded-card border border-line bg-surface", className)}
    >
      {title && (
        <header className="flex min-h-12 items-center justify-between gap-3 px-5 pt-2">
          <h2 id={titleId} className="font-semibold text-name">
            {title}
          </h2>
          {aside}
        </header>
      )}
      <div className={cn(!isFlush && "px-5 pb-5", !isFlush && !title && "pt-5")}>{children}</div>
    </section>
  );
}

/** The first letters of a name on a quiet disc. */
export function Avatar({ name, className }: { name: string; className?: string }) {
  const initials = name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => Array.from(word)[0]?.toLocaleUpperCase() ?? "")
    .join("");
  return (
    <span
      aria-hidden
      className={cn(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-full bg-sunken font-semibold text-caption text-ink-2",
        className,
      )}
    >
      {initials}
    </span>
  );
}

/** A key as printed on the keyboard. */
export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded-[5px] border border-line-strong bg-surface px-1 font-medium font-sans text-caption text-ink-2">
      {children}
    </kbd>
  );
}
