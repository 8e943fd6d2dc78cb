import { Link } from "@tanstack/react-router";
import { Sparkles } from "lucide-react";
import { type ReactNode, useState } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { PostStateBadge } from "@/components/posts/PostStateBadge";
import { useComposer } from "@/components/publish/useComposer";
import { Notice } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import type { Image, ImageDetail, PostState } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";
import { formatBytes, formatSize, plural } from "@/lib/format";
import { AltTextField } from "./AltTextField";

interface ImageDetailsProps {
  image: Image;
  /** Undefined while it is not known where the image is used. */
  posts: ImageDetail["posts"] | undefined;
}

/** What there is to know about an image, and its alt text to write. */
export function ImageDetails({ image, posts }: ImageDetailsProps) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  return (
    <div className="flex flex-col gap-4">
      <Preview image={image} />
      <div>
        <h2 className="break-words font-semibold text-name">{image.original_filename}</h2>
        <p className="flex items-center gap-1.5 text-ink-3 text-small">
          {image.is_ai_generated && <Sparkles aria-hidden className="size-3.5 text-ai" />}
          <span>
            {image.is_ai_generated ? "Generated with AI " : "Uploaded "}
            <Moment at={image.created_at} timezone={business.timezone} />
          </span>
        </p>
      </div>
      <Readiness image={image} />
      {mayWrite && <AltTextField image={image} />}
      <dl className="grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-small">
        {!mayWrite && (
          <Fact name="Alt text">
            {image.alt_text || <span className="text-ink-3">Not written yet</span>}
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
        {image.tags.length > 0 && <Fact name="Tags">{image.tags.join(", ")}</Fact>}
        {image.ai_model && <Fact name="Model">{image.ai_model}</Fact>}
        {image.ai_style && <Fact name="Style">{styleName(image.ai_style)}</Fact>}
        {image.ai_prompt && (
          <Fact name="Prompt">
            <Prompt text={image.ai_prompt} />
          </Fact>
        )}
        {posts && (
          <Fact name="Used in">
            {posts.length ? (
              plural(posts.length, "post")
            ) : (
              <span className="text-ink-3">No post yet</span>
            )}
          </Fact>
        )}
      </dl>
      {posts && posts.length > 0 && <Uses posts={posts} />}
    </div>
  );
}

/** Pictures up to this size are shown themselves; of larger ones the thumbnail is sharp enough. */
const LIGHT_BYTES = 2_500_000;

function Preview({ image }: { image: Image }) {
  const [isShown, setShown] = useState(false);
  const ratio = Math.min(2, Math.max(0.8, image.width / image.height));
  return (
    <a
      href={image.storage_url}
      target="_blank"
      rel="noreferrer"
      aria-label="Open the full picture in a new tab"
      className="relative block shrink-0 overflow-hidden rounded-card bg-sunken"
      style={{ aspectRatio: ratio }}
    >
      <img
        src={image.thumbnail_url}
        alt={image.alt_text}
        className="absolute inset-0 size-full object-contain"
      />
      {image.file_size <= LIGHT_BYTES && (
        <img
          src={image.storage_url}
          alt=""
          decoding="async"
          onLoad={() => setShown(true)}
          className={`absolute inset-0 size-full object-contain ${isShown ? "" : "opacity-0"}`}
        />
      )}
    </a>
  );
}

/** What the platforms would make of it: one sentence where they agree. */
function Readiness({ image: { platform_readiness: all } }: { image: Image }) {
  const ready = all.filter(({ is_ready }) => is_ready);
  const [first] = ready;
  const isSame =
    ready.length > 1 &&
    ready.every(
      ({ is_cropped, width, height }) =>
        !is_cropped && width === first?.width && height === first.height,
    );
  return (
    <div className="flex flex-col gap-2">
      {ready.length > 0 && (
        <Notice
          tone="ok"
          icon={null}
          fact={`Ready for ${ready.map(({ platform }) => PLATFORM_NAMES[platform]).join(" and ")}`}
        >
          <span className="block">
            {isSame
              ? first?.note
              : ready.map(({ platform, note }) => (
                  <span key={platform} className="block">
                    {note.startsWith(PLATFORM_NAMES[platform])
                      ? note
                      : `${PLATFORM_NAMES[platform]}: ${note.charAt(0).toLowerCase()}${note.slice(1)}`}
                  </span>
                ))}
          </span>
        </Notice>
      )}
      {all
        .filter(({ is_ready }) => !is_ready)
        .map(({ platform, note }) => (
          <Notice key={platform} tone="warn" fact={`Not ready for ${PLATFORM_NAMES[platform]}.`}>
            {note}
          </Notice>
        ))}
    </div>
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

/** States that the list of posts can be filtered by. */
const LISTED = ["scheduled", "publishing", "published", "failed", "unconfirmed"] as const;

function Uses({ posts }: { posts: ImageDetail["posts"] }) {
  const composer = useComposer();
  return (
    <ul aria-label="Posts with this image" className="-mx-2 -mt-2 flex flex-col">
      {posts.map((post) => {
        const words = (
          <>
            <span className="min-w-0 flex-1 truncate">{post.content_text || "No text yet"}</span>
            <PostStateBadge state={post.state as PostState} />
          </>
        );
        const look =
          "flex w-full items-center gap-3 rounded-control px-2 py-1.5 text-left text-small hover:bg-sunken";
        return (
          <li key={post.id}>
            {post.state === "draft" ? (
              <button type="button" className={look} onClick={() => composer.openDraft(post.id)}>
                {words}
              </button>
            ) : (
              <Link to="/dashboard/posts" search={stateSearch(post.state)} className={look}>
                {words}
              </Link>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function stateSearch(state: string) {
  const found = LISTED.find((name) => name === state);
  return found ? { state: found } : {};
}

function formatName(mimeType: string): string {
  const name = mimeType.replace("image/", "");
  return name === "webp" ? "WebP" : name.toUpperCase();
}

function styleName(style: string): string {
  return style.charAt(0).toUpperCase() + style.slice(1);
}
