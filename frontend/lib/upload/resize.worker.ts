/** Makes one picture fit, off the main thread. It is told once, answers once, and is then ended. */
import { type Encoding, encodingsFor, fitSides, halvings, type Sides, uprightMatrix } from "./fit";

export interface ResizeOrder {
  file: Blob;
  mimeType: string;
  hasAlpha: boolean;
  /** How it has to be turned beyond what the browser does by itself; 1 to 8 as in EXIF. */
  orientation: number;
  maxBytes: number;
  minSide: number;
  maxSide: number;
}

export type ResizeAnswer =
  | { blob: Blob; type: Encoding["type"] }
  | { problem: "unreadable" | "transparent" | "stubborn" };

/** How much smaller each further try is, when no format made the file small enough. */
const SHRINK = 0.9;

self.onmessage = async ({ data }: MessageEvent<ResizeOrder>) => {
  self.postMessage(await makeFit(data));
};

async function makeFit(order: ResizeOrder): Promise<ResizeAnswer> {
  const { hasAlpha, maxBytes, minSide, maxSide } = order;
  let canvas: OffscreenCanvas;
  try {
    canvas = await open(order);
  } catch {
    return { problem: "unreadable" };
  }
  const encodings = encodingsFor(order.mimeType, hasAlpha);
  for (;;) {
    const fitting = await firstFitting(canvas, encodings, maxBytes);
    if (fitting) return fitting;
    // Fewer pixels would be a way for these as well, but whoever made something transparent made it for
    // a purpose, and should decide themselves.
    if (hasAlpha) return { problem: "transparent" };
    const smaller = { width: canvas.width * SHRINK, height: canvas.height * SHRINK };
    if (Math.min(smaller.width, smaller.height) < minSide) return { problem: "stubborn" };
    canvas = shrunk(canvas, fitSides(smaller, maxSide), hasAlpha);
  }
}

async function open(order: ResizeOrder): Promise<OffscreenCanvas> {
  const { file, hasAlpha, orientation, maxSide } = order;
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const canvas = shrunk(bitmap, fitSides(bitmap, maxSide), hasAlpha);
  bitmap.close();
  return orientation > 1 ? turned(canvas, orientation, hasAlpha) : canvas;
}

function turned(source: OffscreenCanvas, orientation: number, hasAlpha: boolean): OffscreenCanvas {
  const { width, height } = source;
  const canvas =
    orientation >= 5 ? new OffscreenCanvas(height, width) : new OffscreenCanvas(width, height);
  const context = contextOf(canvas, hasAlpha);
  context.setTransform(...uprightMatrix(orientation, source));
  context.drawImage(source, 0, 0);
  return canvas;
}

function contextOf(canvas: OffscreenCanvas, hasAlpha: boolean): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d", { alpha: hasAlpha });
  if (!context) throw new Error("The canvas cannot be drawn on.");
  return context;
}

function shrunk(
  source: ImageBitmap | OffscreenCanvas,
  to: Sides,
  hasAlpha: boolean,
): OffscreenCanvas {
  let from: CanvasImageSource & Sides = source;
  let canvas: OffscreenCanvas | undefined;
  for (const { width, height } of halvings(source, to)) {
    canvas = new OffscreenCanvas(width, height);
    const context = contextOf(canvas, hasAlpha);
    context.imageSmoothingQuality = "high";
    context.drawImage(from, 0, 0, width, height);
    from = canvas;
  }
  return canvas as OffscreenCanvas;
}

async function firstFitting(
  canvas: OffscreenCanvas,
  encodings: readonly Encoding[],
  maxBytes: number,
): Promise<{ blob: Blob; type: Encoding["type"] } | null> {
  for (const { type, quality } of encodings) {
    const blob = await canvas.convertToBlob({ type, ...(quality && { quality }) });
    // A browser that cannot write a format writes PNG instead.
    if (blob.type === type && blob.size <= maxBytes) return { blob, type };
  }
  return null;
}
