import { type ReactNode, useId } from "react";
import { cn } from "./cn";

export interface SegmentedOption<Value extends string> {
  value: Value;
  label: ReactNode;
  isDisabled?: boolean;
}

interface SegmentedProps<Value extends string> {
  /** What is chosen here; spoken, not shown. */
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: ReadonlyArray<SegmentedOption<Value>>;
  className?: string;
}

/** One of a few, all in view. Radio buttons underneath, so arrow keys move the choice. */
export function Segmented<Value extends string>({
  label,
  value,
  onChange,
  options,
  className,
}: SegmentedProps<Value>) {
  const name = useId();
  return (
    <fieldset
      className={cn(
        "inline-flex min-w-0 max-w-full overflow-x-auto rounded-control bg-sunken p-0.5 [scrollbar-width:none]",
        className,
      )}
    >
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className={cn(
            "relative flex h-7.5 shrink-0 items-center gap-1.5 whitespace-nowrap rounded-small px-3 font-medium text-ink-2 hover:text-ink",
            "has-checked:bg-surface has-checked:text-ink has-checked:shadow-[0_1px_2px_var(--shadow-color)] dark:has-checked:bg-raised",
            "has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:-outline-offset-2",
            option.isDisabled && "cursor-not-allowed opacity-45",
          )}
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.isDisabled}
            onChange={() => onChange(option.value)}
            className="absolute inset-0 cursor-[inherit] appearance-none rounded-small outline-none"
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
