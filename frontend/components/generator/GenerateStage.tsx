import { Link } from "@tanstack/react-router";
import { Sparkles } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { CureButton, ErrorState, Notice } from "@/components/ui/feedback";
import type { Generation, GenerationStory, Image } from "@/lib/api/types";
import { useMayManage } from "@/lib/business";
import { formatMoney } from "@/lib/format";
import { OrderFailure } from "./OrderFailure";
import { outcomeOf, retryWords } from "./outcome";
import { Painted } from "./Painted";
import { FrameOf, Painting } from "./Painting";
import { isPracticeProvider } from "./providers";
import { useSecondsUntil } from "./useSeconds";

export interface StageDoings {
  onAgain: () => void;
  /** Back to the form, to change the words. */
  onChange: () => void;
  onVary: (words: string) => void;
  onCancel: () => void;
  onKeep: () => void;
  onUse: (image: Image) => void;
}

interface GenerateStageProps {
  /** The wish is on its way to the server. */
  isSending: boolean;
  /** It was not taken. */
  orderError: Error | null;
  orderFailedAt: number;
  /** What could not be heard of the generation. */
  storyError: Error | null;
  onRetryStory: () => void;
  story: GenerationStory | undefined;
  preview: string | undefined;
  /** The shape of what is asked for. */
  size: string;
  cancelError: Error | null;
  isCancelling: boolean;
  priceLabel: string;
  useLabel: string;
  keepLabel: string;
  doings: StageDoings;
  /** Stands there while nothing is asked for. */
  idle: ReactNode;
  className?: string | undefined;
}

/** Where the picture appears: an empty frame, the wait, the picture, or why there is none. */
export function GenerateStage({
  isSending,
  orderError,
  orderFailedAt,
  storyError,
  onRetryStory,
  story,
  preview,
  size,
  cancelError,
  isCancelling,
  priceLabel,
  useLabel,
  keepLabel,
  doings,
  idle,
  className,
}: GenerateStageProps) {
  const generation = story?.generation;
  const outcome = generation && outcomeOf(generation);
  const mayManage = useMayManage();
  return (
    <section
      aria-label="Result"
      className={cn(
        "flex min-w-0 flex-col items-center justify-center gap-4 bg-bg p-5 sm:min-h-0 sm:overflow-y-auto sm:p-8",
        className,
      )}
    >
      <p role="status" className="sr-only">
        {isSending ? "Your words are on their way" : generation ? spoken(generation, preview) : ""}
      </p>
      {isSending ? (
        <Painting size={size} since={null} words="Sending" />
      ) : orderError ? (
        <OrderFailure error={orderError} failedAt={orderFailedAt} doings={doings} />
      ) : storyError && !story ? (
        <ErrorState title="It could not be looked at" onRetry={onRetryStory}>
          {storyError.message} What is painted goes on, and comes into your library.
        </ErrorState>
      ) : generation && (generation.state === "queued" || generation.state === "running") ? (
        <>
          <Painting
            size={generation.size}
            since={generation.created_at}
            preview={preview}
            words={wordsFor(generation, isCancelling)}
            onCancel={isCancelling || generation.cancel_requested_at ? undefined : doings.onCancel}
          />
          {!isCancelling && !generation.cancel_requested_at && costOfCancelling(generation) && (
            <p className="text-balance text-center text-ink-3 text-small">
              {costOfCancelling(generation)}
            </p>
          )}
          {generation.error_detail && <Waiting generation={generation} />}
          {cancelError && (
            <Notice tone="bad" isAlert className="w-full max-w-120">
              {cancelError.message}
            </Notice>
          )}
          <p className="max-w-96 text-balance text-center text-ink-3 text-small">
            You can close this window or the page. The image will be in your library when it is
            done.
          </p>
        </>
      ) : generation && outcome ? (
        <Notice
          tone={outcome.tone}
          fact={outcome.fact}
          isAlert
          className="max-w-110"
          cure={
            outcome.next === "again" ? (
              <CureButton onPress={doings.onAgain}>Try again · {priceLabel}</CureButton>
            ) : outcome.next === "change" ? (
              <CureButton onPress={doings.onChange}>Change the prompt</CureButton>
            ) : outcome.next === "settle" && mayManage ? (
              <Link to="/dashboard/settings" hash="ai-and-spending">
                Settle what it cost
              </Link>
            ) : outcome.next === "settle" ? (
              <CureButton onPress={doings.onKeep}>Look in the library</CureButton>
            ) : undefined
          }
        >
          {outcome.words}
        </Notice>
      ) : story?.image ? (
        <Painted
          image={story.image}
          generation={story.generation}
          priceLabel={priceLabel}
          useLabel={useLabel}
          keepLabel={keepLabel}
          doings={doings}
        />
      ) : generation ? (
        <Notice tone="neutral" fact="This image has been removed since." className="max-w-110">
          It may be in the trash.
        </Notice>
      ) : (
        idle
      )}
      {!isSending &&
        (orderError || outcome || (generation?.state === "succeeded" && !story?.image)) && (
          <Button variant="ghost" onClick={doings.onChange} className="sm:hidden">
            Back to the prompt
          </Button>
        )}
    </section>
  );
}

/** Why it waits, and when it is tried again. */
function Waiting({ generation: { error_detail, retry_at } }: { generation: Generation }) {
  const left = useSecondsUntil(retry_at === null ? null : Date.parse(retry_at));
  return (
    <Notice tone="warn" fact={error_detail} className="w-full max-w-120">
      {retryWords(left)}
    </Notice>
  );
}

/** Nothing is asked for yet. */
export function EmptyStage({ size }: { size: string }) {
  return (
    <FrameOf size={size} className="border border-line-strong border-dashed bg-transparent">
      <div className="flex size-full flex-col items-center justify-center p-4 text-center">
        <span className="mb-3 flex size-12 items-center justify-center rounded-card bg-ai-soft text-ai">
          <Sparkles aria-hidden className="size-5" strokeWidth={1.75} />
        </span>
        <p className="max-w-60 text-balance text-ink-3 text-small">
          Your image appears here, and in your library.
        </p>
      </div>
    </FrameOf>
  );
}

/** What Cancel costs now; the provider bills for what it has begun, and nothing before. */
function costOfCancelling({ state, is_free, price_usd, provider }: Generation): string | null {
  if (state !== "running") return null;
  if (is_free) return "It has been begun, so it counts as a free image even if you cancel.";
  if (price_usd === null || Number(price_usd) === 0) return null;
  return `It has been begun, so cancelling still costs ${formatMoney(price_usd, isPracticeProvider(provider))}.`;
}

function wordsFor({ state, cancel_requested_at }: Generation, isCancelling: boolean): string {
  if (isCancelling || cancel_requested_at) return "Stopping";
  return state === "queued" ? "Waiting" : "Painting";
}

function spoken(generation: Generation, preview: string | undefined): string {
  switch (generation.state) {
    case "queued":
      return "Your image waits for its turn";
    case "running":
      return preview ? "A first look at your image is here" : "Painting your image";
    case "succeeded":
      return "Your image is painted";
    default:
      return "";
  }
}
