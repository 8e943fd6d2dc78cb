const STATES = ["draft", "scheduled", "publishing", "published", "failed", "unconfirmed"] as const;

/** The state of the list that belongs in the address. What is missing is the default. */
export interface PostsSearch {
  state?: (typeof STATES)[number];
}

export function parsePostsSearch(search: Record<string, unknown>): PostsSearch {
  const state = STATES.find((name) => name === search.state);
  return state ? { state } : {};
}
