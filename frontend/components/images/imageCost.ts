import { providerTitle } from "@/components/generator/providers";
import type { ImageDetail } from "@/lib/api/types";
import { formatMoney, formatUsd } from "@/lib/format";

/** What an image came to: what the business is charged, and what the provider bills where that is known. */
export function imageCostWords({
  provider,
  is_practice,
  is_free,
  charged_usd,
  provider_usd,
}: NonNullable<ImageDetail["cost"]>): string {
  const charged =
    charged_usd === null
      ? "Not settled yet"
      : is_free
        ? "Free"
        : formatMoney(charged_usd, is_practice);
  if (is_practice) return is_free ? `${charged}, practice` : charged;
  return provider_usd === null
    ? `${charged} · what ${providerTitle(provider)} bills is unknown`
    : `${charged} · ${providerTitle(provider)} bills ${formatUsd(provider_usd)}`;
}
