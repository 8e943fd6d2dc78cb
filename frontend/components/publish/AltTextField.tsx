import { ArrowLeft, ArrowRight } from "lucide-react";
import { Field } from "@/components/ui/Field";
import { IconButton } from "@/components/ui/IconButton";
import { Textarea } from "@/components/ui/Input";
import { formatCount } from "@/lib/format";
import type { DraftImage } from "./draft";

interface AltTextFieldProps {
  image: DraftImage;
  place: number;
  count: number;
  limit: number | null;
  onChange: (altText: string) => void;
  onMove: (to: number) => void;
}

/** What goes out with one image for people who do not see it, and its place among the others. */
export function AltTextField({ image, place, count, limit, onChange, onMove }: AltTextFieldProps) {
  const length = image.altText.length;
  const isLong = limit !== null && length > limit * 0.8;
  return (
    <div className="relative min-w-0 flex-1">
      <Field
        label="Alt text"
        hint={
          image.isAi && !image.altText.trim()
            ? "Images made with AI come without one: say what this one shows."
            : undefined
        }
        aside={
          <>
            {count > 1 && `image ${place + 1} of ${count}`}
            {isLong && ` ${formatCount(length)} / ${formatCount(limit)}`}
          </>
        }
      >
        <Textarea
          rows={2}
          maxRows={6}
          value={image.altText}
          placeholder="What the picture shows, for people who do not see it"
          onChange={(event) => onChange(event.target.value)}
        />
      </Field>
      {count > 1 && (
        <div className="-top-1.5 absolute right-0 flex">
          <IconButton
            size="sm"
            icon={ArrowLeft}
            label="Move earlier"
            disabled={place === 0}
            onClick={() => onMove(place - 1)}
          />
          <IconButton
            size="sm"
            icon={ArrowRight}
            label="Move later"
            disabled={place === count - 1}
            onClick={() => onMove(place + 1)}
          />
        </div>
      )}
    </div>
  );
}
