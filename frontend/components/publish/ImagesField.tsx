import { Crop, Images, ImageUp, type LucideIcon, Sparkles, UserRound } from "lucide-react";
import { lazy, type Ref, Suspense, useId, useState } from "react";
import { refusalWords } from "@/components/images/uploadWords";
import type { Uploads } from "@/components/images/useUploads";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { CureButton, Notice } from "@/components/ui/feedback";
import type { Channel, ChannelCheck } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { AiLabelField } from "./AiLabelField";
import { AltTextField } from "./AltTextField";
import type { Draft, DraftAction } from "./draft";
import { framesOf, placementFor } from "./framing";
import type { EditorPart } from "./ImageEditor";
import { ImageStrip } from "./ImageStrip";
import { ProblemNotices } from "./ProblemNotices";
import { maxImages, needsImage, type Problem } from "./rules";
import { ShowWhole } from "./ShowWhole";

const ImageEditor = lazy(() => import("./ImageEditor"));

interface ImagesFieldProps {
  draft: Draft;
  /** The files that would be sent, as far as they are made. */
  checks: readonly ChannelCheck[];
  chosen: readonly Channel[];
  problems: readonly Problem[];
  uploads: Uploads;
  /** Files hang over the page. */
  isOver: boolean;
  dispatch: (action: DraftAction) => void;
  onChoose: () => void;
  onUpload: () => void;
  onGenerate: () => void;
  /** The business has AI-made images labelled. */
  labelsAi: boolean;
  /** The image that is worked on; the first one where it is not in the post. */
  selectedId: number | null;
  onSelect: (imageId: number) => void;
  /** Has the post looked at once more. */
  onLookAgain: () => void;
  chooseRef: Ref<HTMLButtonElement>;
}

/** The images of the post, three ways to add one, and what the platforms say of them. */
export function ImagesField(props: ImagesFieldProps) {
  const { draft, checks, chosen, problems, uploads, dispatch, selectedId, onSelect } = props;
  const { images } = draft;
  const titleId = useId();
  const [said, say] = useState("");
  const [edited, setEdited] = useState<{ imageId: number; part: EditorPart } | null>(null);
  const selected = images.find(({ imageId }) => imageId === selectedId) ?? images[0];
  const editedImage = images.find(({ imageId }) => imageId === edited?.imageId);
  const tagging = chosen.find(
    ({ rules }) => placementFor(rules, images.length)?.takes_user_tags === true,
  );
  const edit = (imageId: number, part: EditorPart) => {
    onSelect(imageId);
    setEdited({ imageId, part });
  };
  const max = maxImages(chosen);
  const pending = uploads.uploads.filter(({ state }) => state !== "done" && state !== "failed");
  const refused = uploads.uploads.filter(({ state }) => state === "failed");

  const move = (imageId: number, to: number) => {
    const place = Math.max(0, Math.min(to, images.length - 1));
    dispatch({ type: "moveImage", imageId, to: place });
    onSelect(imageId);
    say(`Moved to place ${place + 1} of ${images.length}.`);
  };
  const remove = (imageId: number) => {
    const name = images.find((image) => image.imageId === imageId)?.name;
    dispatch({ type: "removeImage", imageId });
    say(`${name} is taken out of the post. It stays in your library.`);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a legend cannot stand in line with the facts beside it
    <div role="group" aria-labelledby={titleId} className="flex flex-col gap-2">
      <p className="flex items-baseline gap-1.5 text-small">
        <span id={titleId} className="font-semibold">
          Images{" "}
          {needsImage(chosen) && (
            <span className="text-bad">
              <span aria-hidden>*</span>
              <span className="sr-only">(required)</span>
            </span>
          )}
        </span>
        <span className="text-ink-3 tabular-nums">{facts(images.length, max)}</span>
      </p>
      {(images.length > 0 || pending.length > 0) && (
        <div className={cn("flex flex-col gap-3", images.length === 1 && "sm:flex-row")}>
          <ImageStrip
            images={images}
            max={max}
            selectedId={selected?.imageId ?? null}
            uploads={pending}
            onSelect={onSelect}
            onMove={move}
            onRemove={remove}
            onCancelUpload={uploads.cancel}
          />
          {selected && (
            <div className="flex min-w-0 flex-1 flex-col gap-1.5">
              <AltTextField
                key={selected.imageId}
                image={selected}
                place={images.indexOf(selected)}
                count={images.length}
                limit={altLimit(chosen)}
                onChange={(altText) =>
                  dispatch({ type: "describe", imageId: selected.imageId, altText })
                }
                onMove={(to) => move(selected.imageId, to)}
              />
              <p className="-ml-2.5 flex flex-wrap">
                <Button
                  variant="ghost"
                  size="sm"
                  icon={Crop}
                  onClick={() => edit(selected.imageId, "shape")}
                >
                  What stays visible
                </Button>
                {(tagging || selected.userTags.length > 0) && (
                  <Button
                    variant="ghost"
                    size="sm"
                    icon={UserRound}
                    onClick={() => edit(selected.imageId, "people")}
                  >
                    {selected.userTags.length
                      ? `${plural(selected.userTags.length, "account")} marked`
                      : "Mark accounts"}
                  </Button>
                )}
              </p>
            </div>
          )}
        </div>
      )}
      <div className="relative grid grid-cols-3 gap-2">
        {props.isOver && (
          <p className="absolute inset-0 z-10 flex items-center justify-center gap-2 rounded-control border border-accent border-dashed bg-accent-soft font-medium text-accent">
            <ImageUp aria-hidden className="size-4" />
            Let go to upload
          </p>
        )}
        <WayButton icon={Images} onPress={props.onChoose} ref={props.chooseRef}>
          Choose from Library
        </WayButton>
        <WayButton icon={ImageUp} onPress={props.onUpload}>
          Upload New
        </WayButton>
        <WayButton icon={Sparkles} onPress={props.onGenerate} isAi>
          Generate with AI
        </WayButton>
      </div>
      {refused.map((upload) => (
        <Notice
          key={upload.id}
          tone="bad"
          isAlert
          fact={`${upload.file.name || "The pasted picture"} was not taken.`}
          cure={
            <>
              {upload.mayResize && (
                <>
                  <CureButton onPress={() => uploads.resize(upload.id)}>
                    Resize to fit and upload
                  </CureButton>{" "}
                </>
              )}
              {upload.mayRetry && (
                <>
                  <CureButton onPress={() => uploads.retry(upload.id)}>Try again</CureButton>{" "}
                </>
              )}
              <CureButton onPress={() => uploads.cancel(upload.id)}>Close this message</CureButton>
            </>
          }
        >
          {refusalWords(upload)}
        </Notice>
      ))}
      <ProblemNotices
        problems={problems}
        subjectOf={({ imageId, code }) => {
          const place = images.findIndex((image) => image.imageId === imageId);
          const isNamed = code === "image_in_trash";
          return images.length > 1 && place >= 0 && !isNamed ? `Image ${place + 1}` : null;
        }}
        cureFor={({ code, imageId }) => {
          if (code === "too_many_images" && max && images.length > max) {
            return (
              <CureButton onPress={() => dispatch({ type: "keepFirst", count: max })}>
                {max === 1 ? "Keep the first" : `Keep the first ${max}`}
              </CureButton>
            );
          }
          if (code === "image_in_trash" && imageId !== null) {
            return <CureButton onPress={() => remove(imageId)}>Take it out</CureButton>;
          }
          if (code === "image_cropped" && imageId !== null) {
            return (
              <>
                <CureButton onPress={() => edit(imageId, "shape")}>
                  Choose what stays visible
                </CureButton>{" "}
                <ShowWhole imageId={imageId} dispatch={dispatch} />
              </>
            );
          }
          if (code === "too_many_user_tags" || code === "user_tag_not_supported") {
            return (
              <CureButton onPress={() => dispatch({ type: "untagAll" })}>
                Take the marks out
              </CureButton>
            );
          }
          if (code.startsWith("media_")) {
            return <CureButton onPress={props.onLookAgain}>Look again</CureButton>;
          }
          if (code === "posted_before" && imageId !== null) {
            return <CureButton onPress={() => remove(imageId)}>Take it out</CureButton>;
          }
          if (imageId !== null && images.length > 1) {
            return <CureButton onPress={() => onSelect(imageId)}>Show me which</CureButton>;
          }
          return null;
        }}
      />
      <AiLabelField
        images={images}
        chosen={chosen}
        aiLabel={draft.aiLabel}
        byDefault={props.labelsAi}
        dispatch={dispatch}
      />
      {edited && editedImage && (
        <Suspense fallback={null}>
          <ImageEditor
            image={editedImage}
            frames={framesOf(draft, editedImage.imageId, chosen)}
            marked={
              checks
                .find(({ channel_id }) => channel_id === tagging?.id)
                ?.renditions.find((it) => it.image_id === editedImage.imageId) ?? null
            }
            mayTag={tagging !== undefined || editedImage.userTags.length > 0}
            part={edited.part}
            onPart={(part) => setEdited({ ...edited, part })}
            dispatch={dispatch}
            onClose={() => setEdited(null)}
          />
        </Suspense>
      )}
      <p role="status" className="sr-only">
        {said}
      </p>
    </div>
  );
}

function facts(count: number, max: number | null): string {
  return [
    max ? `${count} of ${max}` : count > 0 ? `${count}` : null,
    count > 1 ? "drag to reorder" : null,
  ]
    .filter(Boolean)
    .join(" · ");
}

function altLimit(chosen: readonly Channel[]): number | null {
  const limits = chosen.map(({ rules }) => rules.max_alt_text).filter(Boolean);
  return limits.length ? Math.min(...limits) : null;
}

interface WayButtonProps {
  icon: LucideIcon;
  onPress: () => void;
  isAi?: boolean;
  ref?: Ref<HTMLButtonElement>;
  children: string;
}

/** One of the three ways to add an image. */
function WayButton({ icon: Icon, onPress, isAi, ref, children }: WayButtonProps) {
  return (
    <button
      ref={ref}
      type="button"
      onClick={onPress}
      className={cn(
        "flex min-h-11 flex-col items-center justify-center gap-1.5 rounded-control border border-dashed px-2 py-2.5 text-center font-medium text-small leading-4 sm:flex-row sm:gap-2",
        "transition-colors duration-150 disabled:pointer-events-none disabled:opacity-45 motion-reduce:transition-none",
        isAi
          ? "border-ai/60 text-ai hover:border-ai hover:bg-ai-soft"
          : "border-line-input text-ink-2 hover:border-ink-3 hover:bg-sunken hover:text-ink",
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      {children}
    </button>
  );
}
