/**
 * The start of a text as a feed shows it before "more" is pressed; null when all of it is shown.
 * Cut between words where there is one near, and after `maxLines` lines.
 */
export function captionStart(text: string, maxCharacters: number, maxLines: number): string | null {
  const lines = text.split("\n");
  let start = lines.slice(0, maxLines).join("\n");
  if (start.length > maxCharacters) {
    start = start.slice(0, maxCharacters);
    const space = start.search(/\s\S*$/);
    if (space > maxCharacters * 0.7) start = start.slice(0, space);
    // Half of a character that takes two units is none.
    start = start.replace(/[\ud800-\udbff]$/, "");
  }
  return start.length < text.trimEnd().length ? start.trimEnd() : null;
}
