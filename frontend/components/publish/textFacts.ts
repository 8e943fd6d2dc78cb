/** What of a text counts against a platform's limits. */
export interface TextFacts {
  characters: number;
  hashtags: number;
  mentions: number;
}

/*
 * The server counts by the same three rules, so that a counter never promises what the check
 * refuses: UTF-16 units (the larger of the two units a platform may mean), every # before a letter,
 * digit or emoji, and every @ before a letter or digit that is not inside an address.
 */
const HASHTAG = /[#\uff03](?=[\p{L}\p{N}_\u2600-\u27bf\u{1f000}-\u{1faff}])/gu;
const MENTION = /(?<![A-Za-z0-9_.])@(?=[A-Za-z0-9_])/gu;

/** Counts a text as the platforms may count it, never too low. */
export function textFacts(text: string): TextFacts {
  return {
    characters: text.length,
    hashtags: text.match(HASHTAG)?.length ?? 0,
    mentions: text.match(MENTION)?.length ?? 0,
  };
}

/** Where the first hashtag begins that is over so many; the end of the text where there is none. */
export function hashtagPlace(text: string, limit: number): number {
  return [...text.matchAll(HASHTAG)][limit]?.index ?? text.length;
}

/** The same of mentions. */
export function mentionPlace(text: string, limit: number): number {
  return [...text.matchAll(MENTION)][limit]?.index ?? text.length;
}

export interface TextPart {
  text: string;
  /** A hashtag or a mention: what the platform turns into a link. */
  isLink: boolean;
}

const LINK =
  /[#\uff03][\p{L}\p{M}\p{N}_\u2600-\u27bf\u{1f000}-\u{1faff}]+|(?<![A-Za-z0-9_.])@[A-Za-z0-9_](?:[A-Za-z0-9_.]*[A-Za-z0-9_])?/gu;

/** The text in order, cut at hashtags and mentions. Joined, the parts are the text again. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isLink: false });
    parts.push({ text: match[0], isLink: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isLink: false });
  return parts;
}
