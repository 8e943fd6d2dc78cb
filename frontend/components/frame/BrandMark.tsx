import { useId } from "react";

/** A hill and a rising sun in a rounded tile: a picture that goes up. */
export function BrandMark({ className }: { className?: string }) {
  const id = useId();
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={className}>
      <defs>
        <linearGradient
          id={`${id}sky`}
          x1="4"
          y1="0"
          x2="26"
          y2="32"
          gradientUnits="userSpaceOnUse"
        >
          <stop offset="0" stopColor="var(--brand-1)" />
          <stop offset="0.75" stopColor="var(--brand-2)" />
        </linearGradient>
        <clipPath id={`${id}tile`}>
          <rect width="32" height="32" rx="9" />
        </clipPath>
      </defs>
      <g clipPath={`url(#${id}tile)`}>
        <rect width="32" height="32" fill={`url(#${id}sky)`} />
        <circle cx="19.500" cy="11.500" r="4.750" fill="var(--on-picture)" />
        <path
          d="M0 24.500c4-4 8-4.500 12-2s7 1.500 10-2 6-5.500 10-6V32H0z"
          fill="var(--brand-3)"
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
