/**
 * Small pictures of files, for lists that may be long: a picture of twelve megapixels takes 48 MB while it
 * is open, so that few are open at once, and only the small one is kept.
 */

const AT_ONCE = 2;
const waiting: Array<() => void> = [];
let running = 0;

/**
 * The picture in a file, `width` pixels wide. Null where this browser cannot open it, or when nobody
 * waits for it any more. Close it when it is drawn.
 */
export async function openPreview(
  file: Blob,
  width: number,
  signal: AbortSignal,
): Promise<ImageBitmap | null> {
  if (typeof createImageBitmap === "undefined") return null;
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    if (signal.aborted) return null;
    const bitmap = await createImageBitmap(file, { resizeWidth: width, resizeQuality: "medium" });
    if (!signal.aborted) return bitmap;
    bitmap.close();
    return null;
  } catch {
    return null;
  } finally {
    // The place goes to the next one without becoming free.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

/** Fills a square canvas with the middle of the picture. */
export function drawCovering(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  const side = Math.min(bitmap.width, bitmap.height);
  canvas
    .getContext("2d")
    ?.drawImage(
      bitmap,
      (bitmap.width - side) / 2,
      (bitmap.height - side) / 2,
      side,
      side,
      0,
      0,
      canvas.width,
      canvas.height,
    );
}
