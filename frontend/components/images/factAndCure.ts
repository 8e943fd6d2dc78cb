/**
 * The server says what is wrong first and what to do about it after that. Takes the two apart, word
 * for word, so that the fact can be emphasised.
 */
export function factAndCure(detail: string): { fact: string; cure: string } {
  const end = detail.search(/(?<=\.) /);
  const fact = end < 0 ? detail : detail.slice(0, end);
  return { fact, cure: detail.slice(fact.length).trim() };
}
