import { useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef, useState } from "react";
import { cn } from "@/components/ui/cn";
import { stylesQuery } from "@/lib/api/businesses";
import { ApiError, newIdempotencyKey } from "@/lib/api/client";
import {
  isUnfinished,
  recentGenerationsQuery,
  useCancelGeneration,
  useOrderImage,
} from "@/lib/api/generations";
import type { GenerationOptions, Image } from "@/lib/api/types";
import { useBusiness, useSession } from "@/lib/business";
import { keepDraftWish, readDraftWish } from "./draftWish";
import { GenerateForm } from "./GenerateForm";
import type { GenerateStart } from "./GenerateImageDialog";
import { EmptyStage, GenerateStage } from "./GenerateStage";
import { MaskPainter } from "./MaskPainter";
import { isMasked, type Mark, maskOf } from "./mask";
import { OF_THE_PROMPT } from "./OrderFailure";
import { priceOf } from "./price";
import { useSecondsUntil } from "./useSeconds";
import { useStory } from "./useStory";
import { vary } from "./variations";
import { fitWish, isSameWish, painterOf, paintersOf, type Wish, wishOf } from "./wish";

interface GeneratorProps {
  options: GenerationOptions;
  start: GenerateStart;
  promptRef: RefObject<HTMLTextAreaElement | null>;
  onClose: () => void;
  onUse: (image: Image) => void;
  useLabel: string;
  keepLabel: string;
}

interface Asked {
  wish: Wish;
  mask: string | null;
  key: string;
}

/** The form on the left, and on the right what becomes of it. */
export function Generator({
  options,
  start,
  promptRef,
  onClose,
  onUse,
  useLabel,
  keepLabel,
}: GeneratorProps) {
  const business = useBusiness();
  const { user } = useSession();
  const { source } = start;
  const sourceId = source?.id ?? null;
  const painters = paintersOf(options, source !== undefined);
  const styles = useQuery(stylesQuery(business.id));
  const recent = useQuery(recentGenerationsQuery(business.id));
  const [wish, setWish] = useState<Wish>(() => firstWish(options, start, business.id));
  const [marks, setMarks] = useState<readonly Mark[]>([]);
  const [isPart, setPart] = useState(false);
  const [maskError, setMaskError] = useState<Error | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [watchedId, setWatchedId] = useState<number | null>(start.generation ?? null);
  const order = useOrderImage(business.id);
  const cancel = useCancelGeneration(business.id);
  const { query: story, preview } = useStory(watchedId);

  // What is in the works is found again: after a reload, and when it was asked for in another tab.
  const hasLooked = useRef(start.generation !== undefined || start.prompt !== undefined);
  useEffect(() => {
    if (hasLooked.current || !recent.data) return;
    hasLooked.current = true;
    const running = recent.data.generations.find(
      (it) =>
        isUnfinished(it) &&
        it.user_id === user.id &&
        (sourceId === null ? !it.is_edit : it.source_image_id === sourceId),
    );
    if (running) setWatchedId((watched) => watched ?? running.id);
  }, [recent.data, user.id, sourceId]);

  const change = (next: Wish) => {
    setWish(next);
    keepDraftWish(business.id, sourceId, next);
    if (isOfThePrompt(order.error)) order.reset();
  };

  const ask = async (next: Wish) => {
    setMaskError(null);
    let mask: string | null = null;
    try {
      if (source && isPart && isMasked(marks)) mask = await maskOf(marks, source);
    } catch (error) {
      setMaskError(error as Error);
      return;
    }
    // Where no answer came, the same key brings the picture that may have been ordered.
    const isSame =
      asked !== null &&
      isSameWish(asked.wish, next) &&
      asked.mask === mask &&
      isUnanswered(order.error);
    const key = isSame ? asked.key : newIdempotencyKey();
    setAsked({ wish: next, mask, key });
    setWatchedId(null);
    cancel.reset();
    order.mutate(
      {
        ...next,
        prompt: next.prompt.trim(),
        idempotencyKey: key,
        ...(source && { source_image_id: source.id }),
        ...(mask && { mask }),
      },
      { onSuccess: ({ id }) => setWatchedId(id) },
    );
  };

  const generation = story.data?.generation;
  const isRunning = generation !== undefined && isUnfinished(generation);
  const shown = generation && wishOf(generation);
  const paceUntil =
    order.error instanceof ApiError && order.error.status === 429 && order.error.retryAfter
      ? order.submittedAt + order.error.retryAfter * 1_000
      : null;
  const wait = useSecondsUntil(paceUntil);
  const isOnStage =
    order.isPending ||
    watchedId !== null ||
    (order.error !== null && !isOfThePrompt(order.error)) ||
    maskError !== null;
  const price = priceOf(
    options,
    business.timezone,
    painterOf(painters, wish)?.provider.is_practice,
  );
  // At once, while what had the focus is still there; on a phone the words come into view only after that.
  const toWords = () => {
    promptRef.current?.focus();
    requestAnimationFrame(() => promptRef.current?.focus());
  };

  return (
    <div className="grid min-h-0 flex-1 overflow-y-auto sm:h-[min(calc(92dvh-3.5rem),48rem)] sm:flex-none sm:grid-cols-[22.5rem_minmax(0,1fr)] sm:grid-rows-[minmax(0,1fr)] sm:overflow-hidden">
      <GenerateForm
        options={options}
        styles={styles.data}
        painters={painters}
        wish={wish}
        onChange={change}
        onSubmit={() => void ask(wish)}
        promptRef={promptRef}
        earlier={recent.data}
        promptError={isOfThePrompt(order.error) ? order.error?.message : undefined}
        isEdit={source !== undefined}
        isBusy={order.isPending || (isRunning && shown !== undefined && isSameWish(shown, wish))}
        isAgain={
          story.data?.image !== null && shown !== undefined && isSameWish(shown, wish) && !isRunning
        }
        wait={wait}
        className={cn(
          "flex flex-col border-line sm:min-h-0 sm:border-r",
          isOnStage && "max-sm:hidden",
        )}
      />
      <GenerateStage
        isSending={order.isPending}
        orderError={maskError ?? (isOfThePrompt(order.error) ? null : order.error)}
        orderFailedAt={order.submittedAt}
        storyError={story.error}
        onRetryStory={() => void story.refetch()}
        story={story.data}
        preview={preview?.address}
        size={wish.size}
        cancelError={cancel.error}
        isCancelling={cancel.isPending}
        priceLabel={price.label}
        useLabel={useLabel}
        keepLabel={keepLabel}
        doings={{
          onAgain: () =>
            void ask(again(options, shown ?? asked?.wish ?? wish, source !== undefined)),
          onChange: () => {
            toWords();
            setWatchedId(null);
            setMaskError(null);
            order.reset();
          },
          onVary: (words) => {
            change({ ...wish, prompt: vary(shown?.prompt ?? wish.prompt, words) });
            setWatchedId(null);
            order.reset();
            toWords();
          },
          onCancel: () => watchedId !== null && cancel.mutate(watchedId),
          onKeep: onClose,
          onUse,
        }}
        idle={
          source ? (
            <MaskPainter
              image={source}
              marks={marks}
              onChange={setMarks}
              isPart={isPart}
              onPart={setPart}
              mayPaint={painterOf(painters, wish)?.model.masks ?? false}
            />
          ) : (
            <EmptyStage size={wish.size} />
          )
        }
        className={cn("max-sm:order-first", !isOnStage && !source && "max-sm:hidden")}
      />
    </div>
  );
}

function firstWish(options: GenerationOptions, start: GenerateStart, businessId: number): Wish {
  const { source } = start;
  const painters = paintersOf(options, source !== undefined);
  const kept = readDraftWish(businessId, source?.id ?? null);
  const wanted = {
    ...(source && { size: `${source.width}x${source.height}` }),
    ...kept,
    ...(start.prompt !== undefined && { prompt: start.prompt, style: start.style ?? null }),
  };
  const painter = painterOf(painters, wanted);
  if (!painter) throw new Error("The form is shown where somebody can paint.");
  return fitWish(painter, options.styles, wanted);
}

/** The same wish once more; where its model has gone, with the one in its place. */
function again(options: GenerationOptions, wish: Wish, isEdit: boolean): Wish {
  const painter = painterOf(paintersOf(options, isEdit), wish);
  return painter ? fitWish(painter, options.styles, wish) : wish;
}

function isOfThePrompt(error: Error | null): boolean {
  return error instanceof ApiError && OF_THE_PROMPT.includes(error.code);
}

function isUnanswered(error: Error | null): boolean {
  return error instanceof ApiError && (error.isNetwork || error.code === "in_progress");
}
