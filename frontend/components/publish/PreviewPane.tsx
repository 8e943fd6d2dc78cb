import { Eye } from "lucide-react";
import { type ReactNode, useState } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { CureButton, EmptyState, Notice, useDelayed } from "@/components/ui/feedback";
import { Segmented } from "@/components/ui/Segmented";
import type { Channel } from "@/lib/api/types";
import { formatBytes, formatSize } from "@/lib/format";
import type { Draft } from "./draft";
import { FacebookPreview } from "./FacebookPreview";
import { InstagramPreview } from "./InstagramPreview";
import { type Slide, slidesOf } from "./slides";
import type { Check } from "./usePostCheck";

interface PreviewPaneProps {
  draft: Draft;
  chosen: readonly Channel[];
  check: Check;
  /** The channel that the person wants to see; the first one where it is not chosen. */
  wantedId: number | null;
  onWant: (channelId: number) => void;
}

const PREVIEWS = { instagram: InstagramPreview, facebook: FacebookPreview } as const;

/** The truth: what each channel will get, made of the very files that are sent. */
export function PreviewPane({ draft, chosen, check, wantedId, onWant }: PreviewPaneProps) {
  const [wantedIndex, setIndex] = useState(0);
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
  const index = Math.min(wantedIndex, Math.max(0, slides.length - 1));
  return (
    <>
      <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto overscroll-contain p-5">
        {chosen.length > 1 && (
          <Segmented
            label="Preview of"
            value={String(channel.id)}
            onChange={(id) => onWant(Number(id))}
            options={chosen.map((it) => ({ value: String(it.id), label: tabName(it, chosen) }))}
            className="shrink-0 self-center"
          />
        )}
        <div className="mx-auto w-full max-w-88">
          <Preview
            key={channel.id}
            name={channel.name}
            text={draft.text}
            slides={slides}
            index={index}
            onIndex={setIndex}
            isAi={draft.images.some(({ isAi }) => isAi)}
          />
        </div>
      </div>
      {slides[index] && (
        <div className="border-line border-t px-5 py-2.5">
          <SentFacts slide={slides[index]} check={check} />
        </div>
      )}
    </>
  );
}

/** The platform's name; the channel's where two channels of one platform are chosen. */
function tabName(channel: Channel, chosen: readonly Channel[]): string {
  const isAlone = chosen.filter(({ platform }) => platform === channel.platform).length === 1;
  return isAlone ? PLATFORM_NAMES[channel.platform] : channel.name;
}

function SentFacts({ slide: { rendition }, check }: { slide: Slide; check: Check }) {
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
  if (!rendition) {
    // A picture that no file can be made of is spoken of beside the images.
    return check.isChecking ? <Making /> : null;
  }
  return (
    <Caption>
      This is the file that will be sent: {formatSize(rendition.width, rendition.height)},{" "}
      {formatBytes(rendition.file_size)}
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
