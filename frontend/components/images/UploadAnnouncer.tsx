import { formatCount, plural } from "@/lib/format";
import type { Upload } from "@/lib/upload/queue";
import type { UploadSummary } from "@/lib/upload/summary";

/** What a batch amounts to: "Uploading 2 of 5", "3 images uploaded, 1 not taken". */
export function summaryWords(
  { total, done, failed, active }: UploadSummary,
  uploads: readonly Upload[],
): string {
  const duplicates = uploads.filter(({ isDuplicate }) => isDuplicate).length;
  if (active > 0) return `Uploading ${done + failed + 1} of ${total}`;
  if (failed === total)
    return total === 1 ? "Not uploaded" : `${plural(total, "file")} not uploaded`;
  if (duplicates === total) return "Already in your library";
  const words = [
    done > duplicates && `${plural(done - duplicates, "image")} uploaded`,
    duplicates > 0 && `${formatCount(duplicates)} already there`,
    failed > 0 && `${formatCount(failed)} not taken`,
  ];
  return words.filter(Boolean).join(", ");
}

/** Speaks when a batch begins, when it ends, and when a file is refused; not at every percent. */
export function UploadAnnouncer({
  uploads,
  summary,
}: {
  uploads: readonly Upload[];
  summary: UploadSummary;
}) {
  const refused = uploads.filter(({ state }) => state === "failed").at(-1);
  return (
    <>
      <p role="status" className="sr-only">
        {summary.total === 0
          ? ""
          : summary.active > 0
            ? `Uploading ${plural(summary.total, "file")}`
            : summaryWords(summary, uploads)}
      </p>
      <p role="alert" className="sr-only">
        {refused ? `${refused.file.name}: ${refused.error?.detail ?? ""}` : ""}
      </p>
    </>
  );
}
