import { useQuery } from "@tanstack/react-query";
import { Plus, Share2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { EmptyState, ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { channelsQuery } from "@/lib/api/channels";
import type { Channel } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { mayManage } from "../roles";
import { ChannelRow } from "./ChannelRow";
import { ConnectDialog } from "./ConnectDialog";
import { Section } from "./Section";

/** Where the business publishes, and how each place is. */
export function ChannelsSection() {
  const business = useBusiness();
  const query = useQuery(channelsQuery(business.id));
  // A channel is connected again; `new` is another one.
  const [connecting, setConnecting] = useState<Channel | "new" | null>(null);
  const isManager = mayManage(business.role);
  return (
    <Section
      id="channels"
      title="Channels"
      words="The Instagram accounts and Facebook Pages that posts go to."
      action={
        isManager && (
          <Button icon={Plus} onClick={() => setConnecting("new")}>
            Connect with a token
          </Button>
        )
      }
    >
      {query.isPending ? (
        <Loading label="Loading channels">
          <div className="flex flex-col gap-4">
            <Skeleton className="h-9" />
            <Skeleton className="h-9" />
          </div>
        </Loading>
      ) : query.isError ? (
        <ErrorState
          title="The channels could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
        >
          {query.error.message}
        </ErrorState>
      ) : query.data.length === 0 ? (
        <EmptyState icon={Share2} title="No channel is connected" className="py-6">
          Until one is, posts can be written and kept as drafts.
        </EmptyState>
      ) : (
        <ul aria-label="Channels" className="-my-3 divide-y divide-line">
          {query.data.map((channel) => (
            <ChannelRow
              key={channel.id}
              channel={channel}
              onConnect={isManager ? () => setConnecting(channel) : undefined}
            />
          ))}
        </ul>
      )}
      {connecting && (
        <ConnectDialog
          again={connecting === "new" ? null : connecting}
          onClose={() => setConnecting(null)}
        />
      )}
    </Section>
  );
}
