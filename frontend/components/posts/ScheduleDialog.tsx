import { useId, useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input } from "@/components/ui/Input";
import { useBusiness } from "@/lib/business";
import { formatMinute, formatMoment } from "@/lib/format";
import { addDays, momentOf, type WallTime, wallTimeOf } from "@/lib/wallTime";

interface ScheduleDialogProps {
  isOpen: boolean;
  title: string;
  /** When it goes out as it stands; missing: it is not scheduled yet. */
  scheduledAt?: string | null | undefined;
  isBusy: boolean;
  /** Why the last try was refused, in the server's words. */
  error: Error | null;
  onClose: () => void;
  /** RFC 3339 in UTC. */
  onSchedule: (at: string) => void;
}

/** Posts can be scheduled up to a year ahead. */
const MOST_DAYS = 365;

/** When a post goes out: a date and a time as they are written in the business's zone. */
export function ScheduleDialog({
  isOpen,
  title,
  scheduledAt,
  isBusy,
  error,
  onClose,
  onSchedule,
}: ScheduleDialogProps) {
  const { name, timezone } = useBusiness();
  const formId = useId();
  const dateRef = useRef<HTMLInputElement>(null);
  const today = wallTimeOf(new Date(), timezone).date;
  const start = scheduledAt
    ? wallTimeOf(new Date(scheduledAt), timezone)
    : { date: addDays(today, 1), time: "09:00" };
  const [wall, setWall] = useState(start);
  // What is refused is one time; another one may be free.
  const [refused, setRefused] = useState<WallTime | null>(null);
  // It begins anew each time, and stays until it has closed: the keyboard goes back to where it was.
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen !== wasOpen) {
    setWasOpen(isOpen);
    if (isOpen) {
      setWall(start);
      setRefused(null);
    }
  }
  const moment = momentOf(wall, timezone);
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={title}
      size="sm"
      initialFocus={dateRef}
      footer={
        <div className="flex w-full flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={formId}
            variant="primary"
            isBusy={isBusy}
            disabled={moment === null}
            className="max-sm:flex-1"
          >
            {moment ? `Schedule for ${formatMoment(moment.toISOString(), timezone)}` : "Schedule"}
          </Button>
        </div>
      }
    >
      <form
        id={formId}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          // The dialog stands in another one, which has forms of its own.
          event.stopPropagation();
          if (!moment || isBusy) return;
          setRefused(wall);
          onSchedule(moment.toISOString());
        }}
        className="flex flex-col gap-4"
      >
        <div className="grid grid-cols-[3fr_2fr] gap-3">
          <Field label="Date">
            <Input
              ref={dateRef}
              type="date"
              value={wall.date}
              min={today}
              max={addDays(today, MOST_DAYS)}
              onChange={({ target }) => setWall({ ...wall, date: target.value })}
            />
          </Field>
          <Field label="Time">
            <Input
              type="time"
              value={wall.time}
              onChange={({ target }) => setWall({ ...wall, time: target.value })}
            />
          </Field>
        </div>
        <p>
          <span className="block text-ink-2">
            {moment ? (
              <>
                It goes out on{" "}
                <span className="font-medium text-ink">
                  {formatMinute(moment.toISOString(), timezone)}
                </span>
                .
              </>
            ) : (
              "Choose a date and a time."
            )}
          </span>
          <span className="mt-0.5 block text-ink-3 text-small">
            Times are those of {name}, in {timezone.replaceAll("_", " ")}.
          </span>
        </p>
        {error && !isBusy && refused?.date === wall.date && refused.time === wall.time && (
          <Notice tone="bad" isAlert fact="It is not scheduled for this time.">
            {error.message}
          </Notice>
        )}
      </form>
    </Dialog>
  );
}
