/** A size that can be asked for, and how to call it. */
export interface Shape {
  size: string;
  width: number;
  height: number;
  /** "Square", "Portrait"; with its ratio where a model has several of the kind. */
  name: string;
}

function kindOf(width: number, height: number): string {
  return width === height ? "Square" : width < height ? "Portrait" : "Landscape";
}

/** The ratios that people have a name for. */
const KNOWN = [
  [1, 1],
  [5, 4],
  [4, 3],
  [3, 2],
  [16, 10],
  [16, 9],
  [2, 1],
  [21, 9],
  [3, 1],
] as const;

/** "3:2", of the known ratios the nearest. */
export function ratioName(width: number, height: number): string {
  const ratio = Math.log(Math.max(width, height) / Math.min(width, height));
  const distance = ([long, short]: readonly [number, number]) =>
    Math.abs(Math.log(long / short) - ratio);
  const [long, short] = KNOWN.reduce((best, it) => (distance(it) < distance(best) ? it : best));
  return width >= height ? `${long}:${short}` : `${short}:${long}`;
}

/** Sizes as shapes with names of which no two are alike. */
export function shapesOf(sizes: readonly string[]): Shape[] {
  const shapes = sizes.map((size) => {
    const [width = 1, height = 1] = size.split("x").map(Number);
    return { size, width, height, name: kindOf(width, height) };
  });
  return shapes.map((shape) => {
    const alike = shapes.filter(({ name }) => name === shape.name);
    if (alike.length < 2) return shape;
    const ratio = ratioName(shape.width, shape.height);
    const hasTwin = alike.some((it) => it !== shape && ratioName(it.width, it.height) === ratio);
    // Two of one ratio differ in their pixels, which stand below.
    return { ...shape, name: hasTwin ? shape.name : `${shape.name} ${ratio}` };
  });
}
