import type { Image, Limits } from "@/lib/api/types";
import { formatMebibytes, plural } from "@/lib/format";

/** What can be uploaded, in a line. */
export function uploadHint({ max_upload_bytes, min_side, max_side }: Limits): string {
  return `JPEG, PNG, GIF or WebP, up to ${formatMebibytes(max_upload_bytes)}, ${min_side} to ${max_side} pixels a side`;
}

/** What a tile shows, in words: "harbour.jpg, AI generated, used 3 times". */
export function tileWords(image: Image): string {
  return [
    image.alt_text || image.original_filename,
    image.is_ai_generated && "AI generated",
    image.usage_count > 0 && `used ${plural(image.usage_count, "time")}`,
  ]
    .filter(Boolean)
    .join(", ");
}
