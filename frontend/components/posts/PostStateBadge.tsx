import {
  CalendarClock,
  CircleAlert,
  CircleCheck,
  CircleHelp,
  Hand,
  LoaderCircle,
  type LucideIcon,
  PencilLine,
  X,
} from "lucide-react";
import { cn } from "@/components/ui/cn";
import { Badge, type Tone } from "@/components/ui/feedback";
import type { PostState } from "@/lib/api/types";

const STATES: Record<PostState, { words: string; tone: Tone; icon: LucideIcon }> = {
  draft: { words: "Draft", tone: "neutral", icon: PencilLine },
  scheduled: { words: "Scheduled", tone: "accent", icon: CalendarClock },
  publishing: { words: "Publishing", tone: "accent", icon: LoaderCircle },
  published: { words: "Published", tone: "ok", icon: CircleCheck },
  failed: { words: "Failed", tone: "bad", icon: CircleAlert },
  unconfirmed: { words: "Needs a look", tone: "warn", icon: CircleHelp },
  cancelled: { words: "Cancelled", tone: "neutral", icon: X },
};

/** The state of a post or of one publication, in the house's words. */
export function PostStateBadge({
  state,
  isHeld = false,
}: {
  state: PostState;
  /** It is kept back for a while: nothing of it moves. */
  isHeld?: boolean;
}) {
  if (isHeld) {
    return (
      <Badge tone="warn" icon={Hand}>
        Held back
      </Badge>
    );
  }
  const { words, tone, icon } = STATES[state];
  return (
    <Badge
      tone={tone}
      icon={icon}
      className={cn(
        state === "publishing" && "[&>svg]:animate-spin motion-reduce:[&>svg]:animate-none",
      )}
    >
      {words}
    </Badge>
  );
}
