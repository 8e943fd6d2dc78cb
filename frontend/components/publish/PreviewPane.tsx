import { Eye, type LucideIcon, Monitor, Smartphone } from "lucide-react";
import { type ReactNode, useState } from "react";
import { cn } from "@/components/ui/cn";
import { CureButton, EmptyState, Notice, useDelayed } from "@/components/ui/feedback";
import { Segmented } from "@/components/ui/Segmented";
import type { Channel } from "@/lib/api/types";
import { formatBytes, formatSize } from "@/lib/format";
import { type Draft, textFor } from "./draft";
import { FacebookPreview } from "./FacebookPreview";
import { InstagramPreview } from "./InstagramPreview";
import { PreviewOf } from "./PreviewOf";
import { type Slide, slidesOf } from "./slides";
import type { Check } from "./usePostCheck";

interface PreviewPaneProps {
  draft: Draft;
  chosen: readonly Channel[];
  check: Check;
  /** The channel that the person wants to see; the first one where it is not chosen. */
  wantedId: number | null;
  onWant: (channelId: number) => void;
  /** The image that is worked on: the preview shows the same one. */
  imageId: number | null;
  onImage: (imageId: number) => void;
}

const PREVIEWS = { instagram: InstagramPreview, facebook: FacebookPreview } as const;

/** The truth: what each channel will get, made of the very files that are sent. */
export function PreviewPane(props: PreviewPaneProps) {
  const { draft, chosen, check, wantedId, onWant, imageId, onImage } = props;
  const [screen, setScreen] = useState<"phone" | "desktop">("phone");
  const isPhone = screen === "phone";
  const channel = chosen.find(({ id }) => id === wantedId) ?? chosen[0];
  if (!channel) {
    return (
      <EmptyState icon={Eye} title="Nothing to preview yet" className="my-auto">
        Choose where the post goes, and see here what will be sent.
      </EmptyState>
    );
  }
  const Preview = PREVIEWS[channel.platform];
  const answer = check.channels.find(({ channel_id }) => channel_id === channel.id);
  const slides = slidesOf(draft, answer, channel.rules.max_images);
  const index = Math.max(
    0,
    slides.findIndex(({ image }) => image.imageId === imageId),
  );
  const turnTo = (place: number) => {
    const slide = slides[place];
    if (slide) onImage(slide.image.imageId);
  };
  return (
    <>
      <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto overscroll-contain p-5">
        <div className="flex shrink-0 flex-wrap justify-center gap-2">
          <PreviewOf chosen={chosen} value={channel.id} onChange={onWant} />
          <Segmented
            label="Preview on"
            value={screen}
            onChange={setScreen}
            options={[
              { value: "phone", label: <ScreenIcon icon={Smartphone} name="Phone" /> },
              { value: "desktop", label: <ScreenIcon icon={Monitor} name="Desktop" /> },
            ]}
          />
        </div>
        <div className={cn("mx-auto w-full shrink-0", isPhone ? "max-w-82" : "max-w-100")}>
          <Preview
            key={channel.id}
            name={channel.name}
            text={textFor(draft, channel.id)}
            comment={channel.rules.first_comment ? (draft.firstComment?.trim() ?? "") : ""}
            slides={slides}
            index={index}
            onIndex={turnTo}
            isAi={answer?.ai_label ?? false}
            isPhone={isPhone}
          />
        </div>
      </div>
      {slides[index] && (
        <div className="border-line border-t px-5 py-2.5">
          <SentFacts slide={slides[index]} place={index} count={slides.length} check={check} />
        </div>
      )}
    </>
  );
}

function ScreenIcon({ icon: Icon, name }: { icon: LucideIcon; name: string }) {
  return (
    <>
      <Icon aria-hidden className="size-4" />
      <span className="sr-only">{name}</span>
    </>
  );
}

interface SentFactsProps {
  slide: Slide;
  /** Which of the images it is, from 0. */
  place: number;
  count: number;
  check: Check;
}

function SentFacts({ slide: { rendition }, place, count, check }: SentFactsProps) {
  if (check.error && check.gone.length > 0)
    return <Caption>Nothing can be sent like this.</Caption>;
  if (check.error) {
    return (
      <Notice
        tone="bad"
        fact="The preview could not be made."
        cure={<CureButton onPress={check.again}>Try again</CureButton>}
      >
        {check.error.detail}
      </Notice>
    );
  }
  if (!rendition || !check.areFilesCurrent) {
    // A picture that no file can be made of is spoken of beside the images.
    return check.isChecking ? <Making /> : null;
  }
  return (
    <Caption>
      {count > 1
        ? `Image ${place + 1} of ${count}, as the file that will be sent: `
        : "This is the file that will be sent: "}
      {formatSize(rendition.width, rendition.height)}, {formatBytes(rendition.file_size)}
    </Caption>
  );
}

function Caption({ children }: { children: ReactNode }) {
  return <p className="text-center text-caption text-ink-3 tabular-nums">{children}</p>;
}

function Making() {
  const isSlow = useDelayed(200);
  return (
    <p role="status" className="text-center text-caption text-ink-3">
      {isSlow ? "Making the file that will be sent…" : "\u00a0"}
    </p>
  );
}
