import { formatCount, plural } from "@/lib/format";
import type { Upload } from "@/lib/upload/queue";
import type { UploadSummary } from "@/lib/upload/summary";

/** "harbour.jpg"; what comes from the clipboard has no name. */
export function uploadName({ file }: Pick<Upload, "file">): string {
  return file.name || "Pasted picture";
}

/** What a batch amounts to: "Uploading 2 of 5", "196 uploaded, 2 were there already, 2 not taken". */
export function summaryWords(summary: UploadSummary): string {
  const { total, done, duplicates, failed, active, isAway } = summary;
  if (isAway) return "Waiting for the connection";
  if (active > 0) return `Uploading ${formatCount(done + failed + 1)} of ${formatCount(total)}`;
  if (failed === total) {
    return total === 1 ? "Not uploaded" : `${plural(total, "file")} not uploaded`;
  }
  if (duplicates === total) return "Already in your library";
  const fresh = done - duplicates;
  if (fresh === total) return `${plural(fresh, "image")} uploaded`;
  return [
    fresh > 0 && `${formatCount(fresh)} uploaded`,
    duplicates > 0 &&
      `${formatCount(duplicates)} ${duplicates === 1 ? "was" : "were"} there already`,
    failed > 0 && `${formatCount(failed)} not taken`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** What one upload waits for, or how it ended well. */
export function stateWords({ state, error, isDuplicate }: Upload): string {
  if (state === "done") return isDuplicate ? "Already in your library" : "In your library";
  if (state === "resizing") return "Making it fit";
  if (error?.isNetwork) return "Waiting for the connection";
  if (error) return "The server is busy. We try again in a moment.";
  return "Waiting";
}

/** Why a file was not taken, and why resizing would not help, in whole sentences. */
export function refusalWords({ error, note }: Upload): string {
  return [error?.detail, note].filter(Boolean).join(" ");
}

/** Every file that was not taken, with the reason, one a line: to be kept or sent to somebody. */
export function refusedList(uploads: readonly Upload[]): string {
  return uploads
    .filter(({ state }) => state === "failed")
    .map((upload) => `${uploadName(upload)}: ${refusalWords(upload)}`)
    .join("\n");
}

/**
 * What is said of a batch: its beginning, each quarter of a long one, a lost connection, and its end with
 * the reasons. Not each percent.
 */
export function spokenWords(summary: UploadSummary, uploads: readonly Upload[]): string {
  const { total, done, failed, active, isAway } = summary;
  if (total === 0) return "";
  if (isAway) return "The connection is lost. Uploading goes on when it is back.";
  if (active > 0) {
    const quarters = total >= 20 ? Math.floor((4 * (done + failed)) / total) : 0;
    const reached = Math.ceil((quarters * total) / 4);
    return quarters > 0
      ? `${formatCount(reached)} of ${plural(total, "file")} uploaded`
      : `Uploading ${plural(total, "file")}`;
  }
  const refused = uploads.filter(({ state }) => state === "failed");
  const reasons = refused
    .slice(0, 3)
    .map((upload) => `${uploadName(upload)}: ${refusalWords(upload)}`);
  return [`${summaryWords(summary)}.`, ...reasons].join(" ");
}
