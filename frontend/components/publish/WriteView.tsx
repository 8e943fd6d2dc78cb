import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useEffectEvent, useRef, useState } from "react";
import { ViewerNotice } from "@/components/frame/ViewerNotice";
import { UploadAnnouncer } from "@/components/images/UploadAnnouncer";
import { useFileDrop } from "@/components/images/useFileDrop";
import { useFilePicker } from "@/components/images/useFilePicker";
import { useUploads } from "@/components/images/useUploads";
import { Notice } from "@/components/ui/feedback";
import { channelsQuery } from "@/lib/api/channels";
import { ApiError } from "@/lib/api/client";
import type { Channel, Image, Post } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { holdUnsaved } from "@/lib/unsaved";
import { useIsWide } from "@/lib/useMediaQuery";
import { ChannelsField } from "./ChannelsField";
import { fromLibrary } from "./draft";
import { FirstCommentField } from "./FirstCommentField";
import { ImagesField } from "./ImagesField";
import { LeaveDialog } from "./LeaveDialog";
import { LibraryFooter, LibraryPanel } from "./LibraryPanel";
import { Panes, type Side } from "./Panes";
import { PreviewPane } from "./PreviewPane";
import { goneProblems, maxImages, problemsOf, serverProblems } from "./rules";
import { TextField } from "./TextField";
import { useLeaveGuard } from "./useLeaveGuard";
import { usePostCheck } from "./usePostCheck";
import { useWriting, type WritingStart } from "./useWriting";
import { WriteFooter } from "./WriteFooter";

const GenerateImageDialog = lazy(async () => ({
  default: (await import("@/components/generator/GenerateImageDialog")).GenerateImageDialog,
}));

/** As many images as the API takes in one post, for as long as no channel says less. */
const MOST_IMAGES = 20;

interface WriteViewProps {
  start: WritingStart;
  channels: readonly Channel[];
  onAside: (aside: string | null) => void;
  onKept: (postId: number) => void;
  onSent: (post: Post) => void;
}

/** Writing a post on the left, what will be sent on the right. */
export function WriteView({ start, channels, onAside, onKept, onSent }: WriteViewProps) {
  const business = useBusiness();
  const isViewer = business.role === "viewer";
  const isWide = useIsWide();
  // A post kept on the way out needs no address of its own any more: it would call the person back.
  const isLeaving = useRef(false);
  const writing = useWriting(business.id, start, channels, {
    onKept: (postId) => {
      if (!isLeaving.current) onKept(postId);
    },
    onSent,
  });
  const { draft, dispatch } = writing;
  const [side, setSide] = useState<Side>("write");
  const [previewOf, setPreviewOf] = useState<number | null>(null);
  const [imageId, setImageId] = useState<number | null>(null);
  const [writtenFor, setWrittenFor] = useState<number | null>(null);
  const [isPicking, setPicking] = useState(false);
  const [generator, setGenerator] = useState<"never" | "open" | "closed">("never");
  const textRef = useRef<HTMLTextAreaElement>(null);
  const chooseRef = useRef<HTMLButtonElement>(null);

  const add = (image: Image) => dispatch({ type: "addImages", images: [fromLibrary(image)] });
  // Small files overtake large ones; in the post they stand in the order in which they were chosen.
  const uploads = useUploads({
    onUploaded: (image, _, overtakenBy) =>
      dispatch({ type: "addImages", images: [fromLibrary(image)], before: overtakenBy }),
  });
  const filePicker = useFilePicker(uploads.add);
  const isOver = useFileDrop(uploads.add, generator !== "open" && !isViewer);

  const check = usePostCheck(business.id, draft, !isViewer);
  useFreshChannels(business.id, check.error, writing.trouble, writing.schedule.error);
  const chosen = channels.filter(({ id }) => draft.channelIds.includes(id));
  const problems = [
    ...problemsOf(draft, chosen),
    ...goneProblems(check.gone, chosen),
    ...serverProblems(check.channels, draft),
  ];
  const at = (place: string) =>
    problems.filter((it) => it.place === place && it.code !== "post_empty");

  const guard = useLeaveGuard(
    () => !writing.isSending && (writing.hasUnsaved() || uploads.summary.active > 0),
    writing.ownId,
  );
  const [isSignedOut, setSignedOut] = useState(false);
  if (isSignedOut && writing.isKept) setSignedOut(false);
  const hasUnsaved = useEffectEvent(() => writing.hasUnsaved());
  useEffect(
    () => holdUnsaved({ hasUnsaved: () => hasUnsaved(), onSignedOut: () => setSignedOut(true) }),
    [],
  );

  // A phone would cover half of the form with its keyboard.
  useEffect(() => {
    if (isWide) textRef.current?.focus();
  }, [isWide]);
  const aside = writing.isJustSaved ? "Draft saved just now" : null;
  useEffect(() => onAside(aside), [aside, onAside]);

  const closePicker = () => {
    setPicking(false);
    requestAnimationFrame(() => chooseRef.current?.focus());
  };
  const max = maxImages(chosen) ?? MOST_IMAGES;
  const toggle = (image: Image) => {
    if (draft.images.some(({ imageId }) => imageId === image.id)) {
      dispatch({ type: "removeImage", imageId: image.id });
      return;
    }
    if (max === 1) dispatch({ type: "keepFirst", count: 0 });
    add(image);
  };
  const { trouble } = writing;

  return (
    <>
      {filePicker.input}
      <UploadAnnouncer uploads={uploads.uploads} summary={uploads.summary} />
      <Panes
        side={side}
        onSide={setSide}
        isInert={writing.isSending}
        left={
          isPicking ? (
            <LibraryPanel images={draft.images} max={max} onToggle={toggle} onClose={closePicker} />
          ) : (
            <fieldset disabled={isViewer} className="flex min-w-0 flex-col gap-5 p-5">
              <ViewerNotice />
              <ChannelsField
                channels={channels}
                chosenIds={draft.channelIds}
                problems={at("channels")}
                onToggle={(channelId) => dispatch({ type: "toggleChannel", channelId })}
              />
              <TextField
                draft={draft}
                chosen={chosen}
                problems={at("text")}
                dispatch={dispatch}
                writtenFor={writtenFor}
                onWriteFor={(channelId) => {
                  setWrittenFor(channelId);
                  if (channelId !== null) setPreviewOf(channelId);
                }}
                inputRef={textRef}
              />
              <ImagesField
                draft={draft}
                checks={check.channels}
                chosen={chosen}
                problems={at("images")}
                uploads={uploads}
                isOver={isOver}
                dispatch={dispatch}
                onChoose={() => setPicking(true)}
                onUpload={filePicker.open}
                onGenerate={() => setGenerator("open")}
                labelsAi={business.label_ai_images}
                selectedId={imageId}
                onSelect={setImageId}
                onLookAgain={check.again}
                chooseRef={chooseRef}
              />
              <FirstCommentField
                comment={draft.firstComment}
                chosen={chosen}
                problems={at("comment")}
                onChange={(firstComment) => dispatch({ type: "comment", firstComment })}
              />
            </fieldset>
          )
        }
        right={
          <PreviewPane
            draft={draft}
            chosen={chosen}
            check={check}
            wantedId={previewOf}
            onWant={setPreviewOf}
            imageId={imageId}
            onImage={setImageId}
          />
        }
      />
      {isSignedOut && !guard.isAsking && (
        <div className="border-line border-t px-5 py-3">
          <Notice
            tone="bad"
            isAlert
            fact="You are signed out."
            cure={
              <a href="/sign-in" target="_blank" rel="noreferrer">
                Sign in in a new tab
              </a>
            }
          >
            What you wrote is still here, and goes on where it was once you are back.
          </Notice>
        </div>
      )}
      {trouble && !isSignedOut && !guard.isAsking && (
        <div className="border-line border-t px-5 py-3">
          <Notice
            tone="bad"
            isAlert
            fact={
              trouble === writing.publish.error
                ? "Not published yet."
                : "The draft could not be saved."
            }
          >
            {trouble.message}{" "}
            {writing.isKept ? "It is kept as a draft." : "What you wrote is still here."}
          </Notice>
        </div>
      )}
      {isPicking ? (
        <LibraryFooter count={draft.images.length} onClose={closePicker} />
      ) : (
        <WriteFooter
          writing={writing}
          chosen={chosen}
          problems={problems}
          isUploading={uploads.summary.active > 0}
          isViewer={isViewer}
        />
      )}
      {generator !== "never" && (
        <Suspense fallback={null}>
          <GenerateImageDialog
            isOpen={generator === "open"}
            onClose={() => setGenerator("closed")}
            onUse={(image) => {
              add(image);
              setGenerator("closed");
            }}
            useLabel="Add to the post"
            keepLabel="Keep in library only"
          />
        </Suspense>
      )}
      <LeaveDialog
        isOpen={guard.isAsking}
        isNew={writing.isNew}
        canSave={writing.canSave && !isViewer}
        hasUploads={uploads.summary.active > 0}
        isSaving={writing.save.isPending}
        error={writing.save.error}
        onStay={guard.stay}
        onDiscard={guard.leave}
        onSave={() => {
          isLeaving.current = true;
          writing.save.mutate(draft, {
            onSuccess: guard.leave,
            onError: () => {
              isLeaving.current = false;
            },
          });
        }}
      />
    </>
  );
}

/** A channel that was let go elsewhere is shown no longer, once the server has said that it is gone. */
function useFreshChannels(businessId: number, ...errors: (Error | null)[]): void {
  const queryClient = useQueryClient();
  const gone = errors.find((error) => error instanceof ApiError && GONE_CODES.has(error.code));
  useEffect(() => {
    if (!gone) return;
    void queryClient.invalidateQueries({ queryKey: channelsQuery(businessId).queryKey });
  }, [queryClient, businessId, gone]);
}

const GONE_CODES = new Set(["channel_not_found", "channel_required", "post_changed"]);
