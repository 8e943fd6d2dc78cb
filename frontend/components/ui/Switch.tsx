import { type ReactNode, useId } from "react";
import { cn } from "./cn";

interface SwitchProps {
  label: ReactNode;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  className?: string;
}

/** Something that is on or off, and takes effect at once. Takes the colour of the text around it. */
export function Switch({ label, isOn, onChange, className }: SwitchProps) {
  const id = useId();
  return (
    <span className={cn("flex min-h-6 items-center gap-2.5", className)}>
      <span className="relative inline-flex h-5 w-9 shrink-0">
        <input
          id={id}
          type="checkbox"
          role="switch"
          checked={isOn}
          aria-checked={isOn}
          onChange={(event) => onChange(event.target.checked)}
          className="peer absolute inset-0 cursor-pointer appearance-none rounded-full border border-current transition-colors duration-150 checked:bg-current motion-reduce:transition-none"
        />
        <span
          aria-hidden
          className="pointer-events-none absolute top-1 left-1 size-3 rounded-full bg-current transition-transform duration-150 peer-checked:translate-x-4 peer-checked:bg-surface motion-reduce:transition-none"
        />
      </span>
      <label htmlFor={id} className="cursor-pointer font-medium">
        {label}
      </label>
    </span>
  );
}
