import { Link } from "@tanstack/react-router";
import { ChevronDown, ExternalLink, Hand, RotateCw, Search } from "lucide-react";
import { useId, useState } from "react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { placeName, placeTitle } from "@/components/channels/placeName";
import { Button, ButtonAnchor } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { Notice } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import { toast } from "@/components/ui/Toast";
import { isLookedUpNow, usePublicationStep } from "@/lib/api/posts";
import type { Publication, PublicationState } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { ChannelLink, useChannelCure } from "./ChannelLink";
import { PostStateBadge } from "./PostStateBadge";
import { PublicationHistory } from "./PublicationHistory";
import { PublicationSteps } from "./PublicationSteps";
import { publicationWords } from "./publicationWords";
import { SettleDialog } from "./SettleDialog";
import { useNewsOfChannel } from "./useNewsOfChannel";

interface PublicationRowProps {
  publication: Publication;
  timezone: string;
  /** Of the post, where it is scheduled and nothing else says when. */
  scheduledAt?: string | null | undefined;
  /** Its steps are on show from the start, and what they do not tell as it happens. */
  isFollowed?: boolean;
  /** The history is on show from the start, with its times. */
  isOpenAtFirst?: boolean;
  /** The person may send and look again. */
  mayAct?: boolean;
  /** Runs when a next step has begun. */
  onStep?: () => void;
}

const TONES: Partial<Record<PublicationState, string>> = {
  failed: "text-bad",
  unconfirmed: "text-warn",
};

/** What happens to every publication, and what its steps tell already. */
const ORDINARY: ReadonlySet<string> = new Set([
  "scheduled",
  "started",
  "prepared",
  "platform_slow",
  "published",
]);

/** Nothing has begun, or nothing will: there are no steps to follow. */
const IDLE: ReadonlySet<PublicationState> = new Set(["scheduled", "cancelled"]);

/** One post on one channel: where it stands, why, and the next step as a button. */
export function PublicationRow({
  publication,
  timezone,
  scheduledAt,
  isFollowed = false,
  isOpenAtFirst = false,
  mayAct = true,
  onStep,
}: PublicationRowProps) {
  const [isOpen, setOpen] = useState(isFollowed || isOpenAtFirst);
  const historyId = useId();
  useNewsOfChannel(`${publication.state} ${publication.held_until ?? ""}`);
  const cure = useChannelCure(publication);
  const { state, channel_name: name, history, published_at, permalink, held_until } = publication;
  const { error, history_total } = publication;
  const { detail } = publicationWords(publication);
  const isSmooth = isFollowed && history.every(({ code }) => ORDINARY.has(code));
  const at = state === "published" ? published_at : state === "scheduled" ? scheduledAt : null;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <ChannelMark platform={publication.platform} className="size-7" />
        <p className="min-w-0 flex-1 basis-28">
          <span className="block truncate font-medium">{name}</span>
          <span className="block text-caption text-ink-3">
            {placeTitle(publication)}
            {at && !isFollowed && (
              <>
                <span className="max-sm:hidden"> · </span>
                <span className="max-sm:block max-sm:first-letter:uppercase">
                  <Moment at={at} timezone={timezone} />
                </span>
              </>
            )}
          </span>
        </p>
        <PostStateBadge state={state} isHeld={Boolean(held_until)} />
        <span className="flex flex-wrap items-center gap-x-1 gap-y-2 empty:hidden max-sm:w-full max-sm:justify-between">
          {permalink && state === "published" && (
            <ButtonAnchor
              href={permalink}
              target="_blank"
              rel="noreferrer"
              size="sm"
              icon={ExternalLink}
            >
              See it on {placeName(publication)}
            </ButtonAnchor>
          )}
          {mayAct && <NextStep publication={publication} onStep={onStep} />}
          {!isFollowed && history.length > 0 && (
            <Button
              variant="ghost"
              size="sm"
              aria-expanded={isOpen}
              aria-controls={historyId}
              onClick={() => setOpen(!isOpen)}
            >
              History
              <ChevronDown
                aria-hidden
                className={cn(
                  "-mr-1 size-4 transition-transform duration-150 motion-reduce:transition-none",
                  isOpen && "rotate-180",
                )}
              />
              <span className="sr-only"> of {name}</span>
            </Button>
          )}
        </span>
      </div>
      {held_until && (
        <Notice tone="warn" icon={Hand} fact="Held back for now." className="sm:ml-10">
          {holdReason(publication)} It does not go out before{" "}
          <Moment at={held_until} timezone={timezone} />.
        </Notice>
      )}
      {state === "scheduled" && error && (
        <Notice
          tone="warn"
          fact="This will not go out as it is."
          className="sm:ml-10"
          cure={
            error.code === "channel_not_connected" && (
              <Link to="/dashboard/settings" hash="channels">
                {cure ?? "See the channel"}
              </Link>
            )
          }
        >
          {error.detail}
        </Notice>
      )}
      {detail && state !== "scheduled" && !held_until && (!isOpen || state === "unconfirmed") && (
        <p
          // What a look found comes without a press, and is spoken.
          role={state === "unconfirmed" ? "status" : undefined}
          className={cn("text-small sm:pl-10", TONES[state] ?? "text-ink-2", isOpen && "sr-only")}
        >
          {detail}
        </p>
      )}
      <div id={historyId} hidden={!isOpen} className="pt-1 empty:hidden sm:pl-10">
        {isOpen && publication.steps.length > 0 && !IDLE.has(state) && (
          <div className={cn(!isSmooth && "pb-3")}>
            <PublicationSteps publication={publication} />
          </div>
        )}
        {isOpen && history_total > history.length && (
          <p className="pb-2 text-caption text-ink-3">
            {plural(history_total - history.length, "earlier line")} on the post's own page.
          </p>
        )}
        {isOpen && !isSmooth && (
          <div className="pl-1">
            <PublicationHistory
              events={history}
              timezone={timezone}
              hasTimes={!isFollowed}
              lastTone={TONES[state]}
            />
          </div>
        )}
      </div>
    </div>
  );
}

/** The history tells why. */
function holdReason({ history, error }: Publication): string {
  return error?.detail ?? history.at(-1)?.message ?? "";
}

/** What a person can do about it now. */
function NextStep({ publication, onStep }: Pick<PublicationRowProps, "publication" | "onStep">) {
  const { id, state } = publication;
  const [isSettling, setSettling] = useState(false);
  const step = usePublicationStep();
  const take = (kind: "retry" | "confirm") =>
    step.mutate(
      { id, step: kind },
      {
        onSuccess: onStep,
        onError: (error) =>
          toast({ tone: "bad", title: "That did not work", description: error.message }),
      },
    );
  if (state === "failed") {
    return (
      <>
        <ChannelLink publication={publication} />
        <Button size="sm" icon={RotateCw} isBusy={step.isPending} onClick={() => take("retry")}>
          Try again
        </Button>
      </>
    );
  }
  if (state === "unconfirmed") {
    const isLooking = step.isPending || isLookedUpNow(publication);
    return (
      <>
        <Button size="sm" icon={Search} isBusy={isLooking} onClick={() => take("confirm")}>
          {isLooking ? "Looking" : "Look again"}
        </Button>
        {publication.can_confirm && (
          <>
            <Button variant="ghost" size="sm" onClick={() => setSettling(true)}>
              I looked myself
            </Button>
            <SettleDialog
              publication={publication}
              isOpen={isSettling}
              onClose={() => setSettling(false)}
              onSettled={onStep}
            />
          </>
        )}
      </>
    );
  }
  return null;
}
