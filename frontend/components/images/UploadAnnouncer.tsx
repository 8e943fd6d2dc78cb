import type { Upload } from "@/lib/upload/queue";
import type { UploadSummary } from "@/lib/upload/summary";
import { spokenWords } from "./uploadWords";

/** Says how far a batch is, to those who listen. */
export function UploadAnnouncer({
  uploads,
  summary,
}: {
  uploads: readonly Upload[];
  summary: UploadSummary;
}) {
  return (
    <p role="status" className="sr-only">
      {spokenWords(summary, uploads)}
    </p>
  );
}
