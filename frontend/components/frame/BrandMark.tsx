import { useId } from "react";

/** Two hills and a rising sun in a rounded tile: a picture that goes up. */
export function BrandMark({ className }: { className?: string }) {
  const id = useId();
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={className}>
      <defs>
        <linearGradient
          id={`${id}sky`}
          x1="2"
          y1="2"
          x2="30"
          y2="30"
          gradientUnits="userSpaceOnUse"
        >
          <stop offset="0" stopColor="var(--brand-1)" />
          <stop offset="0.55" stopColor="var(--brand-2)" />
          <stop offset="1" stopColor="var(--brand-3)" />
        </linearGradient>
        <clipPath id={`${id}tile`}>
          <rect width="32" height="32" rx="9" />
        </clipPath>
      </defs>
      <g clipPath={`url(#${id}tile)`}>
        <rect width="32" height="32" fill={`url(#${id}sky)`} />
        <circle cx="21.5" cy="10.5" r="4" fill="var(--on-picture)" />
        <path
          d="M0 25c4.500-5.500 8-5.500 11.500-2.500S18 25.500 21.500 20.500 28 14.500 32 13v19H0z"
          fill="var(--on-picture)"
          fillOpacity="0.92"
        />
      </g>
    </svg>
  );
}

/** The mark and the name. */
export function Brand() {
  return (
    <span className="inline-flex items-center gap-2.5">
      <BrandMark className="size-6" />
      <span className="font-[650] text-name tracking-[-0.01em]">AIGrowth</span>
    </span>
  );
}
