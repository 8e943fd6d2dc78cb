/** How a picture is made to fit: which sides, and in which formats to try. */

export interface Sides {
  width: number;
  height: number;
}

/** The largest sides of the same shape with neither over `maxSide`. */
export function fitSides({ width, height }: Sides, maxSide: number): Sides {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/**
 * The sides on the way from one size to another, each at least half of the one before: a browser that
 * shrinks in one leap leaves pixels out.
 */
export function halvings(from: Sides, to: Sides): Sides[] {
  const steps: Sides[] = [];
  let { width, height } = from;
  while (width > 2 * to.width && height > 2 * to.height) {
    width = Math.ceil(width / 2);
    height = Math.ceil(height / 2);
    steps.push({ width, height });
  }
  return [...steps, to];
}

/**
 * The drawing matrix that sets a picture of these sides upright, by its EXIF orientation. From 5 on its
 * sides change places.
 */
export function uprightMatrix(
  orientation: number,
  { width, height }: Sides,
): [number, number, number, number, number, number] {
  switch (orientation) {
    case 2:
      return [-1, 0, 0, 1, width, 0];
    case 3:
      return [-1, 0, 0, -1, width, height];
    case 4:
      return [1, 0, 0, -1, 0, height];
    case 5:
      return [0, 1, 1, 0, 0, 0];
    case 6:
      return [0, 1, -1, 0, height, 0];
    case 7:
      return [0, -1, -1, 0, height, width];
    case 8:
      return [0, -1, 1, 0, 0, width];
    default:
      return [1, 0, 0, 1, 0, 0];
  }
}

export interface Encoding {
  type: "image/jpeg" | "image/png" | "image/webp";
  quality?: number;
}

const JPEG: readonly Encoding[] = [
  { type: "image/jpeg", quality: 0.92 },
  { type: "image/jpeg", quality: 0.9 },
];

/** In which formats to write, best first. What is transparent stays so. */
export function encodingsFor(mimeType: string, hasAlpha: boolean): readonly Encoding[] {
  const webp = [
    { type: "image/webp", quality: 0.92 },
    { type: "image/webp", quality: 0.85 },
  ] as const;
  if (hasAlpha) {
    const png = { type: "image/png" } as const;
    return mimeType === "image/webp" ? [...webp, png] : [png, ...webp];
  }
  if (mimeType === "image/png" || mimeType === "image/gif") return [{ type: "image/png" }, ...JPEG];
  if (mimeType === "image/webp") return [webp[0], ...JPEG];
  return JPEG;
}

const EXTENSIONS: Record<Encoding["type"], string> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
};

/** "poster.gif" as a PNG is "poster.png". A name that fits already stays, letter by letter. */
export function renamed(name: string, type: Encoding["type"]): string {
  const end = name.lastIndexOf(".");
  const [stem, extension] = end > 0 ? [name.slice(0, end), name.slice(end + 1)] : [name, ""];
  const isRight = type === "image/jpeg" ? /^jpe?g$/i : new RegExp(`^${EXTENSIONS[type]}$`, "i");
  return isRight.test(extension) ? name : `${stem}.${EXTENSIONS[type]}`;
}
