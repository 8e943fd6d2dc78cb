import type { Image, Limits } from "@/lib/api/types";
import { formatMebibytes, plural } from "@/lib/format";
import { formatNames } from "@/lib/upload/refusals";

const USUAL = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/** What can be uploaded, in a line; `mimeTypes` are the kinds that the server takes, once it has told. */
export function uploadHint(
  { max_upload_bytes, min_side, max_side }: Limits,
  mimeTypes: readonly string[] = USUAL,
): string {
  return `${formatNames(mimeTypes)}, up to ${formatMebibytes(max_upload_bytes)}, ${min_side} to ${max_side} pixels a side`;
}

/** Where an image comes from: "Uploaded", "AI generated". */
export function originWords({ is_ai_generated }: Image): string {
  return is_ai_generated ? "AI generated" : "Uploaded";
}

/** What a tile shows, in words: "harbour.jpg, AI generated, used 3 times". */
export function tileWords(image: Image): string {
  return [
    image.alt_text || image.original_filename,
    image.is_ai_generated && originWords(image),
    image.animated && "animated",
    image.usage_count > 0 && `used ${plural(image.usage_count, "time")}`,
  ]
    .filter(Boolean)
    .join(", ");
}

const DAY = 86_400_000;

/** In how many days an image of the trash is gone for good: whole days, 0 when it may go at any moment. */
export function daysLeft(deletedAt: string, trashDays: number, now = Date.now()): number {
  const goesAt = Date.parse(deletedAt) + trashDays * DAY;
  return Math.max(0, Math.ceil((goesAt - now) / DAY));
}

/** "Gone for good in 12 days", "Gone for good today". */
export function goneWords(days: number): string {
  return days === 0 ? "Gone for good today" : `Gone for good in ${plural(days, "day")}`;
}
