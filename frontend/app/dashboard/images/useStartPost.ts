import { useQueryClient } from "@tanstack/react-query";
import { useComposer } from "@/components/publish/useComposer";
import { toast } from "@/components/ui/Toast";
import { channelsQuery } from "@/lib/api/channels";
import type { Channel, Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatCount } from "@/lib/format";

/** As many images as the API takes in one post, whatever the channels say. */
const MOST_IMAGES = 20;

/** How many images a new post may begin with: as many as some connected channel takes. */
export function mostForAPost(channels: readonly Channel[]): number {
  const limits = channels
    .filter(({ status }) => status === "connected")
    .map(({ rules }) => rules.max_images);
  return Math.min(MOST_IMAGES, Math.max(0, ...limits) || MOST_IMAGES);
}

/** Opens a new post with images in it, as many as a post takes. */
export function useStartPost(): (images: readonly Image[]) => void {
  const business = useBusiness();
  const queryClient = useQueryClient();
  const composer = useComposer();
  return async (images) => {
    // Without an answer the post itself will say what is too much.
    const channels = await queryClient.ensureQueryData(channelsQuery(business.id)).catch(() => []);
    const most = mostForAPost(channels);
    composer.openNew(images.slice(0, most).map(({ id }) => id));
    if (images.length <= most) return;
    toast({
      title: `${formatCount(most)} of ${formatCount(images.length)} images ${most === 1 ? "is" : "are"} in the post`,
      description: "More do not fit into one post yet. Your selection stays.",
    });
  };
}
