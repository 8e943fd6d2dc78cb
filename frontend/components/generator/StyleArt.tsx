import type { ReactNode } from "react";

/** The same small harbour in each built-in style, words for "as described", and brushwork for a style of one's own. */
export function StyleArt({ style }: { style: string }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 96 54"
      preserveAspectRatio="xMidYMid slice"
      className="block aspect-[16/9] w-full rounded-[6px]"
    >
      {ART[style] ?? OWN}
    </svg>
  );
}

const DESCRIBED = (
  <>
    <rect width="96" height="54" fill="var(--sunken)" />
    <g fill="var(--line-strong)">
      <rect x="22" y="15" width="52" height="4" rx="2" />
      <rect x="22" y="25" width="44" height="4" rx="2" />
      <rect x="22" y="35" width="27" height="4" rx="2" />
    </g>
    <rect x="53" y="33" width="2" height="8" rx="1" fill="var(--ai)" />
  </>
);

const PROFESSIONAL = (
  <>
    <rect width="96" height="54" fill="var(--style-clean-1)" />
    <rect width="96" height="20" fill="var(--style-clean-2)" />
    <circle cx="72" cy="15" r="6" fill="var(--style-clean-5)" />
    <path d="M0 34 18 22l12 7 14-12 20 15 14-8 18 12v18H0z" fill="var(--style-clean-3)" />
    <path d="M0 36h96v18H0z" fill="var(--style-clean-4)" />
    <path
      d="M40 43h18l-3 5H43zM48 24v17M48 25l9 14h-9zM47 28l-6 11h6z"
      fill="var(--style-clean-5)"
    />
    <path d="M12 47h16M66 44h20M62 50h12" stroke="var(--style-clean-3)" strokeWidth="1.2" />
  </>
);

const CREATIVE = (
  <>
    <rect width="96" height="54" fill="var(--style-bold-1)" />
    <circle cx="66" cy="20" r="17" fill="var(--style-bold-2)" />
    <path d="M-4 30 40 6l12 30z" fill="var(--style-bold-3)" />
    <path d="M-4 44c16-14 28 4 46-6s30-12 58-4v24H-4z" fill="var(--style-bold-4)" />
    <path d="M-4 52c20-10 36 2 54-5s32-4 50-2v13H-4z" fill="var(--style-bold-5)" />
    <path d="M30 40 62 30l-7 11-21 6z" fill="var(--style-bold-6)" />
    <path d="m41 34-8-24 22 18z" fill="var(--style-bold-6)" />
    <path d="m84 4 3 6 6 1-5 4 1 7-5-4-6 3 2-7-4-5h6z" fill="var(--style-bold-3)" />
  </>
);

const MINIMALIST = (
  <>
    <rect width="96" height="54" fill="var(--style-quiet-1)" />
    <path d="M0 39h96" stroke="var(--style-quiet-2)" strokeWidth="1" />
    <circle cx="30" cy="20" r="3.5" fill="var(--style-quiet-3)" />
    <path d="M66 25v11h8zM62 38h13l-2 3h-9z" fill="var(--style-quiet-2)" />
  </>
);

const VINTAGE = (
  <>
    <rect width="96" height="54" fill="var(--style-faded-1)" />
    <g fill="var(--style-faded-2)" opacity="0.7">
      <path d="m48 34-60-34v18zM48 34-8-8h26zM48 34 30-8h16zM48 34 56-8h16zM48 34 84-8h24zM48 34l66-26v18zM48 34l60 6v8zM48 34l-60 4v8z" />
    </g>
    <circle cx="48" cy="34" r="13" fill="var(--style-faded-3)" />
    <path d="M0 36h96v18H0z" fill="var(--style-faded-4)" />
    <path d="M38 42h22l-4 6H42z" fill="var(--style-faded-5)" />
    <path d="M48 16v25M49 18l10 20H49zM47 22l-8 16h8z" fill="var(--style-faded-5)" />
    <path
      d="M0 40h14M20 45h12M66 41h22M74 47h16M4 50h20"
      stroke="var(--style-faded-1)"
      strokeWidth="1"
      opacity="0.7"
    />
    <rect
      x="2.5"
      y="2.5"
      width="91"
      height="49"
      rx="3"
      fill="none"
      stroke="var(--style-faded-6)"
      strokeWidth="5"
    />
  </>
);

const OWN = (
  <>
    <rect width="96" height="54" fill="var(--ai-soft)" />
    <g fill="none" stroke="var(--ai)" strokeWidth="5" strokeLinecap="round">
      <path d="M18 36c10-22 18 12 28-8s16 10 30-10" opacity="0.85" />
      <path d="M24 44c16-8 30 2 48-7" opacity="0.4" />
    </g>
  </>
);

const ART: Record<string, ReactNode> = {
  none: DESCRIBED,
  professional: PROFESSIONAL,
  creative: CREATIVE,
  minimalist: MINIMALIST,
  vintage: VINTAGE,
};
