import { useQuery } from "@tanstack/react-query";
import { Expand, Sparkles, WandSparkles } from "lucide-react";
import { lazy, type ReactNode, Suspense, use, useEffect, useRef, useState } from "react";
import type { GenerateStart } from "@/components/generator/GenerateImageDialog";
import { Button } from "@/components/ui/Button";
import { Moment } from "@/components/ui/Moment";
import { useFreshAddresses } from "@/lib/api/freshAddresses";
import { generationOptionsQuery } from "@/lib/api/generations";
import type { Image, ImageDetail } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";
import { formatBytes, formatSize } from "@/lib/format";
import { AltTextField } from "./AltTextField";
import { imageCostWords } from "./imageCost";
import { LookContext } from "./lookContext";
import { NameField } from "./NameField";
import { Readiness } from "./Readiness";
import { SimilarImages } from "./SimilarImages";
import { TagsField } from "./TagsField";
import type { ImagePlaces } from "./useLibrary";
import { WhereUsed } from "./WhereUsed";

const Lightbox = lazy(async () => ({ default: (await import("./Lightbox")).Lightbox }));

export interface ImageDetailsProps {
  image: Image;
  /** Undefined while it is not known where the image is used, and what it is like. */
  more: Pick<ImageDetail, "posts" | "similar" | "cost"> | undefined;
  places: ImagePlaces & { find: (index: number) => Promise<Image | undefined> };
  onShow: (imageId: number) => void;
  onTag: (tag: string) => void;
  /** Opens the generator: with the same words, or to change this image. */
  onGenerate: (start: GenerateStart) => void;
}

/** What there is to know about an image, and what can be written about it. */
export function ImageDetails({
  image,
  more,
  places,
  onShow,
  onTag,
  onGenerate,
}: ImageDetailsProps) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const mayEdit = useMayEdit(image);
  return (
    <div className="flex flex-col gap-4">
      <Preview
        image={image}
        places={places}
        onShow={onShow}
        onEdit={mayEdit ? () => onGenerate({ source: image }) : undefined}
      />
      <div key={image.id} className="flex flex-col gap-4">
        <div>
          <NameField image={image} />
          <p className="flex items-center gap-1.5 text-ink-3 text-small">
            {image.is_ai_generated && <Sparkles aria-hidden className="size-3.5 text-ai" />}
            <span>
              {image.edited_from_id !== null
                ? "Edited with AI "
                : image.is_ai_generated
                  ? "Generated with AI "
                  : "Uploaded "}
              <Moment at={image.created_at} timezone={business.timezone} />
              {image.edited_from_id !== null && (
                <>
                  {", "}
                  <button
                    type="button"
                    className="link"
                    onClick={() => onShow(image.edited_from_id ?? image.id)}
                  >
                    from this image
                  </button>
                </>
              )}
            </span>
          </p>
        </div>
        {more?.similar && <SimilarImages similar={more.similar} onShow={onShow} />}
        {mayWrite && <AltTextField image={image} />}
        {mayWrite && <TagsField image={image} onTag={onTag} />}
        <Readiness image={image} />
        <dl className="grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-small">
          {!mayWrite && (
            <Fact name="Alt text">
              {image.alt_text || <span className="text-ink-3">Not written yet</span>}
            </Fact>
          )}
          {!mayWrite && image.tags.length > 0 && (
            <Fact name="Tags">
              {image.tags.map((tag, index) => (
                <span key={tag}>
                  {index > 0 && ", "}
                  <button type="button" className="link" onClick={() => onTag(tag)}>
                    {tag}
                  </button>
                </span>
              ))}
            </Fact>
          )}
          <Fact name="Size">
            <span className="tabular-nums">
              {formatSize(image.width, image.height)} · {formatBytes(image.file_size)}
            </span>
          </Fact>
          <Fact name="Format">
            {formatName(image.mime_type)}
            {image.animated && ", animated"}
          </Fact>
          {image.ai_model && <Fact name="Model">{image.ai_model}</Fact>}
          {more?.cost && <Fact name="Cost">{imageCostWords(more.cost)}</Fact>}
          {image.ai_style && <Fact name="Style">{styleName(image.ai_style)}</Fact>}
          {image.ai_prompt && (
            <Fact name="Prompt">
              <Prompt text={image.ai_prompt} />
            </Fact>
          )}
        </dl>
        {mayWrite && (image.ai_prompt || mayEdit) && (
          <div className="-mt-1 flex flex-wrap gap-2">
            {mayEdit && (
              <Button
                variant="ai-soft"
                size="sm"
                icon={WandSparkles}
                onClick={() => onGenerate({ source: image })}
              >
                Edit with AI
              </Button>
            )}
            {image.ai_prompt && (
              <Button
                variant="ai-soft"
                size="sm"
                icon={Sparkles}
                onClick={() => onGenerate({ prompt: image.ai_prompt ?? "", style: image.ai_style })}
              >
                Use this prompt again
              </Button>
            )}
          </div>
        )}
        {more && <WhereUsed posts={more.posts} usageCount={image.usage_count} />}
      </div>
    </div>
  );
}

/** Whether the person may have this image changed, and some model that is set up can do it. */
function useMayEdit({ animated }: Image): boolean {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const isPossible = mayWrite && !animated;
  const options = useQuery({ ...generationOptionsQuery(business.id), enabled: isPossible });
  const models = options.data?.providers.flatMap((provider) => provider.models) ?? [];
  return isPossible && models.some(({ edits }) => edits);
}

/** The picture as it fits here; pressing it shows it on its own. */
function Preview({
  image,
  places,
  onShow,
  onEdit,
}: Pick<ImageDetailsProps, "image" | "places" | "onShow"> & { onEdit: (() => void) | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const [wasOpened, setWasOpened] = useState(false);
  const onLook = use(LookContext);
  useEffect(() => {
    if (!isOpen) return;
    onLook(true);
    return () => onLook(false);
  }, [isOpen, onLook]);
  const button = useRef<HTMLButtonElement>(null);
  const reportLost = useFreshAddresses();
  const ratio = Math.min(2, Math.max(0.8, image.width / image.height));
  const index = places.indexOf(image.id);
  const step = async (by: 1 | -1) => {
    const next = index < 0 ? undefined : await places.find(index + by);
    if (next) onShow(next.id);
  };
  const look = "absolute inset-0 size-full object-contain";
  return (
    <>
      <button
        ref={button}
        type="button"
        aria-label={`Look closer at ${image.alt_text || image.original_filename}`}
        onClick={() => {
          setWasOpened(true);
          setOpen(true);
        }}
        className="group/preview relative block w-full shrink-0 cursor-zoom-in overflow-hidden rounded-card bg-sunken"
        style={{ aspectRatio: ratio }}
      >
        <img
          src={image.thumbnail_url}
          alt=""
          decoding="async"
          onError={() => reportLost(image.thumbnail_url)}
          className={look}
        />
        <PreviewPicture key={`${image.id}`} image={image} className={look} />
        <span
          aria-hidden
          className="absolute right-2.5 bottom-2.5 flex size-7 items-center justify-center rounded-control bg-picture-scrim text-on-picture opacity-0 transition-opacity duration-150 group-hover/preview:opacity-100 group-focus-visible/preview:opacity-100 motion-reduce:transition-none pointer-coarse:opacity-100"
        >
          <Expand className="size-3.5" />
        </span>
      </button>
      {wasOpened && (
        <Suspense fallback={null}>
          <Lightbox
            isOpen={isOpen}
            image={image}
            place={index < 0 ? undefined : { index, count: places.count }}
            onStep={(by) => void step(by)}
            onClose={() => setOpen(false)}
            onEdit={
              onEdit &&
              (() => {
                setOpen(false);
                onEdit();
              })
            }
          />
        </Suspense>
      )}
    </>
  );
}

/** Sharp, over the thumbnail, as soon as it is there. An animated picture moves. */
function PreviewPicture({ image, className }: { image: Image; className: string }) {
  const [isShown, setShown] = useState(false);
  const reportLost = useFreshAddresses();
  const src = image.animated ? image.storage_url : image.preview_url;
  return (
    <img
      src={src}
      alt=""
      decoding="async"
      onLoad={() => setShown(true)}
      onError={() => {
        setShown(false);
        reportLost(src);
      }}
      className={`${className} ${isShown ? "" : "opacity-0"}`}
    />
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}

const SHORT = 160;

/** A prompt can be pages long: its beginning, and the rest on demand. */
function Prompt({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  if (text.length <= SHORT * 1.2) return text;
  return (
    <>
      {isOpen ? text : `${text.slice(0, SHORT).trimEnd()}…`}{" "}
      <button type="button" className="link" onClick={() => setOpen(!isOpen)}>
        {isOpen ? "less" : "more"}
      </button>
    </>
  );
}

function formatName(mimeType: string): string {
  const name = mimeType.replace("image/", "");
  return name === "webp" ? "WebP" : name.toUpperCase();
}

function styleName(style: string): string {
  return style.charAt(0).toUpperCase() + style.slice(1);
}
