import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { Select } from "@/components/ui/Input";
import { Segmented } from "@/components/ui/Segmented";
import type { Channel } from "@/lib/api/types";
import { shortName } from "./shortName";

/** As many fit side by side, on a phone as well. */
const MOST_TABS = 2;

interface PreviewOfProps {
  chosen: readonly Channel[];
  value: number;
  onChange: (channelId: number) => void;
}

/** Which of the chosen channels the preview shows. */
export function PreviewOf({ chosen, value, onChange }: PreviewOfProps) {
  if (chosen.length < 2) return null;
  if (chosen.length > MOST_TABS) {
    return (
      <Select
        label="Preview of"
        value={String(value)}
        onChange={(id) => onChange(Number(id))}
        className="min-w-0 max-w-64 flex-1 [&>select]:truncate"
      >
        {chosen.map((channel) => (
          <option key={channel.id} value={channel.id}>
            {channel.name}, {PLATFORM_NAMES[channel.platform]}
          </option>
        ))}
      </Select>
    );
  }
  return (
    <Segmented
      label="Preview of"
      value={String(value)}
      onChange={(id) => onChange(Number(id))}
      options={chosen.map((it) => ({ value: String(it.id), label: shortName(it, chosen) }))}
    />
  );
}
