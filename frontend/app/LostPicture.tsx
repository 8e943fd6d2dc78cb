/** A picture frame with nothing but horizon in it. */
export function LostPicture({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 224 144" aria-hidden="true" className={className}>
      <rect
        x="0.500"
        y="0.500"
        width="223"
        height="143"
        rx="12"
        fill="var(--surface)"
        stroke="var(--line)"
      />
      <svg x="8" y="8" width="208" height="128" viewBox="0 0 208 128" aria-hidden="true">
        <rect width="208" height="128" rx="6" fill="var(--sunken)" />
        <circle
          cx="150"
          cy="44"
          r="17"
          fill="none"
          stroke="var(--line-strong)"
          strokeDasharray="4 5"
          strokeWidth="1.500"
        />
        <path
          d="M0 92c30-22 52-22 76-6s44 10 66-6 44-18 66-4v46a6 6 0 0 1-6 6H6a6 6 0 0 1-6-6z"
          fill="var(--line)"
        />
        <path
          d="M0 108c34-12 62-8 92 0s74 6 116-8v22a6 6 0 0 1-6 6H6a6 6 0 0 1-6-6z"
          fill="var(--line-strong)"
        />
      </svg>
    </svg>
  );
}
