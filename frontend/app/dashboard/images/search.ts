const FILTERS = ["uploaded", "ai_generated", "unused", "trashed"] as const;
const SORTS = ["created_at_asc", "most_used"] as const;

/** The state of the library that belongs in the address. What is missing is the default. */
export interface ImagesSearch {
  filter?: (typeof FILTERS)[number];
  /** Missing: newest first. */
  sort?: (typeof SORTS)[number];
  search?: string;
  /** The image in the side panel. */
  image?: number;
}

export function parseImagesSearch(search: Record<string, unknown>): ImagesSearch {
  const filter = FILTERS.find((name) => name === search.filter);
  const sort = SORTS.find((name) => name === search.sort);
  // "?search=2026" arrives as a number.
  const text = typeof search.search === "number" ? String(search.search) : search.search;
  return {
    ...(filter && { filter }),
    ...(sort && { sort }),
    ...(typeof text === "string" && text && { search: text }),
    ...(Number.isSafeInteger(search.image) && { image: search.image as number }),
  };
}
