import { useQuery } from "@tanstack/react-query";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Segmented } from "@/components/ui/Segmented";
import { imageQuery } from "@/lib/api/images";
import type { Rendition } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { BackgroundField } from "./BackgroundField";
import { AS_IT_IS, type DraftAction, type DraftImage } from "./draft";
import { FocusStage } from "./FocusStage";
import type { Frame } from "./framing";
import { TagStage } from "./TagStage";

export type EditorPart = "shape" | "people";

interface ImageEditorProps {
  image: DraftImage;
  /** What each chosen platform makes of it. */
  frames: readonly Frame[];
  /** The file that goes to a platform that takes marks; null while there is none. */
  marked: Rendition | null;
  /** Accounts can be marked on a chosen platform. */
  mayTag: boolean;
  part: EditorPart;
  onPart: (part: EditorPart) => void;
  dispatch: (action: DraftAction) => void;
  onClose: () => void;
}

/** One image of the post: what of it stays visible, and who is marked in it. All takes effect at once. */
export default function ImageEditor(props: ImageEditorProps) {
  const { image, frames, mayTag, part, onPart, dispatch, onClose } = props;
  const business = useBusiness();
  const stored = useQuery(imageQuery(business.id, image.imageId));
  const src = stored.data?.preview_url ?? image.thumbnailUrl;
  const frame = frames.find(({ isNeeded }) => isNeeded);
  const frameOf = (change: Partial<DraftImage>) =>
    dispatch({ type: "frame", imageId: image.imageId, framing: change });
  const isShape = part === "shape" || !mayTag;
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={isShape ? "What stays visible" : "Who is in the picture"}
      titleAside={image.name}
      size="lg"
      footer={
        <>
          {isShape && image.framing === "crop" && (
            <Button onClick={() => frameOf({ focus: AS_IT_IS.focus })}>Back to the centre</Button>
          )}
          <Button variant="primary" onClick={onClose} className="ml-auto">
            Done
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <div className="flex flex-wrap items-center justify-between gap-3">
          {mayTag && (
            <Segmented
              label="What is edited"
              value={part}
              onChange={onPart}
              options={[
                { value: "shape", label: "Shape" },
                { value: "people", label: "People" },
              ]}
            />
          )}
          {isShape && (
            <Segmented
              label="How it gets its shape"
              value={image.framing}
              onChange={(framing) => frameOf({ framing })}
              options={[
                { value: "crop", label: "Crop" },
                { value: "fit", label: "Whole picture" },
              ]}
            />
          )}
        </div>
        {isShape ? (
          <>
            <FocusStage
              image={image}
              src={src}
              frame={frame}
              onFocus={(focus) => frameOf({ focus })}
            />
            {image.framing === "fit" && (
              <BackgroundField
                src={stored.data?.preview_url}
                colour={image.background}
                onChange={(background) => frameOf({ background })}
              />
            )}
            <p className="text-center text-ink-3 text-small">
              {frame
                ? image.framing === "crop"
                  ? `The frame is what ${PLATFORM_NAMES[frame.platform]} will show. Drag it, or move it with the arrow keys.`
                  : `All of the picture is shown on ${PLATFORM_NAMES[frame.platform]}, with this colour around it.`
                : "Every platform that is chosen takes this picture in its own shape. Nothing is cut off."}
            </p>
          </>
        ) : (
          <TagStage
            image={image}
            rendition={props.marked}
            onChange={(userTags) => dispatch({ type: "tag", imageId: image.imageId, userTags })}
          />
        )}
      </div>
    </Dialog>
  );
}
