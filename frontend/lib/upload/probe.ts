/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 6_000;

/** Whether the product can be reached right now. What it answers does not matter. */
export async function reachesProduct(address = "/healthz"): Promise<boolean> {
  try {
    await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return true;
  } catch {
    return false;
  }
}
