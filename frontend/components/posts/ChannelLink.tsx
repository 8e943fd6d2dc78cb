import { useQuery } from "@tanstack/react-query";
import { ButtonLink } from "@/components/ui/Button";
import { channelsQuery } from "@/lib/api/channels";
import type { Publication } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

/** The way to the channel of a publication, in words; null where it is well. What to do there is told before. */
export function useChannelCure({ channel_id }: Publication): string | null {
  const business = useBusiness();
  const { data: channels } = useQuery(channelsQuery(business.id));
  const channel = channels?.find(({ id }) => id === channel_id);
  if (!channel || channel.status === "connected") return null;
  return "See the channel";
}

/** The way to the channel, where a publication failed because of it. */
export function ChannelLink({ publication }: { publication: Publication }) {
  const cure = useChannelCure(publication);
  if (!cure) return null;
  return (
    <ButtonLink to="/dashboard/settings" hash="channels" size="sm">
      {cure}
    </ButtonLink>
  );
}
