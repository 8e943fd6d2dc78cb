import { useId } from "react";
import type { Platform } from "@/lib/api/types";

export const PLATFORM_NAMES: Record<Platform, string> = {
  instagram: "Instagram",
  facebook: "Facebook",
};

/** A disc in the platform's own colours. The name stands beside it or in `title`. */
export function ChannelMark({
  platform,
  title,
  className = "size-5.5",
}: {
  platform: Platform;
  title?: string;
  className?: string;
}) {
  const id = useId();
  return (
    <svg
      viewBox="0 0 24 24"
      className={`shrink-0 ${className}`}
      role={title ? "img" : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : true}
    >
      {platform === "instagram" ? (
        <>
          <defs>
            <linearGradient id={id} x1="3" y1="22" x2="21" y2="2" gradientUnits="userSpaceOnUse">
              <stop offset="0.05" stopColor="var(--instagram-1)" />
              <stop offset="0.5" stopColor="var(--instagram-2)" />
              <stop offset="1" stopColor="var(--instagram-3)" />
            </linearGradient>
          </defs>
          <circle cx="12" cy="12" r="12" fill={`url(#${id})`} />
          <g fill="none" stroke="var(--on-picture)" strokeWidth="1.5">
            <rect x="6.500" y="6.500" width="11" height="11" rx="3.200" />
            <circle cx="12" cy="12" r="2.600" />
          </g>
          <circle cx="15.100" cy="8.900" r="0.850" fill="var(--on-picture)" />
        </>
      ) : (
        <>
          <circle cx="12" cy="12" r="12" fill="var(--facebook)" />
          <path
            d="M13.300 18v-5.300h1.900l.3-2.200h-2.200V9.200c0-.7.3-1.100 1.200-1.100h1.100V6.200c-.3 0-1-.1-1.700-.1-1.800 0-2.900 1-2.900 2.900v1.500H9.100v2.200H11V18z"
            fill="var(--on-picture)"
          />
        </>
      )}
    </svg>
  );
}
