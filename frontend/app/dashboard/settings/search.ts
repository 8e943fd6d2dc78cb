/** What Meta's login leaves in the address: the login that came back, or why it does not count. */
export interface SettingsSearch {
  login?: number;
  /** The channel that the login was meant for. */
  channel?: number;
  login_problem?: "state_invalid" | "not_signed_in";
}

export function parseSettingsSearch(search: Record<string, unknown>): SettingsSearch {
  const login = idIn(search.login);
  const channel = idIn(search.channel);
  if (login) return channel ? { login, channel } : { login };
  const problem = search.login_problem;
  return problem === "state_invalid" || problem === "not_signed_in"
    ? { login_problem: problem }
    : {};
}

function idIn(value: unknown): number | undefined {
  const id = Number(value);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}
