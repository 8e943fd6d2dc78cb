import { Globe } from "lucide-react";
import { useState } from "react";
import { Field } from "@/components/ui/Field";
import { TimezoneSelect } from "@/components/ui/TimezoneSelect";

interface TimezoneFieldProps {
  value: string;
  onChange: (timezone: string) => void;
}

/** Shows the guessed zone as a sentence; the long list comes only when it is wrong. */
export function TimezoneField({ value, onChange }: TimezoneFieldProps) {
  const [isOpen, setOpen] = useState(false);
  if (!isOpen) {
    return (
      <p className="flex items-center gap-2 text-ink-2 text-small">
        <Globe aria-hidden className="size-4 shrink-0 text-ink-3" />
        <span>
          Times are shown in <strong className="font-medium text-ink">{value}</strong>.{" "}
          <button type="button" onClick={() => setOpen(true)} className="link">
            Change
          </button>
        </span>
      </p>
    );
  }
  return (
    <Field label="Time zone" hint="Every time is shown in this zone.">
      <TimezoneSelect value={value} onChange={onChange} autoFocus />
    </Field>
  );
}
