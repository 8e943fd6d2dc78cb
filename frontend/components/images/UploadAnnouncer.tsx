import { plural } from "@/lib/format";
import type { Upload } from "@/lib/upload/queue";
import type { UploadSummary } from "@/lib/upload/summary";

/** What a batch amounts to, in words: "2 of 5 uploaded", "4 images uploaded, 1 not taken". */
export function summaryWords({ total, done, failed, active }: UploadSummary): string {
  if (active > 0) return `Uploading ${done + failed + 1} of ${total}`;
  if (done === 0) return failed === 1 ? "Not uploaded" : `${plural(failed, "file")} not uploaded`;
  const arrived = `${plural(done, "image")} uploaded`;
  return failed ? `${arrived}, ${failed} not` : arrived;
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
            : summaryWords(summary)}
      </p>
      <p role="alert" className="sr-only">
        {refused ? `${refused.file.name}: ${refused.error?.detail ?? ""}` : ""}
      </p>
    </>
  );
}
