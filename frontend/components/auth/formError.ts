import { ApiError } from "@/lib/api/client";
import { plural } from "@/lib/format";

/** What stands above the form when a call failed for a reason that belongs to no field. */
export interface FormError {
  fact: string;
  rest: string;
}

export function describeFormError(error: unknown): FormError {
  if (!(error instanceof ApiError)) {
    return { fact: "This did not work.", rest: "What you wrote is still here. Try again." };
  }
  if (error.isNetwork) {
    return {
      fact: "AIGrowth did not answer.",
      rest: "What you wrote is still here. Check your connection and try again.",
    };
  }
  if (error.status === 429) {
    const wait = error.retryAfter;
    return {
      fact: "Too many tries in a short time.",
      rest: wait
        ? `You can try again in ${plural(wait, "second")}.`
        : "Wait a minute and try again.",
    };
  }
  return { fact: error.detail, rest: "" };
}
