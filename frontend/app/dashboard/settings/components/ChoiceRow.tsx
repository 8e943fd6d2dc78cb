import { useId } from "react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { Badge } from "@/components/ui/feedback";
import type { AccountChoice } from "@/lib/api/types";

/** Whether an account can be connected as it is. */
export function isPossible({ hindrance, missing_permissions }: AccountChoice): boolean {
  return hindrance === null && missing_permissions.length === 0;
}

interface ChoiceRowProps {
  choice: AccountChoice;
  isChosen: boolean;
  onToggle: () => void;
}

/** An account that a login brought, with what stands in its way. */
export function ChoiceRow({ choice, isChosen, onToggle }: ChoiceRowProps) {
  const id = useId();
  const can = isPossible(choice);
  const why = choice.hindrance ?? (can ? null : "A permission that it needs was not given.");
  return (
    <li className="py-2.5">
      <label className={`flex items-center gap-3 ${can ? "cursor-pointer" : ""}`}>
        <input
          type="checkbox"
          checked={can && isChosen}
          disabled={!can}
          onChange={onToggle}
          aria-describedby={why ? id : undefined}
          className="size-4 shrink-0 accent-(--accent)"
        />
        <ChannelMark
          platform={choice.platform}
          className={`size-8 ${can ? "" : "opacity-60 grayscale"}`}
        />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{choice.name}</span>
          <span className="block truncate text-caption text-ink-3 tabular-nums">
            {choice.platform === "facebook" ? "Page" : "Instagram"} · {choice.external_id}
          </span>
        </span>
        {choice.channel_id !== null && <Badge tone="neutral">Already connected</Badge>}
      </label>
      {why && (
        <p id={id} className="mt-1 ml-7 text-pretty text-small text-warn">
          {why}
        </p>
      )}
    </li>
  );
}
