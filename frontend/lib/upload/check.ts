import type { ApiError } from "@/lib/api/client";
import { fitSides } from "./fit";
import { isAnimated, type Picture, type PictureFormat, readPicture } from "./picture";
import { notAPicture, tooLarge, tooManyPixels, tooSmall } from "./refusals";

/** What the server takes. Sides in pixels. */
export interface UploadLimits {
  maxBytes: number;
  minSide: number;
  maxSide: number;
  /** Content types, in the order in which the server names them; undefined while they are not known. */
  mimeTypes: readonly string[] | undefined;
}

/** Why a file would not be taken, and whether resizing it here helps. */
export interface Finding {
  refusal: ApiError;
  mayResize: boolean;
  /** Why resizing is not offered, where one would expect it. */
  note: string | null;
}

/** More pixels than a browser can be trusted to hold at once. */
const MOST_PIXELS = 200_000_000;

/**
 * Says what the server would say of a file, in the order in which it looks: bytes, kind, sides. Null
 * where nothing speaks against it; whether the picture is whole, only the server finds out.
 */
export async function checkFile(file: File, limits: UploadLimits): Promise<Finding | null> {
  const picture = await readPicture(file);
  if (file.size > limits.maxBytes) {
    return { refusal: tooLarge(limits.maxBytes), ...(await canFit(file, picture, limits)) };
  }
  if (!picture) {
    if (!limits.mimeTypes) return null;
    return { refusal: notAPicture(limits.mimeTypes), mayResize: false, note: null };
  }
  if (!picture.sides) return null;
  const { width, height } = picture.sides;
  if (Math.min(width, height) < limits.minSide) {
    return { refusal: tooSmall(width, height, limits.minSide), mayResize: false, note: null };
  }
  if (Math.max(width, height) > limits.maxSide) {
    const refusal = tooManyPixels(width, height, limits.maxSide);
    return { refusal, ...(await canFit(file, picture, limits)) };
  }
  return null;
}

async function canFit(
  file: File,
  picture: Picture | null,
  limits: UploadLimits,
): Promise<Pick<Finding, "mayResize" | "note">> {
  if (!picture || !canResizeHere() || !(await canOpen(picture.format))) {
    return { mayResize: false, note: null };
  }
  const note =
    (await animationNote(file, picture)) ?? (picture.sides && sidesNote(picture.sides, limits));
  return { mayResize: !note, note };
}

async function animationNote(file: File, { format }: Picture): Promise<string | null> {
  return (await isAnimated(file, format))
    ? "It moves, and resizing it here would keep only its first frame."
    : null;
}

function sidesNote(
  sides: { width: number; height: number },
  { minSide, maxSide }: UploadLimits,
): string | null {
  if (sides.width * sides.height > MOST_PIXELS) {
    return "It has too many pixels to be resized in a browser.";
  }
  const fitting = fitSides(sides, maxSide);
  const [shorter, which] =
    fitting.width < fitting.height ? [fitting.width, "wide"] : [fitting.height, "high"];
  return shorter < minSide
    ? `Resized to fit, it would be only ${shorter} pixels ${which}. Crop it first.`
    : null;
}

/** Whether this browser can resize off the main thread. */
function canResizeHere(): boolean {
  return (
    typeof Worker !== "undefined" &&
    typeof OffscreenCanvas !== "undefined" &&
    typeof createImageBitmap !== "undefined"
  );
}

/** Every browser opens the four old formats; of the newer ones it must say so. */
async function canOpen(format: PictureFormat): Promise<boolean> {
  if (format !== "heic" && format !== "avif") return true;
  // Browsers without this interface are those that open both.
  if (typeof ImageDecoder === "undefined") return true;
  return ImageDecoder.isTypeSupported(`image/${format}`);
}
