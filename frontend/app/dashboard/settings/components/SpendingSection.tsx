import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Download } from "lucide-react";
import { useState } from "react";
import { isAllPractice, priceOf } from "@/components/generator/price";
import { ButtonAnchor } from "@/components/ui/Button";
import { ErrorState, Loading, Progress, Skeleton } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { generationOptionsQuery } from "@/lib/api/generations";
import type { GenerationOptions } from "@/lib/api/types";
import { monthQuery, usageFileUrl } from "@/lib/api/usage";
import { useBusiness } from "@/lib/business";
import { formatMoney } from "@/lib/format";
import { monthAfter, monthName } from "../months";
import { CapForm } from "./CapForm";
import { MonthReport } from "./MonthReport";
import { Section } from "./Section";

/** What AI images cost: what is left, the limit, and a month of the ledger. */
export function SpendingSection() {
  const business = useBusiness();
  const options = useQuery(generationOptionsQuery(business.id));
  const [chosen, setChosen] = useState<string | undefined>();
  const month = useInfiniteQuery(monthQuery(business.id, chosen));
  const first = month.data?.pages[0];
  const shown = first?.month ?? chosen;
  return (
    <Section
      id="ai-and-spending"
      title="AI and spending"
      words="What images made with AI cost this business, and how much they may cost."
    >
      <div className="flex flex-col gap-6">
        {options.data ? (
          <Left options={options.data} />
        ) : (
          options.isError && (
            <ErrorState
              title="What is left could not be read"
              onRetry={() => options.refetch()}
              isRetrying={options.isFetching}
              isCompact
            >
              {options.error.message}
            </ErrorState>
          )
        )}
        <CapForm
          key={business.monthly_ai_cap_usd ?? ""}
          isPractice={options.data !== undefined && isAllPractice(options.data)}
        />
        <div className="border-line border-t pt-5">
          <div className="mb-4 flex flex-wrap items-center gap-2">
            <h3 className="min-w-36 font-semibold text-name" aria-live="polite">
              {shown ? monthName(shown) : "This month"}
            </h3>
            {shown && (
              <>
                <IconButton
                  label="Month before"
                  icon={ChevronLeft}
                  size="sm"
                  onClick={() => setChosen(monthAfter(shown, -1))}
                />
                <IconButton
                  label="Month after"
                  icon={ChevronRight}
                  size="sm"
                  disabled={chosen === undefined}
                  onClick={() => {
                    const next = monthAfter(shown, 1);
                    setChosen(options.data && next >= thisMonth(options.data) ? undefined : next);
                  }}
                />
                <ButtonAnchor
                  href={usageFileUrl(business.id, shown)}
                  download
                  size="sm"
                  icon={Download}
                  className="ml-auto"
                >
                  CSV
                </ButtonAnchor>
              </>
            )}
          </div>
          {month.isPending ? (
            <Loading label="Loading the month">
              <div className="flex flex-col gap-4">
                <Skeleton className="h-12" />
                <Skeleton className="h-28" />
                <Skeleton className="h-20" />
              </div>
            </Loading>
          ) : month.isError && !first ? (
            <ErrorState
              title="The month could not be loaded"
              onRetry={() => month.refetch()}
              isRetrying={month.isFetching}
              isCompact
            >
              {month.error.message} Nothing is lost.
            </ErrorState>
          ) : (
            first && (
              <MonthReport
                usage={first}
                entries={month.data?.pages.flatMap(({ entries }) => entries) ?? []}
                more={month.hasNextPage ? () => void month.fetchNextPage() : undefined}
                isFetchingMore={month.isFetchingNextPage}
              />
            )
          )}
        </div>
      </div>
    </Section>
  );
}

/** The month before the one in which there are new free images. */
function thisMonth({ free_resets_at }: GenerationOptions): string {
  return monthAfter(
    free_resets_at.slice(0, 7),
    new Date(free_resets_at).getUTCDate() > 15 ? 0 : -1,
  );
}

/** How much there is left, and when that begins anew. */
function Left({ options }: { options: GenerationOptions }) {
  const { timezone } = useBusiness();
  const price = priceOf(options, timezone);
  const { cap_usd, cap_remaining, free_per_month, free_remaining } = options;
  const isPractice = isAllPractice(options);
  const extra = formatMoney(options.extra_price_usd, isPractice);
  const spent = cap_usd === null ? 0 : Number(cap_usd) - Number(cap_remaining);
  return (
    <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
      <div>
        <p className="flex justify-between gap-3">
          <span className="text-ink-2">Free images</span>
          <span className="font-semibold tabular-nums">
            {free_per_month > 0 ? `${price.freeLeft} left` : "none"}
          </span>
        </p>
        {free_per_month > 0 && (
          <Progress
            label="Free images left"
            value={free_remaining / free_per_month}
            tone="ai"
            className="mt-2"
          />
        )}
        <p className="mt-1.5 text-caption text-ink-3">
          {free_per_month > 0
            ? `New ones on ${price.resetsOn}. Each further one is ${extra}.`
            : `Each image is ${extra}.`}
        </p>
      </div>
      <div>
        <p className="flex justify-between gap-3">
          <span className="text-ink-2">
            {cap_remaining === null ? "Monthly limit" : "Under the limit"}
          </span>
          <span className="font-semibold tabular-nums">
            {cap_remaining === null ? "none" : `${formatMoney(cap_remaining, isPractice)} left`}
          </span>
        </p>
        {cap_usd !== null && (
          <Progress
            label="Spent of the limit"
            value={Number(cap_usd) === 0 ? 1 : Math.min(1, spent / Number(cap_usd))}
            tone={price.isCapped ? "bad" : "accent"}
            className="mt-2"
          />
        )}
        <p className="mt-1.5 text-caption text-ink-3">
          {cap_usd === null
            ? "Nothing stops spending this month."
            : `${formatMoney(cap_usd, isPractice)} a month${price.isCapped ? "; the next image does not fit any more" : ""}. It starts anew on ${price.resetsOn}.`}
        </p>
      </div>
    </div>
  );
}
