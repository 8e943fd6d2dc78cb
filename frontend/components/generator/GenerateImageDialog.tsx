import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { Dialog } from "@/components/ui/Dialog";
import { ErrorState, Loading, Notice, Skeleton } from "@/components/ui/feedback";
import { generationOptionsQuery } from "@/lib/api/generations";
import type { GenerationOptions, Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { Generator } from "./Generator";
import { paintersOf, type WishStart } from "./wish";

/** What the generator begins with. */
export interface GenerateStart extends Pick<WishStart, "prompt" | "style"> {
  /** The image that is to be changed. */
  source?: Image | undefined;
  /** One that was asked for before: shows it. */
  generation?: number | undefined;
}

export interface GenerateImageDialogProps {
  isOpen: boolean;
  onClose: () => void;
  /** The person wants the new image in a post. Close the dialog there. */
  onUse: (image: Image) => void;
  /** In the place of what was written last. */
  start?: GenerateStart | undefined;
  /** Says what `onUse` does; "Add to the post" inside of one. */
  useLabel?: string;
  keepLabel?: string;
}

/**
 * Words in, picture out. What was asked for goes on without this dialog, without this page and without
 * this browser; opened again it shows what is in the works.
 */
export function GenerateImageDialog({
  isOpen,
  onClose,
  onUse,
  start = {},
  useLabel = "Use in a post",
  keepLabel = "Keep in library",
}: GenerateImageDialogProps) {
  const business = useBusiness();
  const options = useQuery({ ...generationOptionsQuery(business.id), enabled: isOpen });
  const promptRef = useRef<HTMLTextAreaElement>(null);
  const { source } = start;
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={source ? "Edit with AI" : "Generate an image"}
      titleAside={source?.original_filename}
      size="xl"
      isFlush
      initialFocus={promptRef}
    >
      {options.isPending ? (
        <GeneratorShape />
      ) : options.isError && !options.data ? (
        <ErrorState
          title="The generator could not be opened"
          onRetry={() => options.refetch()}
          isRetrying={options.isFetching}
        >
          {options.error.message} Nothing is lost.
        </ErrorState>
      ) : paintersOf(options.data, source !== undefined).length === 0 ? (
        <NobodyPaints options={options.data} />
      ) : (
        <Generator
          key={`${business.id}-${source?.id ?? ""}-${start.generation ?? ""}`}
          options={options.data}
          start={start}
          promptRef={promptRef}
          onClose={onClose}
          onUse={onUse}
          useLabel={useLabel}
          keepLabel={keepLabel}
        />
      )}
    </Dialog>
  );
}

function NobodyPaints({ options }: { options: GenerationOptions }) {
  const hasAny = options.providers.some(({ models }) => models.length > 0);
  return (
    <div className="p-5">
      {hasAny ? (
        <Notice tone="warn" fact="No model that is set up here can change images.">
          Whoever runs this server can set one up. Your image is as it was.
        </Notice>
      ) : (
        <Notice tone="warn" fact="No AI image provider is set up on this server.">
          Whoever runs it can set one up. Until then, upload pictures of your own.
        </Notice>
      )}
    </div>
  );
}

function GeneratorShape() {
  return (
    <Loading label="Loading the generator">
      <div className="grid h-[min(80dvh,46rem)] sm:grid-cols-[22.5rem_minmax(0,1fr)]">
        <div className="flex flex-col gap-5 border-line p-5 sm:border-r">
          <Skeleton className="h-28" />
          <Skeleton className="h-44" />
          <Skeleton className="h-20" />
          <Skeleton className="h-9 w-40" />
        </div>
        <div className="hidden items-center justify-center bg-bg sm:flex">
          <Skeleton className="size-80" />
        </div>
      </div>
    </Loading>
  );
}
