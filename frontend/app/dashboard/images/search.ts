const FILTERS = ["uploaded", "ai_generated", "edited", "unused", "trashed"] as const;
const SORTS = ["created_at_asc", "most_used"] as const;

/** The state of the library that belongs in the address. What is missing is the default. */
export interface ImagesSearch {
  filter?: (typeof FILTERS)[number];
  /** Missing: newest first. */
  sort?: (typeof SORTS)[number];
  search?: string;
  /** Only images with this tag. */
  tag?: string;
  /** The image in the side panel. */
  image?: number;
  /** The generation that the generator shows. */
  generation?: number;
}

export function parseImagesSearch(search: Record<string, unknown>): ImagesSearch {
  const filter = FILTERS.find((name) => name === search.filter);
  const sort = SORTS.find((name) => name === search.sort);
  return {
    ...(filter && { filter }),
    ...(sort && { sort }),
    ...readText("search", search.search),
    ...readText("tag", search.tag),
    ...(Number.isSafeInteger(search.image) && { image: search.image as number }),
    ...(Number.isSafeInteger(search.generation) && { generation: search.generation as number }),
  };
}

/** "?search=2026" arrives as a number. */
function readText<Name extends string>(name: Name, value: unknown): { [key in Name]?: string } {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text ? ({ [name]: text } as { [key in Name]: string }) : {};
}
