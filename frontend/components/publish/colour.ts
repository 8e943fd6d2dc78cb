/** A colour as the API takes it, `#rrggbb`, from its parts of 0 to 255. */
export function hexOf(red: number, green: number, blue: number): string {
  const parts = [red, green, blue].map((part) => Math.round(part).toString(16).padStart(2, "0"));
  return `#${parts.join("")}`;
}

export const WHITE = hexOf(255, 255, 255);
export const BLACK = hexOf(0, 0, 0);
