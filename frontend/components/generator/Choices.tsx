import { type ReactNode, useId } from "react";
import { cn } from "@/components/ui/cn";

interface ChoicesProps<Value extends string> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: ReadonlyArray<{ value: Value; label: ReactNode; title?: string | undefined }>;
  className: string;
  itemClassName: string;
}

/** One of a few in boxes. Radio buttons underneath; violet, because this is AI's own form. */
export function Choices<Value extends string>({
  label,
  value,
  onChange,
  options,
  className,
  itemClassName,
}: ChoicesProps<Value>) {
  const name = useId();
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 font-semibold text-small">{label}</legend>
      <div className={className}>
        {options.map((option) => (
          <label
            key={option.value}
            title={option.title}
            className={cn(
              "relative flex flex-col items-center rounded-control border border-line-strong text-center transition-colors duration-150 hover:border-line-input motion-reduce:transition-none",
              "has-checked:border-ai has-checked:bg-ai-soft has-checked:inset-ring has-checked:inset-ring-ai has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2",
              itemClassName,
            )}
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="absolute inset-0 cursor-[inherit] appearance-none rounded-[inherit] outline-none"
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
