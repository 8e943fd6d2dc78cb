import { CalendarClock } from "lucide-react";
import { useState } from "react";
import { placeName } from "@/components/channels/placeName";
import { ScheduleDialog } from "@/components/posts/ScheduleDialog";
import { Button } from "@/components/ui/Button";
import type { Channel } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { ModalFooter } from "./Panes";
import type { Problem } from "./rules";
import type { Writing } from "./useWriting";

interface WriteFooterProps {
  writing: Writing;
  chosen: readonly Channel[];
  problems: readonly Problem[];
  isUploading: boolean;
  isViewer: boolean;
}

/** Save, schedule, or send: the one primary action says exactly what will happen. */
export function WriteFooter({
  writing,
  chosen,
  problems,
  isUploading,
  isViewer,
}: WriteFooterProps) {
  const { draft, save, publish, schedule, isBusy, canSave } = writing;
  const [isChoosing, setChoosing] = useState(false);
  const reason = isViewer ? null : reasonToWait(chosen, problems, isUploading);
  // A day that is full is a reason for another one.
  const later = problems.filter(({ code }) => code !== "quota_reached");
  const isSchedulable = !isViewer && reasonToWait(chosen, later, isUploading) === null;
  return (
    <ModalFooter>
      <Button
        onClick={() => save.mutate(draft)}
        isBusy={save.isPending}
        disabled={!canSave || isViewer || writing.isSending}
        className="max-sm:flex-1"
      >
        Save draft
      </Button>
      {reason && (
        <p
          id="publish-reason"
          className="ml-auto text-ink-3 text-small max-sm:order-first max-sm:w-full max-sm:text-center"
        >
          {reason}
        </p>
      )}
      <Button
        icon={CalendarClock}
        onClick={() => {
          schedule.reset();
          setChoosing(true);
        }}
        disabled={!isSchedulable || isBusy}
        aria-describedby={reason ? "publish-reason" : undefined}
        aria-haspopup="dialog"
        className={reason ? "max-sm:flex-1" : "max-sm:flex-1 sm:ml-auto"}
      >
        Schedule…
      </Button>
      <Button
        variant="primary"
        onClick={() => publish.mutate(draft)}
        isBusy={publish.isPending}
        disabled={reason !== null || isViewer || (isBusy && !publish.isPending)}
        aria-describedby={reason ? "publish-reason" : undefined}
        className="max-sm:w-full"
      >
        {publishLabel(chosen)}
      </Button>
      <ScheduleDialog
        isOpen={isChoosing}
        title="Schedule this post"
        isBusy={schedule.isPending}
        error={schedule.error}
        onClose={() => setChoosing(false)}
        onSchedule={(at) => schedule.mutate({ draft, at })}
      />
    </ModalFooter>
  );
}

function publishLabel(chosen: readonly Channel[]): string {
  const [only] = chosen;
  if (!only) return "Publish";
  return chosen.length === 1
    ? `Publish to ${placeName(only)}`
    : `Publish to ${plural(chosen.length, "channel")}`;
}

/** Why it cannot go out yet, in a few words; the whole story stands beside each field. */
function reasonToWait(
  chosen: readonly Channel[],
  problems: readonly Problem[],
  isUploading: boolean,
): string | null {
  if (!chosen.length) return "Choose where it goes";
  if (isUploading) return "An image is on its way";
  const blocking = problems.filter(({ isBlocking }) => isBlocking);
  if (blocking.some(({ code }) => code.endsWith("_requires_image"))) return "An image is missing";
  if (blocking.every(({ code }) => code === "post_empty")) {
    return blocking.length ? "Write a text or add an image" : null;
  }
  return `${plural(blocking.length, "thing")} to fix first`;
}
