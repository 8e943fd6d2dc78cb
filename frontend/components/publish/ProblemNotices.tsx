import type { ReactNode } from "react";
import { Notice } from "@/components/ui/feedback";
import type { Problem } from "./rules";

interface ProblemNoticesProps {
  problems: readonly Problem[];
  /** A button that does what `fix` says, where one press can. */
  cureFor?: (problem: Problem) => ReactNode;
  /** Which of several things a problem speaks of: "Image 2". */
  subjectOf?: (problem: Problem) => string | null;
}

/** What is in the way or worth knowing: fact, consequence, cure. Spoken when it appears. */
export function ProblemNotices({ problems, cureFor, subjectOf }: ProblemNoticesProps) {
  return (
    <div role="status" className="flex flex-col gap-2 empty:hidden">
      {[...problems].sort(byWeight).map((problem) => (
        <Notice
          key={`${problem.code} ${problem.channelId} ${problem.imageId}`}
          tone={toneOf(problem)}
          fact={withSubject(subjectOf?.(problem), problem.message)}
          cure={cureFor?.(problem)}
        >
          {problem.fix}
        </Notice>
      ))}
    </div>
  );
}

function withSubject(subject: string | null | undefined, message: string): string {
  return subject ? `${subject}: ${message}` : message;
}

/** What is only worth knowing: nothing has to be done. */
const FACTS = new Set([
  "carousel_ratio",
  "image_cropped",
  "first_frame_only",
  "user_tag_not_supported",
  "first_comment_not_supported",
]);

/** What is missing is no mistake yet; what is too much is. */
function toneOf({ code, isBlocking }: Problem): "warn" | "bad" | "neutral" {
  if (isBlocking) return code.endsWith("_requires_image") ? "warn" : "bad";
  return FACTS.has(code) ? "neutral" : "warn";
}

/** What stands in the way first, then warnings, then what is only worth knowing. */
function byWeight(a: Problem, b: Problem): number {
  const weight = (problem: Problem) =>
    problem.isBlocking ? 0 : toneOf(problem) === "warn" ? 1 : 2;
  return weight(a) - weight(b);
}
