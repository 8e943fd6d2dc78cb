import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Share2 } from "lucide-react";
import { useState } from "react";
import { EmptyState, ErrorState, Loading, Notice, Skeleton } from "@/components/ui/feedback";
import { channelsQuery } from "@/lib/api/channels";
import type { Channel } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { mayManage } from "../roles";
import { ChannelRow } from "./ChannelRow";
import { ChooseAccountsDialog } from "./ChooseAccountsDialog";
import { ConnectButtons } from "./ConnectButtons";
import { ConnectDialog } from "./ConnectDialog";
import { Section } from "./Section";

const route = getRouteApi("/dashboard/settings");

/** What is said where Meta's page sent somebody back whose login does not count. */
const LOGIN_PROBLEMS = {
  state_invalid:
    "This login was begun in another browser, was used already, or took longer than a quarter of an hour. Begin again: nothing was changed.",
  not_signed_in:
    "Your session here had ended when you came back. Begin again: nothing was changed.",
} as const;

/** Where the business publishes, and how each place is. */
export function ChannelsSection() {
  const business = useBusiness();
  const query = useQuery(channelsQuery(business.id));
  // A channel is connected again; `new` is another one.
  const [connecting, setConnecting] = useState<Channel | "new" | null>(null);
  const isManager = mayManage(business.role);
  const { login, login_problem, channel: channelId } = route.useSearch();
  const navigate = route.useNavigate();
  const closeLogin = () => navigate({ search: {}, hash: "channels", replace: true });
  return (
    <Section
      id="channels"
      title="Channels"
      words="The Instagram accounts and Facebook Pages that posts go to."
      action={isManager && <ConnectButtons onToken={() => setConnecting("new")} />}
    >
      {login_problem && isManager && (
        <Notice tone="warn" isAlert className="mb-3" fact="The login was not completed.">
          {LOGIN_PROBLEMS[login_problem]}
        </Notice>
      )}
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
          Until one is, posts can be written and kept as drafts. Connect your Pages and Instagram
          accounts with Meta's login.
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
      {login !== undefined && isManager && !query.isPending && (
        <ChooseAccountsDialog
          key={login}
          attemptId={login}
          again={query.data?.find(({ id }) => id === channelId)}
          onClose={closeLogin}
        />
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
