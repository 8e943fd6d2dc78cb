import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Button, ButtonAnchor } from "@/components/ui/Button";
import { ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { apiKeysQuery } from "@/lib/api/apiKeys";
import { useBusiness } from "@/lib/business";
import { mayManage } from "../roles";
import { ApiKeyRow } from "./ApiKeyRow";
import { MakeApiKeyDialog } from "./MakeApiKeyDialog";
import { Section } from "./Section";

/** With what programs sign in: the keys of a business, made here and revoked here. */
export function ApiKeysSection() {
  const business = useBusiness();
  const query = useQuery(apiKeysQuery(business.id));
  const [isMaking, setMaking] = useState(false);
  return (
    <Section
      id="api-keys"
      title="API keys"
      words={
        mayManage(business.role)
          ? "With what scripts and other programs sign in here. You see everybody's."
          : "With what your scripts and other programs sign in here."
      }
      action={
        <Button icon={KeyRound} onClick={() => setMaking(true)}>
          Make an API key
        </Button>
      }
    >
      {query.isPending ? (
        <Loading label="Loading the API keys">
          <Skeleton className="h-9" />
        </Loading>
      ) : query.isError ? (
        <ErrorState
          title="The API keys could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
        >
          {query.error.message}
        </ErrorState>
      ) : query.data.length === 0 ? (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
          <p className="min-w-52 flex-1 text-pretty text-ink-2">
            No key yet. One lets a script upload, generate and publish for {business.name}, without
            anybody's password.
          </p>
          <ButtonAnchor href="/api/v1/docs" size="sm">
            What the API can do
          </ButtonAnchor>
        </div>
      ) : (
        <ul aria-label="API keys" className="-my-3 divide-y divide-line">
          {query.data.map((apiKey) => (
            <ApiKeyRow key={apiKey.id} apiKey={apiKey} />
          ))}
        </ul>
      )}
      {query.data && <Example businessId={business.id} />}
      {isMaking && <MakeApiKeyDialog onClose={() => setMaking(false)} />}
    </Section>
  );
}

/** A first call to copy, with the id that programs name the business by. */
function Example({ businessId }: { businessId: number }) {
  const call = `curl "${window.location.origin}/api/v1/images/list?business_id=${businessId}" \\\n  -H "Authorization: Bearer $key"`;
  return (
    <figure className="mt-5 border-line border-t pt-4">
      <figcaption className="text-ink-2 text-small">
        The id of this business is <b className="font-semibold tabular-nums">{businessId}</b>. This
        lists its images:
      </figcaption>
      <pre className="mt-2 whitespace-pre-wrap rounded-control [overflow-wrap:anywhere] bg-sunken p-3 font-mono text-caption">
        {call}
      </pre>
    </figure>
  );
}
