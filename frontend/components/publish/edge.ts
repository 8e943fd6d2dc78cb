import { queryOptions } from "@tanstack/react-query";
import { hexOf } from "./colour";

/** So far from the middle a part of a colour may be and still be taken for the same one. */
const SAME = 12;
/** So much of an edge has one colour where it is plain. */
const PLAIN = 0.9;

/** The one colour of an edge, `#rrggbb`, from its pixels as RGBA; null where it has several. */
export function plainColour(pixels: Uint8ClampedArray): string | null {
  const count = pixels.length / 4;
  const middle = [0, 1, 2].map((part) => {
    const values = Array.from({ length: count }, (_, at) => pixels[at * 4 + part] ?? 0);
    return values.sort((one, other) => one - other)[count >> 1] ?? 0;
  });
  let same = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    if (middle.every((value, part) => Math.abs((pixels[at + part] ?? 0) - value) <= SAME)) same++;
  }
  const [red = 0, green = 0, blue = 0] = middle;
  return count > 0 && same >= PLAIN * count ? hexOf(red, green, blue) : null;
}

/** The plain colour of the edge of the picture at this address; null where it has none or may not be read. */
export const edgeQuery = (src: string | undefined) =>
  queryOptions({
    queryKey: ["edge", src],
    queryFn: () => readEdge(src ?? ""),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: src !== undefined,
  });

async function readEdge(src: string): Promise<string | null> {
  try {
    const picture = new Image();
    // Without it, what comes from another host could be seen, but not read.
    picture.crossOrigin = "anonymous";
    picture.src = src;
    await picture.decode();
    const { naturalWidth: width, naturalHeight: height } = picture;
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const drawn = canvas.getContext("2d", { willReadFrequently: true });
    if (!drawn) return null;
    drawn.drawImage(picture, 0, 0);
    const sides = [
      drawn.getImageData(0, 0, width, 1),
      drawn.getImageData(0, height - 1, width, 1),
      drawn.getImageData(0, 0, 1, height),
      drawn.getImageData(width - 1, 0, 1, height),
    ];
    return plainColour(Uint8ClampedArray.from(sides.flatMap(({ data }) => [...data])));
  } catch {
    return null;
  }
}
