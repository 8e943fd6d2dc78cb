import type { Image } from "@/lib/api/types";

/** Something painted on a picture; all figures are parts of its width and height, 0 to 1. */
export type Mark = Stroke | Box;

export interface Stroke {
  kind: "stroke";
  /** The brush's width, as a part of the picture's width. */
  brush: number;
  points: ReadonlyArray<readonly [number, number]>;
}

export interface Box {
  kind: "box";
  x: number;
  y: number;
  width: number;
  height: number;
}

export const FIRST_BOX: Box = { kind: "box", x: 0.3, y: 0.3, width: 0.4, height: 0.4 };

const SMALLEST = 0.02;

export function isMasked(marks: readonly Mark[]): boolean {
  return marks.length > 0;
}

/** The box moved by parts of the picture, or made larger by them; it stays inside. */
export function nudge(box: Box, dx: number, dy: number, isResized: boolean): Box {
  const within = (value: number, least: number, most: number) =>
    Math.round(Math.min(Math.max(value, least), most) * 1e4) / 1e4;
  return isResized
    ? {
        ...box,
        width: within(box.width + dx, SMALLEST, 1 - box.x),
        height: within(box.height + dy, SMALLEST, 1 - box.y),
      }
    : {
        ...box,
        x: within(box.x + dx, 0, 1 - box.width),
        y: within(box.y + dy, 0, 1 - box.height),
      };
}

/** Where a box is, for people who do not see it. */
export function boxWords({ x, y, width, height }: Box): string {
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  return `${percent(width)} wide, ${percent(height)} high, ${percent(x)} from the left, ${percent(y)} from the top`;
}

/** Draws the marks in the context's own colours. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  width: number,
  height: number,
): void {
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const mark of marks) {
    if (mark.kind === "box") {
      context.fillRect(mark.x * width, mark.y * height, mark.width * width, mark.height * height);
      continue;
    }
    const [first, ...rest] = mark.points;
    if (!first) continue;
    context.lineWidth = mark.brush * width;
    context.beginPath();
    context.moveTo(first[0] * width, first[1] * height);
    // A press without a move is a dot.
    for (const [x, y] of rest.length ? rest : [first]) context.lineTo(x * width, y * height);
    context.stroke();
  }
}

/** A PNG as large as the image, transparent where it is painted: what shall be made anew. */
export async function maskOf(
  marks: readonly Mark[],
  { width, height }: Pick<Image, "width" | "height">,
): Promise<string> {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context) {
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "destination-out";
    drawMarks(context, marks, width, height);
  }
  const address = canvas.toDataURL("image/png");
  if (!address.startsWith("data:image/png;base64,")) {
    throw new Error(
      "This picture is too large to be painted on in this browser. Change the whole picture, or use a computer.",
    );
  }
  return address.slice("data:image/png;base64,".length);
}
