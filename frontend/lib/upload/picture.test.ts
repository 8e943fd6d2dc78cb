// @vitest-environment node
import { describe, expect, it } from "vitest";
import { isAnimated, type Picture, readPicture, unturned } from "./picture";

const bytes = (...parts: Array<number[] | string>) =>
  new Blob([
    new Uint8Array(
      parts.flatMap((part) =>
        typeof part === "string" ? Array.from(part, (letter) => letter.charCodeAt(0)) : part,
      ),
    ),
  ]);
const big = (value: number, length: number) =>
  Array.from({ length }, (_, index) => (value >>> (8 * (length - 1 - index))) & 0xff);
const little = (value: number, length: number) => big(value, length).reverse();

/** EXIF in the order of either maker, with the orientation alone. */
function tiff(orientation: number, isLittle = false): number[] {
  const number = isLittle ? little : big;
  return [
    ...(isLittle ? [0x49, 0x49] : [0x4d, 0x4d]),
    ...number(42, 2),
    ...number(8, 4),
    ...number(1, 2),
    ...number(0x0112, 2),
    ...number(3, 2),
    ...number(1, 4),
    ...number(orientation, 2),
    0,
    0,
  ];
}

function jpeg(width: number, height: number, exif?: number[], padding = 0) {
  const app1 = exif ? [0xff, 0xe1, ...big(exif.length + 8, 2), ..."Exif\0\0"] : [];
  const codes = app1.map((part) => (typeof part === "string" ? part.charCodeAt(0) : part));
  const filler = Array.from({ length: padding }, () => [
    0xff,
    0xe2,
    ...big(60_002, 2),
    ...Array(60_000).fill(7),
  ]).flat();
  return bytes(
    [0xff, 0xd8, ...codes, ...(exif ?? []), ...filler],
    [0xff, 0xc4, 0, 3, 0],
    [0xff, 0xff, 0xc2, 0, 11, 8, ...big(height, 2), ...big(width, 2), 1, 1, 0x11, 0],
  );
}

const chunk = (kind: string, body: number[]) => [
  ...big(body.length, 4),
  ...Array.from(kind, (it) => it.charCodeAt(0)),
  ...body,
  0,
  0,
  0,
  0,
];
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const png = (colourType: number, ...chunks: number[][]) =>
  bytes(
    SIGNATURE,
    chunk("IHDR", [...big(640, 4), ...big(480, 4), 8, colourType, 0, 0, 0]),
    chunks.flat(),
    chunk("IDAT", [0]),
  );

const webp = (kind: string, body: number[], ...more: number[][]) => {
  const rest = more.flat();
  return bytes(
    "RIFF",
    little(12 + body.length + rest.length, 4),
    "WEBP",
    kind,
    little(body.length, 4),
    body,
    rest,
  );
};
const riffChunk = (kind: string, body: number[]) => [
  ...Array.from(kind, (it) => it.charCodeAt(0)),
  ...little(body.length, 4),
  ...body,
  ...(body.length % 2 ? [0] : []),
];
const canvas = (flags: number, width: number, height: number) => [
  flags,
  0,
  0,
  0,
  ...little(width - 1, 3),
  ...little(height - 1, 3),
];

const gif = (frames: number) =>
  bytes(
    "GIF89a",
    [...little(300, 2), ...little(200, 2), 0x80, 0, 0, 0, 0, 0, 0, 0, 0],
    [0x21, 0xff, 3, 1, 2, 3, 0],
    ...Array.from({ length: frames }, () => [
      0x2c, 0, 0, 0, 0, 44, 1, 200, 0, 0x80, 1, 2, 3, 4, 5, 6, 2, 2, 9, 9, 0,
    ]),
    [0x3b],
  );

const box = (kind: string, ...body: number[]) => [
  ...big(8 + body.length, 4),
  ...Array.from(kind, (it) => it.charCodeAt(0)),
  ...body,
];
const ispe = (width: number, height: number) =>
  box("ispe", 0, 0, 0, 0, ...big(width, 4), ...big(height, 4));

const heif = (brand: string, ...boxes: number[][]) =>
  bytes(box("ftyp", ...Array.from(`${brand}\0\0\0\0mif1`, (it) => it.charCodeAt(0))), boxes.flat());

describe("readPicture", () => {
  it.each([
    ["JPEG", jpeg(4000, 3000), "jpeg", 4000, 3000, false],
    ["JPEG behind long segments", jpeg(4000, 3000, undefined, 3), "jpeg", 4000, 3000, false],
    ["PNG", png(2), "png", 640, 480, false],
    ["PNG with alpha", png(6), "png", 640, 480, true],
    ["PNG with a transparent colour", png(3, chunk("tRNS", [0])), "png", 640, 480, true],
    ["GIF", gif(1), "gif", 300, 200, true],
    [
      "WebP, lossy",
      webp("VP8 ", [0, 0, 0, 0x9d, 1, 0x2a, ...little(800, 2), ...little(600, 2)]),
      "webp",
      800,
      600,
      false,
    ],
    [
      "WebP, lossless",
      webp("VP8L", [0x2f, ...little(799 | (599 << 14) | 0x10000000, 4)]),
      "webp",
      800,
      600,
      true,
    ],
    ["WebP, extended", webp("VP8X", canvas(0x10, 5000, 70_000)), "webp", 5000, 70_000, true],
    [
      "HEIC with tiles",
      heif("heic", ispe(512, 512), ispe(4032, 3024), ispe(320, 240)),
      "heic",
      4032,
      3024,
      false,
    ],
    ["AVIF", heif("avif", ispe(800, 600)), "avif", 800, 600, false],
  ] as const)("reads the sides of a %s", async (_, file, format, width, height, hasAlpha) => {
    expect(await readPicture(file)).toMatchObject({
      format,
      sides: { width, height },
      orientation: 1,
      hasAlpha,
    });
  });

  it.each([
    ["JPEG", jpeg(4000, 3000, tiff(6)), 6],
    ["JPEG of the other byte order", jpeg(4000, 3000, tiff(8, true)), 8],
    ["PNG", png(2, chunk("eXIf", tiff(5))), 5],
    [
      "WebP",
      webp(
        "VP8X",
        canvas(0x08, 640, 480),
        riffChunk("VP8 ", [1, 2, 3]),
        riffChunk("EXIF", tiff(7)),
      ),
      7,
    ],
    ["HEIC", heif("heic", ispe(640, 480), box("irot", 1)), 6],
  ] as const)("tells the sides of a %s as it stands upright", async (_, file, orientation) => {
    const picture = await readPicture(file);
    expect(picture?.orientation).toBe(orientation);
    expect(picture?.sides?.width).toBeLessThan(picture?.sides?.height ?? 0);
  });

  it.each([
    ["mirrored", 3, { width: 4000, height: 3000 }],
    ["nonsense", 9, { width: 4000, height: 3000 }],
  ] as const)("keeps the sides where the orientation is %s", async (_, orientation, sides) => {
    expect((await readPicture(jpeg(4000, 3000, tiff(orientation))))?.sides).toEqual(sides);
  });

  it.each([
    ["words", bytes("These are words, not a picture.")],
    ["nothing", bytes()],
    ["a sound in a RIFF", bytes("RIFF", [0, 0, 0, 0], "WAVEfmt ")],
    ["a film", bytes(box("ftyp", ...Array.from("isom\0\0\0\0mp42", (it) => it.charCodeAt(0))))],
  ])("finds no picture in %s", async (_, file) => {
    expect(await readPicture(file)).toBeNull();
  });

  it.each([
    ["JPEG", bytes([0xff, 0xd8, 0xff, 0xe0, 0, 16, 1])],
    ["PNG", bytes(SIGNATURE, [0, 0])],
    ["WebP", bytes("RIFF", [0, 0, 0, 0], "WEBPVP8X")],
  ])("leaves the sides of a cut %s open", async (_, file) => {
    expect((await readPicture(file))?.sides).toBeNull();
  });

  it("leaves a JPEG open whose segments lead nowhere", async () => {
    const file = bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect((await readPicture(file))?.sides).toBeNull();
  });
});

describe("unturned", () => {
  it.each([
    ["PNG", png(2, chunk("eXIf", tiff(5)))],
    ["WebP", webp("VP8X", canvas(0x08, 640, 480), riffChunk("EXIF", tiff(7)))],
  ])("takes the turning out of a %s and leaves the rest", async (_, file) => {
    const picture = (await readPicture(file)) as Picture;
    const still = await readPicture(unturned(file, picture));
    expect(still).toMatchObject({ orientation: 1, sides: { width: 640, height: 480 } });
  });

  it("leaves a photo alone, which every browser turns", async () => {
    const file = jpeg(4000, 3000, tiff(6));
    expect(unturned(file, (await readPicture(file)) as Picture)).toBe(file);
  });
});

describe("isAnimated", () => {
  it.each([
    ["a GIF of two frames", gif(2), "gif", true],
    ["a GIF of one frame", gif(1), "gif", false],
    ["a GIF that is cut in its first frame", gif(1).slice(0, 40), "gif", false],
    ["a WebP that moves", webp("VP8X", canvas(0x02, 640, 480)), "webp", true],
    ["a WebP that does not", webp("VP8X", canvas(0x10, 640, 480)), "webp", false],
    ["a JPEG", jpeg(10, 10), "jpeg", false],
  ] as const)("knows %s", async (_, file, format, expected) => {
    expect(await isAnimated(file, format)).toBe(expected);
  });
});
