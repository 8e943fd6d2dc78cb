import { useId } from "react";

/** Three pictures laid on a light table, drawn in the colours of the harbour. */
export function NoImagesArt({ className }: { className?: string }) {
  const id = useId();
  return (
    <svg viewBox="0 0 256 148" aria-hidden="true" className={className}>
      <defs>
        <clipPath id={`${id}a`}>
          <rect width="84" height="84" rx="7" />
        </clipPath>
        <clipPath id={`${id}b`}>
          <rect width="96" height="96" rx="7" />
        </clipPath>
      </defs>
      <g transform="rotate(-9 62 82) translate(20 40)">
        <rect
          x="-6"
          y="-6"
          width="96"
          height="96"
          rx="11"
          fill="var(--surface)"
          stroke="var(--line)"
        />
        <g clipPath={`url(#${id}a)`}>
          <rect width="84" height="84" fill="var(--art-2)" />
          <circle cx="26" cy="24" r="11" fill="var(--art-sky-1)" />
          <path d="M0 52c16-14 30-14 44-4s28 8 40-4v40H0z" fill="var(--art-3)" />
          <path d="M0 68c20-8 36-6 52 0s22 4 32-2v18H0z" fill="var(--art-4)" />
        </g>
      </g>
      <g transform="rotate(8 194 82) translate(152 40)">
        <rect
          x="-6"
          y="-6"
          width="96"
          height="96"
          rx="11"
          fill="var(--surface)"
          stroke="var(--line)"
        />
        <g clipPath={`url(#${id}a)`}>
          <rect width="84" height="84" fill="var(--ai-soft)" />
          <circle cx="30" cy="50" r="20" fill="var(--ai)" opacity="0.4" />
          <circle cx="52" cy="36" r="16" fill="var(--accent)" opacity="0.35" />
          <circle cx="60" cy="60" r="13" fill="var(--ai)" opacity="0.6" />
          <circle cx="22" cy="26" r="8" fill="var(--accent)" opacity="0.25" />
        </g>
      </g>
      <g transform="translate(80 26)">
        <rect
          x="-7"
          y="-7"
          width="110"
          height="110"
          rx="12"
          fill="var(--surface)"
          stroke="var(--line)"
        />
        <g clipPath={`url(#${id}b)`}>
          <rect width="96" height="96" fill="var(--art-sky-1)" />
          <rect y="30" width="96" height="34" fill="var(--art-sky-2)" opacity="0.55" />
          <circle cx="64" cy="36" r="14" fill="var(--art-sun)" />
          <path d="M0 58c14-14 26-16 38-6s22 10 32-2 18-12 26-8v54H0z" fill="var(--art-1)" />
          <path d="M0 72c22-10 40-8 56 0s28 6 40-4v28H0z" fill="var(--art-3)" />
          <path d="M0 86c22-6 44-4 60 0s26 4 36 0v10H0z" fill="var(--art-5)" />
        </g>
      </g>
    </svg>
  );
}
