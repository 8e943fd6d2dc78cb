import { CureButton } from "@/components/ui/feedback";
import { toast } from "@/components/ui/Toast";
import { useTryChannel } from "@/lib/api/channels";
import type { Channel } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

/** Lets posts go out on a channel that is restricted or held, without waiting for its time. */
export function TryNow({ channel }: { channel: Channel }) {
  const business = useBusiness();
  const attempt = useTryChannel(business.id);
  const press = () =>
    attempt.mutate(channel.id, {
      onSuccess: () =>
        toast({
          title: `Posts go out on ${channel.name} again`,
          description: "If the platform refuses the next one, it is held back as before.",
        }),
      onError: (error) =>
        toast({ tone: "bad", title: "That did not work", description: error.message }),
    });
  return <CureButton onPress={() => !attempt.isPending && press()}>Try it now</CureButton>;
}
