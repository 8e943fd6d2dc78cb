import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { isAllPractice, practiceNote } from "@/components/generator/price";
import { ErrorState, Loading, Progress, Skeleton } from "@/components/ui/feedback";
import { Card } from "@/components/ui/surface";
import { generationOptionsQuery } from "@/lib/api/generations";
import type { Usage } from "@/lib/api/types";
import { usageQuery } from "@/lib/api/usage";
import { useBusiness } from "@/lib/business";
import { formatUsd, plural } from "@/lib/format";

/** What AI images came to this month. */
export function SpendingCard() {
  const business = useBusiness();
  const query = useQuery(usageQuery(business.id));
  return (
    <Card
      title="AI spending this month"
      titleId="ai-spending"
      aside={
        <Link to="/dashboard/settings" hash="ai-and-spending" className="link text-small">
          Details
        </Link>
      }
    >
      {query.data ? (
        <Spending usage={query.data} />
      ) : query.isError ? (
        <ErrorState
          title="The spending could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
          className="pt-1.5"
        >
          {query.error.message}
        </ErrorState>
      ) : (
        <Loading label="Loading the spending">
          <div className="flex flex-col gap-2 pt-2">
            <Skeleton className="h-8 w-24" />
            <Skeleton className="h-5" />
          </div>
        </Loading>
      )}
    </Card>
  );
}

function Spending({ usage }: { usage: Usage }) {
  const { id, monthly_ai_cap_usd: cap } = useBusiness();
  const options = useQuery({ ...generationOptionsQuery(id), enabled: cap !== null });
  const practice =
    practiceNote(usage.charged_usd, usage.practice_charged_usd) ??
    (options.data && isAllPractice(options.data) ? "practice money" : undefined);
  const spent = Number(usage.charged_usd) + Number(usage.reserved_usd);
  return (
    <div className="pt-1">
      <p className="flex flex-wrap items-baseline gap-x-2 tabular-nums">
        <span className="font-[650] text-display tracking-[-0.02em]">
          {formatUsd(usage.charged_usd)}
        </span>{" "}
        {cap !== null && <span className="text-ink-3">of {formatUsd(cap)}</span>}
        {practice && <span className="text-ink-3 text-small">{practice}</span>}
      </p>
      {cap !== null && (
        <Progress
          label="Spent of the monthly limit"
          value={Number(cap) === 0 ? 1 : Math.min(1, spent / Number(cap))}
          tone={spent >= Number(cap) ? "bad" : "ai"}
          className="my-2"
        />
      )}
      <p className="text-ink-2 text-small tabular-nums">
        {usage.images === 0
          ? usage.free_per_month > 0
            ? `No image yet. ${plural(usage.free_per_month, "image")} a month ${usage.free_per_month === 1 ? "is" : "are"} free.`
            : "No image yet."
          : plural(usage.images, "image")}
        {usage.images > 0 &&
          usage.free_per_month > 0 &&
          `, ${usage.free_used} of ${usage.free_per_month} free ones used`}
        {Number(usage.reserved_usd) > 0 && ` · ${formatUsd(usage.reserved_usd)} set aside`}
      </p>
      {usage.unknown_count > 0 && (
        <p className="text-ink-3 text-small">
          What providers bill is unknown for {plural(usage.unknown_count, "image")}.
        </p>
      )}
    </div>
  );
}
