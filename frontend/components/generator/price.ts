import type { GenerationOptions, Usage } from "@/lib/api/types";
import { formatDate, formatMoney, formatUsd } from "@/lib/format";
import { providerTitle } from "./providers";
import type { Painter, Wish } from "./wish";

/** What the next image costs, in words for beside the button. */
export interface Price {
  /** On the button: "free", "$0.10", "$0.10 practice". */
  label: string;
  isFree: boolean;
  /** What is left, if anything is given for free: "2 of 3". */
  freeLeft: string | null;
  /** What comes afterwards: "each further one is $0.10", "3 free again on 1 December". */
  afterwards: string | null;
  /** "$4.20 of $5.00 left under the limit", "$4.20 of $5.00 practice left …"; null without one. */
  underCap: string | null;
  /** The next image does not fit under the limit. */
  isCapped: boolean;
  resetsOn: string;
}

export function priceOf(
  options: GenerationOptions,
  timezone: string,
  isPractice = isAllPractice(options),
): Price {
  const { free_per_month, free_remaining, next_price_usd, cap_usd, cap_remaining } = options;
  const isFree = Number(next_price_usd) === 0;
  const resetsOn = formatDate(options.free_resets_at, timezone);
  const extra = Number(options.extra_price_usd);
  return {
    label: isFree ? "free" : formatMoney(next_price_usd, isPractice),
    isFree,
    freeLeft: free_per_month > 0 ? `${free_remaining} of ${free_per_month}` : null,
    afterwards:
      free_per_month === 0
        ? null
        : free_remaining === 0
          ? `${free_per_month} free again on ${resetsOn}`
          : extra > 0
            ? `each further one is ${formatMoney(options.extra_price_usd, isPractice)}`
            : null,
    underCap:
      cap_usd === null || cap_remaining === null
        ? null
        : `${formatUsd(cap_remaining)} of ${formatMoney(cap_usd, isAllPractice(options))} left under the limit`,
    isCapped: cap_remaining !== null && Number(next_price_usd) > Number(cap_remaining),
    resetsOn,
  };
}

/** Whether nothing but practice paints here: then all money is practice. */
export function isAllPractice({ providers }: GenerationOptions): boolean {
  return providers.length > 0 && providers.every(({ is_practice }) => is_practice);
}

/** Who paints, and what they are expected to bill whoever runs the server. Unknown is never zero. */
export function providerPrice({ provider, model }: Painter, wish: Wish): string {
  if (provider.is_practice) {
    return "Practice: painted on this machine in the mood of your words, not what they say.";
  }
  const found = model.prices.find(
    ({ size, quality }) => size === wish.size && quality === wish.quality,
  );
  const title = providerTitle(provider.name);
  if (!found || found.provider_usd === null) {
    return `Painted by ${model.name}. What ${title} bills for it is unknown.`;
  }
  if (Number(found.provider_usd) === 0) return `Painted by ${model.name}. ${title} bills nothing.`;
  return `Painted by ${model.name}. ${title} bills about ${formatUsd(found.provider_usd)} for it.`;
}

/** Whether all that a month came to is practice money. */
export function isPracticeMonth(
  month: Pick<
    Usage,
    "charged_usd" | "practice_charged_usd" | "provider_cost_usd" | "practice_cost_usd"
  >,
): boolean {
  return (
    month.practice_charged_usd === month.charged_usd &&
    month.practice_cost_usd === month.provider_cost_usd &&
    Number(month.charged_usd) + Number(month.provider_cost_usd) > 0
  );
}

/** What of a sum is practice money; nothing where none is. */
export function practiceNote(sum: string, practice: string): string | undefined {
  if (Number(practice) === 0) return undefined;
  return practice === sum ? "practice money" : `of it ${formatMoney(practice, true)}`;
}
