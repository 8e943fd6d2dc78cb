import { type ReactNode, useId } from "react";
import { Card } from "@/components/ui/surface";

interface SectionProps {
  /** What an address ends with to lead here. */
  id?: string;
  title: string;
  /** What it is for, in a sentence. */
  children: ReactNode;
  words: ReactNode;
  /** Stands under the words: the one thing to do here. */
  action?: ReactNode;
}

/** One part of the settings: what it is on the left, and the part itself beside it. */
export function Section({ id, title, words, action, children }: SectionProps) {
  const titleId = useId();
  return (
    <section
      id={id}
      aria-labelledby={titleId}
      className="grid grid-cols-[minmax(0,1fr)] items-start gap-x-8 gap-y-3 scroll-mt-14 min-[90rem]:scroll-mt-4 border-line border-t py-7 first:border-t-0 first:pt-3 lg:grid-cols-[15rem_minmax(0,1fr)]"
    >
      <div className="max-lg:flex max-lg:flex-wrap max-lg:items-end max-lg:gap-x-4 max-lg:gap-y-2">
        <div className="max-lg:min-w-56 max-lg:flex-1">
          <h2 id={titleId} className="font-semibold text-name">
            {title}
          </h2>
          <p className="mt-1 text-pretty text-ink-2 text-small">{words}</p>
        </div>
        {action && <div className="lg:mt-4">{action}</div>}
      </div>
      <Card>{children}</Card>
    </section>
  );
}
