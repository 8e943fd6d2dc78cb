import { Menu, MenuItem } from "@/components/ui/Menu";
import { Moment } from "@/components/ui/Moment";
import type { GenerationList } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { type EarlierPrompt, earlierPrompts } from "./earlier";

const SHOWN = 30;

/** What was asked for before, to pick from. */
export function EarlierPrompts({
  list,
  onPick,
}: {
  list: GenerationList | undefined;
  onPick: (earlier: EarlierPrompt) => void;
}) {
  const business = useBusiness();
  const earlier = list ? earlierPrompts(list).slice(0, SHOWN) : [];
  if (earlier.length === 0) return null;
  return (
    <Menu
      align="end"
      trigger={
        <button type="button" className="link text-small">
          Earlier prompts
        </button>
      }
    >
      <div className="w-80 max-w-[calc(100vw-3rem)]">
        {earlier.map((it) => (
          <MenuItem key={it.generation.id} onSelect={() => onPick(it)}>
            <span className="size-9 shrink-0 overflow-hidden rounded-small bg-sunken">
              {it.image && (
                <img
                  src={it.image.thumbnail_url}
                  alt=""
                  loading="lazy"
                  className="size-full object-cover"
                />
              )}
            </span>
            <span className="min-w-0 flex-1">
              <span className="line-clamp-2 break-words text-small">{it.generation.prompt}</span>
              <span className="block text-caption text-ink-3">
                <Moment at={it.generation.created_at} timezone={business.timezone} isSentence />
                {ENDS[it.generation.state] && ` · ${ENDS[it.generation.state]}`}
              </span>
            </span>
          </MenuItem>
        ))}
      </div>
    </Menu>
  );
}

const ENDS: Partial<Record<EarlierPrompt["generation"]["state"], string>> = {
  queued: "waiting",
  running: "being painted",
  refused: "refused",
  failed: "no image was made",
  cancelled: "cancelled",
  unknown: "outcome unknown",
};
