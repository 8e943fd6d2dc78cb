import { factAndCure } from "@/components/images/factAndCure";
import { CureButton, Notice } from "@/components/ui/feedback";
import { ApiError } from "@/lib/api/client";
import { useBusiness } from "@/lib/business";
import { formatDate } from "@/lib/format";
import { CapReached } from "./GenerateForm";
import type { StageDoings } from "./GenerateStage";
import { useSecondsUntil } from "./useSeconds";

/** What is said beside the words themselves. */
export const OF_THE_PROMPT = ["prompt_blocked", "prompt_too_long", "prompt_empty"];

/** Another try with the same wish would end the same way. */
const FINAL = [
  "no_image_provider",
  "unknown_provider",
  "unknown_model",
  "model_retired",
  "unknown_style",
  "edits_not_offered",
  "mask_not_offered",
  "source_is_animated",
  "image_not_found",
  "forbidden",
];

/** Why a wish was not taken. Nothing was asked of a provider, and nothing is charged. */
export function OrderFailure({
  error,
  failedAt,
  doings,
}: {
  error: Error;
  failedAt: number;
  doings: StageDoings;
}) {
  const business = useBusiness();
  const api = error instanceof ApiError ? error : undefined;
  const wait = useSecondsUntil(api?.retryAfter ? failedAt + api.retryAfter * 1_000 : null);
  if (api?.code === "spending_cap_reached") {
    const { resets_at } = api.problem;
    return (
      <div className="max-w-110">
        <CapReached
          resetsOn={
            typeof resets_at === "string"
              ? formatDate(resets_at, business.timezone)
              : "the first of next month"
          }
        />
      </div>
    );
  }
  const { fact, cure } = factAndCure(error.message);
  return (
    <Notice
      tone={api?.status === 429 ? "warn" : "bad"}
      fact={api?.code === "rate_limited" ? "That was a lot at once." : fact}
      isAlert
      className="max-w-110"
      cure={
        wait > 0 || (api && FINAL.includes(api.code)) ? undefined : (
          <CureButton onPress={doings.onAgain}>Try again</CureButton>
        )
      }
    >
      {api?.code === "rate_limited"
        ? "Your words are kept, and nothing was charged."
        : `${cure} Your words are kept.`}
      {wait > 0 && <span className="tabular-nums"> You can ask again in {wait} s.</span>}
      {api?.isNetwork && " If it was taken, asking again does not make it twice."}
    </Notice>
  );
}
