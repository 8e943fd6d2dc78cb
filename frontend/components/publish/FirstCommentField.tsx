import { MessageCircle } from "lucide-react";
import { useRef } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { CureButton } from "@/components/ui/feedback";
import { Textarea } from "@/components/ui/Input";
import type { Channel } from "@/lib/api/types";
import { formatCount } from "@/lib/format";
import { ProblemNotices } from "./ProblemNotices";
import { listed } from "./progress";
import type { Problem } from "./rules";
import { textFacts } from "./textFacts";

interface FirstCommentFieldProps {
  /** null: none is wanted. */
  comment: string | null;
  chosen: readonly Channel[];
  problems: readonly Problem[];
  onChange: (comment: string | null) => void;
}

/** What is written under the post once it is out; offered where a chosen platform takes it. */
export function FirstCommentField({ comment, chosen, problems, onChange }: FirstCommentFieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const taking = chosen.filter(({ rules }) => rules.first_comment !== null);
  if (comment === null) {
    if (taking.length === 0) return null;
    return (
      <Button
        variant="ghost"
        size="sm"
        icon={MessageCircle}
        className="-ml-2.5 self-start"
        onClick={() => {
          onChange("");
          requestAnimationFrame(() => area.current?.focus());
        }}
      >
        Add a first comment
      </Button>
    );
  }
  const { characters, hashtags } = textFacts(comment);
  const limits = taking.flatMap(({ rules }) => rules.first_comment ?? []);
  const mostCharacters = Math.min(...limits.map((it) => it.max_characters));
  const mostHashtags = Math.min(...limits.flatMap((it) => it.max_hashtags ?? []));
  const places = [...new Set(taking.map(({ platform }) => PLATFORM_NAMES[platform]))];
  return (
    <div className="flex flex-col gap-2">
      <Field
        label="First comment"
        aside={places.length ? `under the post on ${listed(places)}` : undefined}
        hint={
          <span className="flex flex-wrap items-center gap-x-4 text-caption tabular-nums">
            <span>
              {formatCount(characters)}
              {Number.isFinite(mostCharacters) && ` / ${formatCount(mostCharacters)}`}
            </span>
            {Number.isFinite(mostHashtags) && (
              <span>
                {hashtags} of {mostHashtags} hashtags
              </span>
            )}
            <button type="button" className="link ml-auto min-h-6" onClick={() => onChange(null)}>
              Leave it out
            </button>
          </span>
        }
      >
        <Textarea
          ref={area}
          rows={2}
          maxRows={6}
          value={comment}
          placeholder="Hashtags or a link that should not stand in the text"
          onChange={(event) => onChange(event.target.value)}
        />
      </Field>
      <ProblemNotices
        problems={problems}
        cureFor={({ code }) =>
          code.startsWith("first_comment_not_") ? null : (
            <CureButton onPress={() => area.current?.focus()}>Go there</CureButton>
          )
        }
      />
    </div>
  );
}
