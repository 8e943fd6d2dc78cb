/**
 * Decodes a thumbhash (github.com/evanw/thumbhash), the 20 to 30 bytes that stand for a picture
 * until its thumbnail is there: a few cosine waves for lightness, two colour axes and, where the
 * picture has holes, opacity.
 */

export interface Placeholder {
  width: number;
  height: number;
  /** RGBA, row by row. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Reads the wave strengths of one axis, lowest frequencies first, from 4-bit numbers. */
function readWaves(
  bytes: Uint8Array,
  start: { nibble: number },
  columns: number,
  rows: number,
  scale: number,
): number[] {
  const waves: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = row ? 0 : 1; column * rows < columns * (rows - row); column++) {
      const byte = bytes[start.nibble >> 1] ?? 0;
      const nibble = start.nibble & 1 ? byte >> 4 : byte & 15;
      start.nibble++;
      waves.push((nibble / 7.5 - 1) * scale);
    }
  }
  return waves;
}

function sumWaves(waves: number[], columns: number, rows: number, fx: number[], fy: number[]) {
  let sum = 0;
  let index = 0;
  for (let row = 0; row < rows; row++) {
    const vertical = (fy[row] ?? 0) * 2;
    for (let column = row ? 0 : 1; column * rows < columns * (rows - row); column++) {
      sum += (waves[index++] ?? 0) * (fx[column] ?? 0) * vertical;
    }
  }
  return sum;
}

/** A picture of at most 32 × 32. Throws a RangeError when the text is no thumbhash. */
export function decodeThumbhash(base64: string): Placeholder {
  const bytes = bytesOf(base64);
  if (bytes.length < 5) throw new RangeError("A thumbhash has five bytes or more.");
  const at = (index: number) => bytes[index] ?? 0;

  const head = at(0) | (at(1) << 8) | (at(2) << 16);
  const shape = at(3) | (at(4) << 8);
  const lightness = (head & 63) / 63;
  const yellowBlue = ((head >> 6) & 63) / 31.5 - 1;
  const redGreen = ((head >> 12) & 63) / 31.5 - 1;
  const hasAlpha = head >> 23 === 1;
  const isLandscape = shape >> 15 === 1;
  const full = hasAlpha ? 5 : 7;
  const columns = Math.max(3, isLandscape ? full : shape & 7);
  const rows = Math.max(3, isLandscape ? shape & 7 : full);
  const alpha = hasAlpha ? (at(5) & 15) / 15 : 1;

  const position = { nibble: hasAlpha ? 12 : 10 };
  const l = readWaves(bytes, position, columns, rows, ((head >> 18) & 31) / 31);
  const p = readWaves(bytes, position, 3, 3, (((shape >> 3) & 63) / 63) * 1.25);
  const q = readWaves(bytes, position, 3, 3, (((shape >> 9) & 63) / 63) * 1.25);
  const a = hasAlpha ? readWaves(bytes, position, 5, 5, (at(5) >> 4) / 15) : [];

  const ratio = (isLandscape ? full : shape & 7) / (isLandscape ? shape & 7 : full) || 1;
  const width = Math.round(ratio > 1 ? 32 : 32 * ratio);
  const height = Math.round(ratio > 1 ? 32 / ratio : 32);
  const pixels = new Uint8ClampedArray(width * height * 4);
  const terms = Math.max(columns, rows, hasAlpha ? 5 : 3);
  const waveAt = (place: number, length: number) =>
    Array.from({ length: terms }, (_, n) => Math.cos((Math.PI / length) * (place + 0.5) * n));

  // The waves of a column are the same in every row.
  const across = Array.from({ length: width }, (_, x) => waveAt(x, width));
  for (let y = 0, index = 0; y < height; y++) {
    const fy = waveAt(y, height);
    for (let x = 0; x < width; x++, index += 4) {
      const fx = across[x] ?? [];
      const light = lightness + sumWaves(l, columns, rows, fx, fy);
      const yb = yellowBlue + sumWaves(p, 3, 3, fx, fy);
      const rg = redGreen + sumWaves(q, 3, 3, fx, fy);
      const opacity = hasAlpha ? alpha + sumWaves(a, 5, 5, fx, fy) : 1;
      const blue = light - (2 / 3) * yb;
      const red = (3 * light - blue + rg) / 2;
      pixels[index] = 255 * red;
      pixels[index + 1] = 255 * (red - rg);
      pixels[index + 2] = 255 * blue;
      pixels[index + 3] = 255 * opacity;
    }
  }
  return { width, height, pixels };
}
