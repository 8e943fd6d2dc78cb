import { CalendarClock, PencilLine, Send } from "lucide-react";
import { useState } from "react";
import { placeName } from "@/components/channels/placeName";
import { ScheduleDialog } from "@/components/posts/ScheduleDialog";
import { listed } from "@/components/publish/progress";
import { useComposer } from "@/components/publish/useComposer";
import { Button } from "@/components/ui/Button";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { Moment } from "@/components/ui/Moment";
import { toast } from "@/components/ui/Toast";
import { newIdempotencyKey } from "@/lib/api/client";
import { type ScheduledStep, useScheduledStep } from "@/lib/api/posts";
import type { PostSummary } from "@/lib/api/types";
import { formatMoment } from "@/lib/format";

interface ScheduledBarProps {
  post: PostSummary & { scheduled_at: string };
  timezone: string;
  mayAct: boolean;
}

/** When a scheduled post goes out, and the three ways to have it otherwise. */
export function ScheduledBar({ post, timezone, mayAct }: ScheduledBarProps) {
  const composer = useComposer();
  const step = useScheduledStep();
  const [asking, setAsking] = useState<"time" | "now" | null>(null);
  const [publishKey] = useState(newIdempotencyKey);
  const { id: postId, scheduled_at: at } = post;
  const isTaking = (kind: ScheduledStep["step"]) => step.isPending && step.variables?.step === kind;
  // Followed here and not by the mutation's own callbacks: what happens takes this bar away, and them with it.
  const take = (asked: ScheduledStep, told: () => void) =>
    void step.mutateAsync(asked).then(
      () => {
        setAsking(null);
        told();
      },
      (error: Error) => {
        if (asked.step === "schedule") return;
        setAsking(null);
        toast({ tone: "bad", title: "Nothing was changed", description: error.message });
      },
    );
  const places = listed([...new Set(post.publications.map(placeName))]);
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-line border-t px-4 py-2.5">
      <p className="flex min-w-0 flex-1 basis-56 items-center gap-2">
        <CalendarClock aria-hidden className="size-4 shrink-0 text-accent" />
        <span>
          Goes out{" "}
          <span className="font-medium">
            <Moment at={at} timezone={timezone} />
          </span>
          <span className="text-ink-3">, {timezone.replaceAll("_", " ")}</span>
        </span>
      </p>
      {mayAct && (
        <span className="flex flex-wrap gap-2 max-sm:grid max-sm:w-full max-sm:grid-cols-2 max-sm:[&>:first-child]:col-span-2">
          <Button
            size="sm"
            icon={CalendarClock}
            aria-haspopup="dialog"
            onClick={() => {
              step.reset();
              setAsking("time");
            }}
          >
            Change the time
          </Button>
          <Button size="sm" icon={Send} aria-haspopup="dialog" onClick={() => setAsking("now")}>
            Publish now
          </Button>
          <Button
            size="sm"
            icon={PencilLine}
            isBusy={isTaking("unschedule")}
            onClick={() =>
              take({ step: "unschedule", postId }, () =>
                toast({
                  about: `post-${postId}`,
                  title: "It is a draft again",
                  description: "It does not go out until you publish or schedule it.",
                  action: { label: "Edit draft", onPress: () => composer.openDraft(postId) },
                }),
              )
            }
          >
            Back to draft
          </Button>
        </span>
      )}
      <ScheduleDialog
        isOpen={asking === "time"}
        title="Change the time"
        scheduledAt={at}
        isBusy={isTaking("schedule")}
        error={step.error}
        onClose={() => setAsking(null)}
        onSchedule={(to) =>
          take({ step: "schedule", postId, at: to }, () =>
            toast({
              about: `post-${postId}`,
              title: `Scheduled for ${formatMoment(to, timezone)}`,
            }),
          )
        }
      />
      <ConfirmDialog
        isOpen={asking === "now"}
        onClose={() => setAsking(null)}
        onConfirm={() =>
          take({ step: "publish", postId, key: publishKey }, () =>
            toast({ about: `post-${postId}`, title: "It is on its way" }),
          )
        }
        title="Publish this post now?"
        confirmLabel="Publish now"
        variant="primary"
        isBusy={isTaking("publish")}
      >
        It goes out to {places} at once, and not <Moment at={at} timezone={timezone} />.
      </ConfirmDialog>
    </div>
  );
}
