import type { Usage } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { chargedSum, costWords } from "../money";
import { dayName, daysOf } from "../months";
import { SumsTable } from "./SumsTable";

/** A month's images by day as bars, and the same as a table. */
export function UsageChart({ usage }: { usage: Usage }) {
  const days = new Map(usage.by_day.map((sums) => [sums.day, sums]));
  const most = Math.max(1, ...usage.by_day.map(({ images }) => images));
  return (
    <figure>
      <figcaption className="flex items-baseline justify-between gap-3 text-small">
        <span className="font-semibold">Images by day</span>
        <span aria-hidden className="text-caption text-ink-3 tabular-nums">
          most on a day: {most}
        </span>
      </figcaption>
      <div
        aria-hidden
        className="mt-2 flex h-28 items-end gap-px border-line-strong border-b sm:gap-0.5"
      >
        {daysOf(usage.month).map((day) => {
          const sums = days.get(day);
          return (
            <div
              key={day}
              title={
                sums
                  ? `${dayName(day)}: ${plural(sums.images, "image")}, charged ${chargedSum(sums)}`
                  : `${dayName(day)}: none`
              }
              className="flex h-full min-w-0 flex-1 items-end hover:bg-ink/5"
            >
              {sums && (
                <div
                  className="w-full rounded-t-[3px] bg-ai"
                  style={{ height: `${Math.max(3, (sums.images / most) * 100)}%` }}
                />
              )}
            </div>
          );
        })}
      </div>
      <div aria-hidden className="mt-1 flex text-caption text-ink-3 tabular-nums">
        {daysOf(usage.month).map((day, index) => (
          <span key={day} className="min-w-0 flex-1 overflow-visible whitespace-nowrap text-center">
            {index % 7 === 0 ? index + 1 : ""}
          </span>
        ))}
      </div>
      <details className="mt-2 text-small">
        <summary className="link w-fit">Days as a table</summary>
        <SumsTable
          caption="Images by day"
          head="Day"
          rows={usage.by_day.map((sums) => ({ key: sums.day, name: dayName(sums.day), sums }))}
        />
      </details>
    </figure>
  );
}

interface SharesProps {
  title: string;
  rows: ReadonlyArray<{
    key: string | number;
    name: string;
    sums: Usage["by_model"][number] | Usage["by_member"][number];
  }>;
}

/** Who or what made how many: a bar each, longest first, with its figures in words. */
export function Shares({ title, rows }: SharesProps) {
  const most = Math.max(1, ...rows.map(({ sums }) => sums.images));
  const sorted = [...rows].sort((one, other) => other.sums.images - one.sums.images);
  return (
    <div className="min-w-0">
      <h3 className="font-semibold text-small">{title}</h3>
      <ul className="mt-2 flex flex-col gap-2.5">
        {sorted.map(({ key, name, sums }) => (
          <li key={key}>
            <p className="flex justify-between gap-3">
              <span className="truncate">{name}</span>
              <span className="shrink-0 text-ink-2 tabular-nums">
                {plural(sums.images, "image")} · {chargedSum(sums)}
              </span>
            </p>
            <div aria-hidden className="mt-1 h-1.5 rounded-full bg-sunken">
              <div
                className="h-full rounded-full bg-ai"
                style={{ width: `${(sums.images / most) * 100}%` }}
              />
            </div>
            <p className="mt-0.5 text-caption text-ink-3 tabular-nums">
              Provider bills {costWords(sums)}
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}
