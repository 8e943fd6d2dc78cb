import { Notice } from "@/components/ui/feedback";
import { Switch } from "@/components/ui/Switch";
import type { Channel } from "@/lib/api/types";
import type { DraftAction, DraftImage } from "./draft";
import { placementFor } from "./framing";

interface AiLabelFieldProps {
  images: readonly DraftImage[];
  chosen: readonly Channel[];
  aiLabel: boolean | null;
  /** What the business does where the post says nothing. */
  byDefault: boolean;
  dispatch: (action: DraftAction) => void;
}

/** Where an image was made with AI: whether the platforms are told, and where that shows. */
export function AiLabelField({ images, chosen, aiLabel, byDefault, dispatch }: AiLabelFieldProps) {
  const count = images.filter(({ isAi }) => isAi).length;
  if (count === 0 || chosen.length === 0) return null;
  const isOn = aiLabel ?? byDefault;
  const hasLabel = (platform: Channel["platform"]) =>
    chosen.some(
      (channel) =>
        channel.platform === platform &&
        placementFor(channel.rules, images.length)?.takes_ai_label === true,
    );
  const onInstagram = hasLabel("instagram");
  const onFacebook = hasLabel("facebook");
  const hasFacebook = chosen.some(({ platform }) => platform === "facebook");
  return (
    <div className="flex flex-col gap-2 rounded-control bg-ai-soft text-ai">
      <Notice tone="ai" fact={madeWithAi(images.length, count)} className="pb-0">
        {onInstagram || onFacebook
          ? isOn
            ? "Instagram will show its AI label. AI info then stands under the name of your account."
            : "No label is shown. Instagram asks for one where a picture looks real."
          : ""}
        {hasFacebook &&
          !onFacebook &&
          `${onInstagram ? " " : ""}Facebook takes no label for photos. The file that is sent says so.`}
      </Notice>
      {(onInstagram || onFacebook) && (
        <Switch
          label="Show the AI label"
          isOn={isOn}
          onChange={(aiLabelOn) =>
            dispatch({ type: "labelAi", aiLabel: aiLabelOn === byDefault ? null : aiLabelOn })
          }
          className="mb-2.5 ml-9.5 text-small"
        />
      )}
      {!(onInstagram || onFacebook) && <span className="h-0.5" />}
    </div>
  );
}

function madeWithAi(all: number, count: number): string {
  if (all === 1) return "This image was made with AI.";
  return count === 1 ? "One image was made with AI." : `${count} images were made with AI.`;
}
