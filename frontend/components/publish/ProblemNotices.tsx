import type { ReactNode } from "react";
import { Notice } from "@/components/ui/feedback";
import type { Problem } from "./rules";

interface ProblemNoticesProps {
  problems: readonly Problem[];
  /** A button that does what `fix` says, where one press can. */
  cureFor?: (problem: Problem) => ReactNode;
}

/** What is in the way or worth knowing: fact, consequence, cure. Spoken when it appears. */
export function ProblemNotices({ problems, cureFor }: ProblemNoticesProps) {
  return (
    <div role="status" className="flex flex-col gap-2 empty:hidden">
      {problems.map((problem) => (
        <Notice
          key={`${problem.code} ${problem.platform} ${problem.imageId}`}
          tone={toneOf(problem)}
          fact={problem.message}
          cure={cureFor?.(problem)}
        >
          {problem.fix}
        </Notice>
      ))}
    </div>
  );
}

/** What is missing is no mistake yet; what is too much is. */
function toneOf({ code, isBlocking }: Problem): "warn" | "bad" {
  return isBlocking && !code.endsWith("_requires_image") ? "bad" : "warn";
}
