import type { Session } from "@/lib/api/types";

/** What is practice here, in words. Null when everything is real. */
export function practiceWords(practice: Session["practice"]): string | null {
  if (practice.meta && practice.images) return "Nothing leaves this machine.";
  if (practice.meta) return "Posts stay on this machine. AI images are real and may cost money.";
  if (practice.images) return "Posts are real. AI images are painted on this machine.";
  return null;
}

/** Says, as long as it is true, what here is practice. */
export function PracticeNotice({ practice }: { practice: Session["practice"] }) {
  const words = practiceWords(practice);
  if (!words) return null;
  return (
    <div className="rounded-control bg-warn-soft px-3 py-2.5 text-small text-warn">
      <p className="font-semibold">Practice mode</p>
      <p className="text-balance">{words}</p>
    </div>
  );
}
