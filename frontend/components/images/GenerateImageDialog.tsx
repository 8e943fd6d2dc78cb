import { useQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { Dialog } from "@/components/ui/Dialog";
import { ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { toast } from "@/components/ui/Toast";
import { ApiError, newIdempotencyKey } from "@/lib/api/client";
import { generationOptionsQuery, useGenerateImage } from "@/lib/api/generations";
import type { Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { GenerateForm, type GenerateStart, type GenerateWish } from "./GenerateForm";
import { GenerateStage } from "./GenerateStage";

export interface GenerateImageDialogProps {
  isOpen: boolean;
  onClose: () => void;
  /** The person wants the new image in a post. Close the dialog there. */
  onUse: (image: Image) => void;
  /** What the form begins with, in the place of what was written last. */
  wish?: GenerateStart | undefined;
  /** Says what `onUse` does; "Add to the post" inside of one. */
  useLabel?: string;
}

/**
 * Words in, picture out. Every finished picture is in the library already; closing the dialog while
 * one is being painted does not stop it. Keep it mounted while closed: it remembers what was written.
 */
export function GenerateImageDialog({
  isOpen,
  onClose,
  onUse,
  wish,
  useLabel = "Use in a post",
}: GenerateImageDialogProps) {
  const business = useBusiness();
  const options = useQuery({ ...generationOptionsQuery(business.id), enabled: isOpen });
  const [asked, setAsked] = useState<{ wish: GenerateWish; at: number; key: string } | null>(null);
  const promptRef = useRef<HTMLTextAreaElement>(null);

  const isWatched = useRef(isOpen);
  useEffect(() => {
    isWatched.current = isOpen;
    return () => {
      isWatched.current = false;
    };
  }, [isOpen]);

  const generation = useGenerateImage(business.id, {
    onPainted: (image) => {
      if (isWatched.current) return;
      toast({
        title: "Your image is painted",
        description: "It is in your library.",
        action: { label: useLabel, onPress: () => onUse(image) },
      });
    },
    onFailed: (error) => {
      if (isWatched.current) return;
      toast({ title: "No image was made", description: error.message, tone: "bad" });
    },
  });

  const generate = (wish: GenerateWish) => {
    // Where no answer came, the same key brings the picture that may have been made.
    const isSame = asked && JSON.stringify(asked.wish) === JSON.stringify(wish);
    const key = isSame && isUnanswered(generation.error) ? asked.key : newIdempotencyKey();
    setAsked({ wish, at: Date.now(), key });
    generation.mutate({ ...wish, idempotencyKey: key });
  };

  // A dialog opened again begins with the form, not with yesterday's picture.
  const forget = useEffectEvent(() => {
    if (!generation.isPending) generation.reset();
  });
  useEffect(() => {
    if (!isOpen) forget();
  }, [isOpen]);

  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title="Generate an image"
      size="lg"
      isFlush
      initialFocus={promptRef}
    >
      {options.isError ? (
        <ErrorState
          title="The generator could not be opened"
          onRetry={() => options.refetch()}
          isRetrying={options.isFetching}
        >
          {options.error.message}
        </ErrorState>
      ) : options.isPending ? (
        <Loading label="Loading the generator">
          <div className="flex flex-col gap-4 p-5 sm:w-85">
            <Skeleton className="h-24" />
            <Skeleton className="h-20" />
            <Skeleton className="h-9 w-40" />
          </div>
        </Loading>
      ) : (
        <div className="grid min-h-0 flex-1 overflow-y-auto sm:grid-cols-[21.25rem_minmax(0,1fr)] sm:overflow-hidden">
          <GenerateForm
            businessId={business.id}
            options={options.data}
            start={wish}
            promptRef={promptRef}
            isBusy={generation.isPending}
            hasResult={generation.isSuccess}
            onGenerate={generate}
          />
          <GenerateStage
            state={generation}
            asked={asked}
            onAgain={() => asked && generate(asked.wish)}
            onEdit={() => {
              generation.reset();
              requestAnimationFrame(() => promptRef.current?.focus());
            }}
            onKeep={onClose}
            onUse={onUse}
            useLabel={useLabel}
          />
        </div>
      )}
    </Dialog>
  );
}

function isUnanswered(error: unknown): boolean {
  return error instanceof ApiError && (error.isNetwork || error.code === "in_progress");
}
