import { useQuery } from "@tanstack/react-query";
import { ButtonLink } from "@/components/ui/Button";
import { channelsQuery } from "@/lib/api/channels";
import type { Publication } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

/** The way to the channel, where a publication failed because of it. */
export function ChannelLink({ publication }: { publication: Publication }) {
  const business = useBusiness();
  const { data: channels } = useQuery(channelsQuery(business.id));
  const channel = channels?.find(({ id }) => id === publication.channel_id);
  if (!channel || channel.status === "connected") return null;
  return (
    <ButtonLink to="/dashboard/settings" hash="channels" size="sm">
      {channel.status === "restricted" ? "See the channel" : "Connect it again"}
    </ButtonLink>
  );
}
