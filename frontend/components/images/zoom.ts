/** Sides in pixels. */
export interface Size {
  width: number;
  height: number;
}

/**
 * How a picture lies in its frame: how many screen pixels one of its pixels takes, and how far its
 * middle is from the frame's.
 */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export interface Point {
  x: number;
  y: number;
}

/** The scale at which the whole picture is seen. A small one is not enlarged. */
export function fitScale(picture: Size, frame: Size): number {
  if (!frame.width || !frame.height) return 1;
  return Math.min(1, frame.width / picture.width, frame.height / picture.height);
}

/** The picture as a whole, in the middle. */
export function fitted(picture: Size, frame: Size): Zoom {
  return { scale: fitScale(picture, frame), x: 0, y: 0 };
}

/** As near as one can come: twice its own size, or four times as large as the whole. */
export function closest(picture: Size, frame: Size): number {
  return Math.max(2, fitScale(picture, frame) * 4);
}

/** Within its limits, and never so far aside that the frame is empty where the picture could be. */
export function kept(zoom: Zoom, picture: Size, frame: Size): Zoom {
  const scale = clamp(zoom.scale, fitScale(picture, frame), closest(picture, frame));
  const room = (length: number, side: number) => Math.max(0, (length * scale - side) / 2);
  const limitX = room(picture.width, frame.width);
  const limitY = room(picture.height, frame.height);
  return { scale, x: clamp(zoom.x, -limitX, limitX), y: clamp(zoom.y, -limitY, limitY) };
}

/** Nearer or further by a factor; what lies under `at` (from the frame's middle) stays there. */
export function zoomed(zoom: Zoom, factor: number, at: Point, picture: Size, frame: Size): Zoom {
  const scale = clamp(zoom.scale * factor, fitScale(picture, frame), closest(picture, frame));
  const change = scale / zoom.scale;
  return kept(
    { scale, x: at.x - (at.x - zoom.x) * change, y: at.y - (at.y - zoom.y) * change },
    picture,
    frame,
  );
}

/** Moved by so many pixels. */
export function panned(zoom: Zoom, by: Point, picture: Size, frame: Size): Zoom {
  return kept({ ...zoom, x: zoom.x + by.x, y: zoom.y + by.y }, picture, frame);
}

/** The picture is seen as a whole. */
export function isFitted(zoom: Zoom, picture: Size, frame: Size): boolean {
  return zoom.scale <= fitScale(picture, frame) * 1.001;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
