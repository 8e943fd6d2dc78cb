import { useId } from "react";

/**
 * A bay between hills at dawn, or by night in the dark theme, with the corner marks of a crop
 * around the part that goes out. Drawn, so that it needs no file and follows the theme.
 */
export function HarbourPicture({
  className,
  hasMarks = true,
}: {
  className?: string;
  hasMarks?: boolean;
}) {
  const id = useId();
  return (
    <svg
      viewBox="0 0 720 900"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
      className={className}
    >
      <defs>
        <linearGradient id={`${id}sky`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor="var(--art-sky-1)" />
          <stop offset="0.7" stopColor="var(--art-sky-2)" />
        </linearGradient>
        <radialGradient id={`${id}glow`}>
          <stop offset="0" stopColor="var(--art-glow)" />
          <stop offset="1" stopColor="var(--art-glow)" stopOpacity="0" />
        </radialGradient>
      </defs>
      <rect width="720" height="900" fill={`url(#${id}sky)`} />
      <circle cx="452" cy="300" r="260" fill={`url(#${id}glow)`} />
      <circle cx="452" cy="300" r="74" fill="var(--art-sun)" />
      <path
        d="M0 452c58-46 112-88 176-84 66 4 96 66 158 70 70 5 104-92 186-100 78-8 128 58 200 66v496H0z"
        fill="var(--art-1)"
      />
      <path
        d="M0 540c70-8 108-76 182-80 76-4 112 62 186 70 74 7 128-62 198-60 62 2 100 44 154 48v382H0z"
        fill="var(--art-2)"
      />
      <path
        d="M0 590c60 12 104 34 176 26 88-10 128-66 214-62 78 4 112 62 186 66 56 3 100-22 144-36v316H0z"
        fill="var(--art-3)"
      />
      <path
        d="M0 664c82-30 142-34 222-10 78 24 132 46 216 34 104-15 164-60 282-50v262H0z"
        fill="var(--art-4)"
      />
      <path d="M0 742c96-34 186-30 282-6 150 38 284 44 438-8v172H0z" fill="var(--art-5)" />
      {hasMarks && (
        <g
          className="max-md:hidden"
          fill="none"
          stroke="var(--art-line)"
          strokeWidth="2.500"
          strokeLinecap="round"
        >
          <path d="M264 190v-22a8 8 0 0 1 8-8h22" />
          <path d="M610 160h22a8 8 0 0 1 8 8v22" />
          <path d="M640 500v22a8 8 0 0 1-8 8h-22" />
          <path d="M294 530h-22a8 8 0 0 1-8-8v-22" />
        </g>
      )}
    </svg>
  );
}
