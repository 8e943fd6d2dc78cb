/**
 * What the server says of a file that it does not take, word for word, for files that are not worth
 * the journey. A browser test holds these sentences against the server's own.
 */
import { ApiError } from "@/lib/api/client";
import { formatMebibytes } from "@/lib/format";

export function tooLarge(limit: number): ApiError {
  return new ApiError({
    status: 413,
    code: "file_too_large",
    detail: `The file is larger than ${formatMebibytes(limit)}. Make it smaller and send it again.`,
    problem: { limit },
  });
}

export function tooSmall(width: number, height: number, limit: number): ApiError {
  return new ApiError({
    status: 422,
    code: "image_too_small",
    detail: `This picture is ${width} × ${height} pixels. Use one that is at least ${limit} pixels on each side.`,
    problem: { width, height, limit },
  });
}

export function tooManyPixels(width: number, height: number, limit: number): ApiError {
  return new ApiError({
    status: 422,
    code: "image_dimensions_too_large",
    detail: `This picture is ${width} × ${height} pixels. Make it at most ${limit} pixels on each side and upload it again.`,
    problem: { width, height, limit },
  });
}

/** `accepted` are the content types that the server takes. */
export function notAPicture(accepted: readonly string[]): ApiError {
  return new ApiError({
    status: 415,
    code: "unsupported_image_type",
    detail: `This file is not a picture that we can take. Use a ${formatNames(accepted)} picture.`,
    problem: { accepted },
  });
}

const NAMES: Record<string, string> = {
  "image/jpeg": "JPEG",
  "image/png": "PNG",
  "image/gif": "GIF",
  "image/webp": "WebP",
  "image/heic": "HEIC",
  "image/avif": "AVIF",
};

/** "JPEG, PNG, GIF or WebP", in the server's order. */
export function formatNames(accepted: readonly string[]): string {
  const names = accepted.flatMap((type) => NAMES[type] ?? []);
  const last = names.at(-1) ?? "";
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} or ${last}` : last;
}
