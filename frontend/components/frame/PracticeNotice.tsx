import { useQuery } from "@tanstack/react-query";
import { channelsQuery } from "@/lib/api/channels";
import type { Session } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

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
      {practice.meta && <RehearseLink />}
    </div>
  );
}

/** Leads to the panel on which things can be let go wrong on the business's practice accounts. */
function RehearseLink() {
  const business = useBusiness();
  const { data: channels } = useQuery(channelsQuery(business.id));
  const names = channels
    ?.filter((found) => found.is_practice && found.platform === "instagram")
    .map(({ name }) => name);
  const [first] = names ?? [];
  if (!names || first === undefined) return null;
  const asked = new URLSearchParams({
    account: first,
    ...(names[1] && { among: names.join(",") }),
  });
  return (
    <a
      className="mt-1 inline-block min-h-6 underline underline-offset-2"
      href={`/practice/rehearse?${asked}`}
      target="_blank"
      rel="noreferrer"
    >
      Let something go wrong
    </a>
  );
}
