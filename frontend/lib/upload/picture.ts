/**
 * What a file's first bytes say of the picture in it. Nothing is decoded, so that two hundred files are
 * looked at in a moment. What cannot be read here is left to the server.
 */

export type PictureFormat = "jpeg" | "png" | "gif" | "webp" | "heic" | "avif";

export interface Picture {
  format: PictureFormat;
  /** Sides in pixels as the picture stands upright; null where the header does not say. */
  sides: { width: number; height: number } | null;
  /** How the stored picture has to be turned to stand upright, 1 to 8 as in EXIF; 1 is not at all. */
  orientation: number;
  /** Where its EXIF stands in a PNG or WebP. */
  exif: { at: number; length: number } | null;
  hasAlpha: boolean;
}

const HEAD = 64 * 1024;
const MAX_SEGMENTS = 2_000;

/** Null: the bytes begin like none of the formats. */
export async function readPicture(file: Blob): Promise<Picture | null> {
  const source = await Source.open(file);
  const format = sniff(source.head);
  if (!format) return null;
  try {
    return { format, ...(await READERS[format](source)) };
  } catch (error) {
    // The file ends in the middle of its header, or its header makes no sense.
    if (error instanceof RangeError) return { format, ...UNKNOWN };
    throw error;
  }
}

/** Whether more than one picture is shown in turn. Reads the whole file where it is a GIF. */
export async function isAnimated(file: Blob, format: PictureFormat): Promise<boolean> {
  if (format === "gif") return countGifFrames(new DataView(await file.arrayBuffer())) > 1;
  if (format !== "webp") return false;
  const { head } = await Source.open(file);
  return head.byteLength > 20 && text(head, 12, 4) === "VP8X" && (head.getUint8(20) & 0x02) > 0;
}

/**
 * The file without what says how to turn it. Browsers differ in whether they heed that in a PNG or WebP, and
 * some cannot be told not to.
 */
export function unturned(file: Blob, { format, exif }: Picture): Blob {
  if (!exif) return file;
  const [before, behind] = [file.slice(0, exif.at), file.slice(exif.at + exif.length)];
  if (format === "png") return new Blob([before, behind]);
  // A WebP tells its own length: the place stays, under a name that nobody knows.
  return new Blob([before, "NONE", file.slice(exif.at + 4, exif.at + exif.length), behind]);
}

function sniff(head: DataView): PictureFormat | null {
  const begins = (at: number, ...bytes: number[]) =>
    head.byteLength >= at + bytes.length &&
    bytes.every((byte, index) => head.getUint8(at + index) === byte);
  if (begins(0, 0xff, 0xd8, 0xff)) return "jpeg";
  if (begins(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "png";
  if (head.byteLength < 12) return null;
  if (["GIF87a", "GIF89a"].includes(text(head, 0, 6))) return "gif";
  // RIFF alone also begins WAV and AVI.
  if (text(head, 0, 4) === "RIFF" && text(head, 8, 4) === "WEBP") return "webp";
  if (text(head, 4, 4) !== "ftyp") return null;
  const brands = brandsOf(head);
  if (brands.some((brand) => brand === "avif" || brand === "avis")) return "avif";
  return brands.some((brand) => /^(he[iv][cxms]|mif1|msf1)$/.test(brand)) ? "heic" : null;
}

function brandsOf(head: DataView): string[] {
  const end = Math.min(head.getUint32(0), head.byteLength, 256);
  const brands: string[] = [];
  for (let at = 8; at + 4 <= end; at += 4) if (at !== 12) brands.push(text(head, at, 4));
  return brands;
}

type Header = Omit<Picture, "format">;

const UNKNOWN: Header = { sides: null, orientation: 1, exif: null, hasAlpha: false };

const READERS: Record<PictureFormat, (source: Source) => Promise<Header> | Header> = {
  jpeg: readJpeg,
  png: readPng,
  gif: ({ head }) => upright(head.getUint16(6, true), head.getUint16(8, true), 1, true),
  webp: readWebp,
  heic: readHeif,
  avif: readHeif,
};

async function readJpeg(source: Source): Promise<Header> {
  let orientation: number | undefined;
  let at = 2;
  for (let count = 0; count < MAX_SEGMENTS; count++) {
    const mark = await source.read(at, 4);
    if (mark.getUint8(0) !== 0xff) break;
    const marker = mark.getUint8(1);
    // Any number of FF may stand before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = mark.getUint16(2);
    const isFrame =
      marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const frame = await source.read(at + 4, 5);
      return upright(frame.getUint16(3), frame.getUint16(1), orientation ?? 1, false);
    }
    if (marker === 0xe1 && orientation === undefined) {
      const body = await source.read(at + 4, length - 2);
      if (text(body, 0, 4) === "Exif") orientation = exifOrientation(part(body, 6));
    }
    at += 2 + length;
  }
  return UNKNOWN;
}

async function readPng(source: Source): Promise<Header> {
  const header = await source.read(16, 10);
  const colourType = header.getUint8(9);
  let hasAlpha = colourType === 4 || colourType === 6;
  let orientation = 1;
  let exif: Header["exif"] = null;
  let at = 8;
  for (let count = 0; count < MAX_SEGMENTS; count++) {
    const chunk = await source.read(at, 8);
    const length = chunk.getUint32(0);
    const kind = text(chunk, 4, 4);
    if (kind === "IDAT" || kind === "IEND") break;
    if (kind === "tRNS") hasAlpha = true;
    if (kind === "eXIf") {
      orientation = exifOrientation(await source.read(at + 8, length));
      exif = { at, length: 12 + length };
    }
    at += 12 + length;
  }
  return { ...upright(header.getUint32(0), header.getUint32(4), orientation, hasAlpha), exif };
}

async function readWebp(source: Source): Promise<Header> {
  const { head } = source;
  const kind = text(head, 12, 4);
  if (kind === "VP8L") {
    const packed = head.getUint32(21, true);
    const [width, height] = [1 + (packed & 0x3fff), 1 + ((packed >>> 14) & 0x3fff)];
    return upright(width, height, 1, (packed & 0x10000000) !== 0);
  }
  if (kind === "VP8 ") {
    const side = (at: number) => head.getUint16(at, true) & 0x3fff;
    return upright(side(26), side(28), 1, false);
  }
  if (kind !== "VP8X") return UNKNOWN;
  const flags = head.getUint8(20);
  const side = (at: number) => 1 + head.getUint16(at, true) + (head.getUint8(at + 2) << 16);
  const isTurnable = (flags & 0x08) !== 0 && (flags & 0x02) === 0;
  const { orientation, exif } = isTurnable ? await webpExif(source) : UNKNOWN;
  return { ...upright(side(24), side(27), orientation, (flags & 0x10) !== 0), exif };
}

/** EXIF stands behind the pixels in a WebP. */
async function webpExif(source: Source): Promise<Pick<Header, "orientation" | "exif">> {
  let at = 12;
  for (let count = 0; count < MAX_SEGMENTS && at + 8 <= source.size; count++) {
    const chunk = await source.read(at, 8);
    const length = chunk.getUint32(4, true);
    if (text(chunk, 0, 4) === "EXIF") {
      const body = await source.read(at + 8, length);
      const orientation = exifOrientation(text(body, 0, 4) === "Exif" ? part(body, 6) : body);
      return { orientation, exif: { at, length: 8 + length } };
    }
    at += 8 + length + (length & 1);
  }
  return UNKNOWN;
}

/** The largest of the pictures inside: the others are its tiles and its thumbnail. */
function readHeif({ head }: Source): Header {
  let width = 0;
  let height = 0;
  let isTurned = false;
  for (let at = 4; at + 5 <= head.byteLength; at++) {
    if (head.getUint8(at) !== 0x69) continue;
    const kind = text(head, at, 4);
    if (kind === "ispe" && head.getUint32(at - 4) === 20 && at + 16 <= head.byteLength) {
      const [wide, high] = [head.getUint32(at + 8), head.getUint32(at + 12)];
      if (wide * high > width * height) [width, height] = [wide, high];
    } else if (kind === "irot" && head.getUint32(at - 4) === 9) {
      isTurned = (head.getUint8(at + 4) & 1) === 1;
    }
  }
  return width && height ? upright(width, height, isTurned ? 6 : 1, false) : UNKNOWN;
}

function countGifFrames(view: DataView): number {
  let frames = 0;
  const table = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  try {
    let at = 13 + table(view.getUint8(10));
    const skipSubBlocks = () => {
      for (let size = view.getUint8(at); size; size = view.getUint8(at)) at += size + 1;
      at += 1;
    };
    while (frames < 2) {
      const block = view.getUint8(at);
      if (block === 0x21) {
        at += 2;
        skipSubBlocks();
      } else if (block === 0x2c) {
        frames += 1;
        at += 11 + table(view.getUint8(at + 9));
        skipSubBlocks();
      } else if (block === 0) {
        at += 1;
      } else {
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return frames;
}

function upright(width: number, height: number, orientation: number, hasAlpha: boolean): Header {
  const sides = orientation >= 5 ? { width: height, height: width } : { width, height };
  return { sides, orientation, exif: null, hasAlpha };
}

/** 1 to 8; absent or broken EXIF counts as upright. */
function exifOrientation(tiff: DataView): number {
  try {
    const order = text(tiff, 0, 2);
    if (order !== "II" && order !== "MM") return 1;
    const isLittle = order === "II";
    const directory = tiff.getUint32(4, isLittle);
    const entries = tiff.getUint16(directory, isLittle);
    for (let index = 0; index < entries; index++) {
      const at = directory + 2 + 12 * index;
      if (tiff.getUint16(at, isLittle) !== 0x0112) continue;
      const value = tiff.getUint16(at + 8, isLittle);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/** Short letters of a format. Throws RangeError past the end. */
function text(view: DataView, at: number, length: number): string {
  let letters = "";
  for (let index = 0; index < length; index++) {
    letters += String.fromCharCode(view.getUint8(at + index));
  }
  return letters;
}

function part(view: DataView, at: number): DataView {
  return new DataView(view.buffer, view.byteOffset + at, view.byteLength - at);
}

/** The file, of which only what is asked for is read. */
class Source {
  private constructor(
    readonly head: DataView,
    readonly size: number,
    readonly file: Blob,
  ) {}

  static async open(file: Blob): Promise<Source> {
    return new Source(new DataView(await file.slice(0, HEAD).arrayBuffer()), file.size, file);
  }

  /** Throws RangeError where the file ends before. */
  async read(at: number, length: number): Promise<DataView> {
    if (length < 0 || at + length > this.size) throw new RangeError("The file ends before.");
    if (at + length <= this.head.byteLength) {
      return new DataView(this.head.buffer, this.head.byteOffset + at, length);
    }
    return new DataView(await this.file.slice(at, at + length).arrayBuffer());
  }
}
