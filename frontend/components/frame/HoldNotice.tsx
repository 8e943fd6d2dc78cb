import { useQuery } from "@tanstack/react-query";
import { placeTitle } from "@/components/channels/placeName";
import { TryNow } from "@/components/channels/TryNow";
import { Notice } from "@/components/ui/feedback";
import { channelsQuery } from "@/lib/api/channels";
import { canBeTried, incidentsQuery } from "@/lib/api/incidents";
import { useBusiness, useMayManage } from "@/lib/business";
import { formatMoment } from "@/lib/format";

/** Says why nothing goes out for now, and when it is tried again; nothing while posts go out. */
export function HoldNotice() {
  const business = useBusiness();
  const { data: incidents } = useQuery(incidentsQuery(business.id));
  const { data: channels } = useQuery(channelsQuery(business.id));
  const mayManage = useMayManage();
  if (!incidents?.length) return null;
  return (
    <div role="status" className="flex flex-col gap-2">
      {incidents.map((incident) => {
        const channel = channels?.find((found) => found.id === incident.channel_id);
        const place = channel ? `${channel.name}, ${placeTitle(incident)}` : placeTitle(incident);
        return (
          <Notice
            key={incident.id}
            tone="warn"
            fact={`Posts wait: ${place}.`}
            cure={channel && mayManage && canBeTried(incident) && <TryNow channel={channel} />}
          >
            {incident.detail} Next attempt: {formatMoment(incident.until, business.timezone)}.
          </Notice>
        );
      })}
    </div>
  );
}
