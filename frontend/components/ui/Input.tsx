import { ChevronDown, Eye, EyeOff, type LucideIcon, Search, X } from "lucide-react";
import { type ComponentProps, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { cn } from "./cn";
import { useFieldControl } from "./Field";

const CONTROL = cn(
  "w-full rounded-control border border-line-input bg-surface text-ink transition-colors duration-150 motion-reduce:transition-none",
  "hover:border-ink-3 focus-visible:border-accent focus-visible:outline-offset-0 disabled:opacity-60",
  "aria-invalid:border-bad aria-invalid:focus-visible:border-bad aria-invalid:focus-visible:outline-offset-1",
);

export interface InputProps extends ComponentProps<"input"> {
  icon?: LucideIcon;
}

/** One line of text. Inside a Field it finds its label, hint and error by itself. */
export function Input({ icon: Icon, className, ...rest }: InputProps) {
  const control = useFieldControl();
  const input = (
    <input
      {...control}
      className={cn(CONTROL, "h-control px-3", Icon && "pl-9", className)}
      {...rest}
    />
  );
  if (!Icon) return input;
  return (
    <span className="relative block w-full">
      <Icon
        aria-hidden
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-3 size-4 text-ink-3"
      />
      {input}
    </span>
  );
}

/** A password with a button that shows it. */
export function PasswordInput({ className, ...rest }: Omit<InputProps, "type" | "icon">) {
  const [isShown, setShown] = useState(false);
  return (
    <span className="relative block w-full">
      <Input type={isShown ? "text" : "password"} className={cn("pr-11", className)} {...rest} />
      <button
        type="button"
        aria-label={isShown ? "Hide password" : "Show password"}
        aria-pressed={isShown}
        onClick={() => setShown(!isShown)}
        className="-translate-y-1/2 absolute top-1/2 right-1 flex size-7 items-center justify-center rounded-small text-ink-3 hover:text-ink"
      >
        {isShown ? (
          <EyeOff aria-hidden className="size-4" />
        ) : (
          <Eye aria-hidden className="size-4" />
        )}
      </button>
    </span>
  );
}

export interface SearchInputProps extends Omit<ComponentProps<"input">, "value" | "onChange"> {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** A search box with its own clear button. Escape empties it. */
export function SearchInput({ label, value, onChange, className, ...rest }: SearchInputProps) {
  return (
    <span className={cn("relative block w-full", className)}>
      <Search
        aria-hidden
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-3 size-4 text-ink-3"
      />
      <input
        type="search"
        aria-label={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && value) {
            event.stopPropagation();
            onChange("");
          }
        }}
        className={cn(
          CONTROL,
          "h-control pr-9 pl-9 [&::-webkit-search-cancel-button]:appearance-none",
        )}
        {...rest}
      />
      {value && (
        <button
          type="button"
          aria-label="Clear the search"
          onClick={() => onChange("")}
          className="-translate-y-1/2 absolute top-1/2 right-1 flex size-7 items-center justify-center rounded-small text-ink-3 hover:text-ink"
        >
          <X aria-hidden className="size-4" />
        </button>
      )}
    </span>
  );
}

export interface TextareaProps extends ComponentProps<"textarea"> {
  /** Grows with its text up to `maxRows`. */
  maxRows?: number;
}

/** Several lines of text; grows with what is written. */
export function Textarea({
  className,
  rows = 3,
  maxRows = 14,
  value,
  ref: outerRef,
  ...rest
}: TextareaProps) {
  const control = useFieldControl();
  const ref = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle(outerRef, () => ref.current as HTMLTextAreaElement);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const area = ref.current;
    if (!area) return;
    area.style.height = "auto";
    const border = area.offsetHeight - area.clientHeight;
    area.style.height = `${Math.min(area.scrollHeight + border, maxRows * 20 + 22)}px`;
  }, [value, maxRows]);
  return (
    <textarea
      {...control}
      ref={ref}
      rows={rows}
      value={value}
      className={cn(CONTROL, "resize-none px-3 py-2", className)}
      {...rest}
    />
  );
}

export interface SelectProps extends Omit<ComponentProps<"select">, "onChange"> {
  /** Needed outside a Field. */
  label?: string;
  onChange?: (value: string) => void;
}

/** One of a list: the system's own control, which every phone and screen reader knows. */
export function Select({ label, className, onChange, children, ...rest }: SelectProps) {
  const control = useFieldControl();
  return (
    <span className={cn("relative inline-block", className)}>
      <select
        {...control}
        aria-label={label}
        onChange={(event) => onChange?.(event.target.value)}
        className={cn(
          CONTROL,
          "h-control appearance-none pr-8 pl-3 font-medium [&>option]:bg-surface",
        )}
        {...rest}
      >
        {children}
      </select>
      <ChevronDown
        aria-hidden
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-2.5 size-4 text-ink-3"
      />
    </span>
  );
}
