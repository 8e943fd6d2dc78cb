import { ImageOff } from "lucide-react";
import { type ReactNode, useState } from "react";
import { practiceNote } from "@/components/generator/price";
import { providerTitle } from "@/components/generator/providers";
import { Button } from "@/components/ui/Button";
import { Moment } from "@/components/ui/Moment";
import type { Usage, UsageEntry } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatCount, formatUsd, plural } from "@/lib/format";
import { billedWords, billSentence, chargedWords, isUnknown, outcomeWords } from "../money";
import { mayManage } from "../roles";
import { SettleCostDialog } from "./SettleCostDialog";
import { Shares, UsageChart } from "./UsageChart";

interface MonthReportProps {
  usage: Usage;
  entries: readonly UsageEntry[];
  /** Undefined where all of them are shown. */
  more: (() => void) | undefined;
  isFetchingMore: boolean;
}

/** A month: its sums, by day, by model and by person, and every single entry. */
export function MonthReport({ usage, entries, more, isFetchingMore }: MonthReportProps) {
  if (entries.length === 0) {
    return (
      <p className="flex items-center gap-2.5 text-ink-2">
        <ImageOff aria-hidden className="size-4 shrink-0 text-ink-3" />
        No image was made with AI in this month, so nothing was spent.
      </p>
    );
  }
  return (
    <div className="flex flex-col gap-6">
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4">
        <Figure name="Images">{formatCount(usage.images)}</Figure>
        <Figure
          name="Charged"
          notes={[
            practiceNote(usage.charged_usd, usage.practice_charged_usd),
            Number(usage.reserved_usd) > 0 && `${formatUsd(usage.reserved_usd)} more is set aside`,
          ]}
        >
          {formatUsd(usage.charged_usd)}
        </Figure>
        <Figure name="Free images used">
          {usage.free_used}
          {usage.free_per_month > 0 && ` of ${usage.free_per_month}`}
        </Figure>
        <Figure
          name="Providers bill"
          notes={[
            practiceNote(usage.provider_cost_usd, usage.practice_cost_usd),
            usage.unknown_count > 0 &&
              Number(usage.provider_cost_usd) > 0 &&
              `not known for ${plural(usage.unknown_count, "image")}`,
          ]}
        >
          {usage.unknown_count > 0 && Number(usage.provider_cost_usd) === 0
            ? "Unknown"
            : formatUsd(usage.provider_cost_usd)}
        </Figure>
      </dl>
      <UsageChart usage={usage} />
      <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
        <Shares
          title="By model"
          rows={usage.by_model.map((sums) => ({ key: sums.model, name: sums.model, sums }))}
        />
        <Shares
          title="By person"
          rows={usage.by_member.map((sums) => ({ key: sums.user_id, name: sums.name, sums }))}
        />
      </div>
      <div>
        <h3 className="font-semibold text-small">Every image</h3>
        <table className="mt-1 w-full table-fixed text-small tabular-nums">
          <caption className="sr-only">Every image of the month, newest first</caption>
          <thead className="text-left text-ink-3">
            <tr>
              <th className="py-1.5 pr-3 font-medium">Image</th>
              <th className="w-32 py-1.5 pr-3 font-medium max-sm:hidden">When</th>
              <th className="w-24 py-1.5 pr-3 text-right font-medium">Charged</th>
              <th className="w-28 py-1.5 text-right font-medium max-sm:hidden">Provider bills</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <Line key={entry.id} entry={entry} />
            ))}
          </tbody>
        </table>
        {more && (
          <Button size="sm" className="mt-3" onClick={more} isBusy={isFetchingMore}>
            Show more
          </Button>
        )}
      </div>
      <p className="sr-only">{billSentence(usage)}</p>
    </div>
  );
}

/** A sum, and what is to be known about it, a line each. */
function Figure({
  name,
  notes = [],
  children,
}: {
  name: string;
  notes?: ReadonlyArray<string | false | undefined>;
  children: ReactNode;
}) {
  return (
    <div>
      <dt className="text-caption text-ink-3">{name}</dt>
      <dd className="font-[650] text-lead tabular-nums">
        {children}
        {notes.map(
          (note) =>
            note && (
              <span key={note} className="block font-normal text-caption text-ink-3">
                {note}
              </span>
            ),
        )}
      </dd>
    </div>
  );
}

function Line({ entry }: { entry: UsageEntry }) {
  const { timezone, role } = useBusiness();
  const [isSettling, setSettling] = useState(false);
  const settle = isUnknown(entry) && mayManage(role) && (
    <button
      type="button"
      className="link"
      aria-label={`Settle what “${entry.prompt}” cost`}
      onClick={() => setSettling(true)}
    >
      Settle
    </button>
  );
  return (
    <tr className="border-line border-t align-top">
      <td className="py-2 pr-3">
        <p className="truncate" title={entry.prompt}>
          {entry.prompt}
        </p>
        <p className="truncate text-caption text-ink-3">
          {outcomeWords(entry)}
          {entry.member} · {entry.model} · {providerTitle(entry.provider)}
        </p>
        <p className="text-caption text-ink-3 sm:hidden">
          Provider bills: {billedWords(entry)} {settle}
        </p>
        {isSettling && <SettleCostDialog entry={entry} onClose={() => setSettling(false)} />}
      </td>
      <td className="py-2 pr-3 text-ink-2 max-sm:hidden">
        <Moment at={entry.created_at} timezone={timezone} isSentence />
      </td>
      <td className="py-2 pr-3 text-right">{chargedWords(entry)}</td>
      <td className="py-2 text-right text-ink-2 max-sm:hidden">
        {billedWords(entry)}
        {settle && <span className="block">{settle}</span>}
      </td>
    </tr>
  );
}
