import { knownTimezones } from "@/lib/timezones";
import { Select } from "./Input";

interface TimezoneSelectProps {
  value: string;
  onChange: (timezone: string) => void;
  autoFocus?: boolean;
}

/** Every zone that the browser knows, and the one that is set. */
export function TimezoneSelect({ value, onChange, autoFocus }: TimezoneSelectProps) {
  const zones = knownTimezones();
  return (
    <Select value={value} onChange={onChange} className="w-full" autoFocus={autoFocus}>
      {!zones.includes(value) && <option value={value}>{value}</option>}
      {zones.map((zone) => (
        <option key={zone} value={zone}>
          {zone.replaceAll("_", " ")}
        </option>
      ))}
    </Select>
  );
}
