import type { UsageSums } from "@/lib/api/types";
import { chargedSum, costWords } from "../money";

interface SumsTableProps {
  caption: string;
  head: string;
  rows: ReadonlyArray<{ key: string; name: string; sums: UsageSums }>;
}

/** Sums of the ledger, a line each. */
export function SumsTable({ caption, head, rows }: SumsTableProps) {
  return (
    <table className="mt-2 w-full tabular-nums">
      <caption className="sr-only">{caption}</caption>
      <thead className="text-left text-ink-3">
        <tr>
          <th className="py-1 pr-3 font-medium">{head}</th>
          <th className="py-1 pr-3 text-right font-medium">Images</th>
          <th className="py-1 pr-3 text-right font-medium">Charged</th>
          <th className="py-1 text-right font-medium">Provider bills</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, name, sums }) => (
          <tr key={key} className="border-line border-t">
            <th scope="row" className="py-1 pr-3 text-left font-normal">
              {name}
            </th>
            <td className="py-1 pr-3 text-right">{sums.images}</td>
            <td className="py-1 pr-3 text-right">{chargedSum(sums)}</td>
            <td className="py-1 text-right">{costWords(sums)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
