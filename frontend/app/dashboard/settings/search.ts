/** What Meta's login leaves in the address: the login that came back, or why it does not count. */
export interface SettingsSearch {
  login?: number;
  login_problem?: "state_invalid" | "not_signed_in";
}

export function parseSettingsSearch(search: Record<string, unknown>): SettingsSearch {
  const login = Number(search.login);
  if (Number.isSafeInteger(login) && login > 0) return { login };
  const problem = search.login_problem;
  return problem === "state_invalid" || problem === "not_signed_in"
    ? { login_problem: problem }
    : {};
}
