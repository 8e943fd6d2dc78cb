import { X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { Field } from "@/components/ui/Field";
import { IconButton } from "@/components/ui/IconButton";
import { Input } from "@/components/ui/Input";
import type { Rendition, UserTag } from "@/lib/api/types";
import type { DraftImage } from "./draft";
import { stageStyle } from "./FocusStage";
import { clampPoint, nudged } from "./framing";

interface TagStageProps {
  image: DraftImage;
  /** The file as it is sent: a mark lies at a place in it. */
  rendition: Rendition | null;
  onChange: (tags: readonly UserTag[]) => void;
}

const NAME = /^[A-Za-z0-9._]{1,30}$/;
const MIDDLE = { x: 0.5, y: 0.5 };

/** Accounts marked in the picture: a press places a mark, a name makes it one. */
export function TagStage({ image, rendition, onChange }: TagStageProps) {
  const [name, setName] = useState("");
  const [at, setAt] = useState(MIDDLE);
  const [isPlaced, setPlaced] = useState(false);
  const [error, setError] = useState<string | undefined>();
  const tags = image.userTags;
  const width = rendition?.width ?? image.width;
  const height = rendition?.height ?? image.height;
  const place = ({ clientX, clientY, currentTarget }: React.PointerEvent) => {
    const area = currentTarget.getBoundingClientRect();
    setPlaced(true);
    setAt(
      clampPoint({ x: (clientX - area.left) / area.width, y: (clientY - area.top) / area.height }),
    );
  };
  const add = () => {
    const username = name.trim().replace(/^@/, "");
    if (!NAME.test(username)) {
      setError(
        "Write the name of an Instagram account: letters, digits, full stops and underscores.",
      );
      return;
    }
    if (tags.some((tag) => tag.username.toLowerCase() === username.toLowerCase())) {
      setError(`${username} is marked already.`);
      return;
    }
    onChange([...tags, { username, ...at }]);
    setName("");
    setError(undefined);
    setAt(MIDDLE);
    setPlaced(false);
  };
  return (
    <>
      <div
        className="relative mx-auto cursor-crosshair touch-none overflow-hidden rounded-control bg-sunken"
        style={stageStyle(width / height)}
        onPointerDown={place}
      >
        <img
          src={rendition?.url ?? image.thumbnailUrl}
          alt={image.altText || image.name}
          draggable={false}
          className="absolute inset-0 size-full select-none object-cover"
        />
        {tags.map((tag) => (
          <Mark key={tag.username} at={tag}>
            {tag.username}
          </Mark>
        ))}
        {(isPlaced || name.trim()) && (
          <MovingMark at={at} words={name.trim() || "Who is it?"} onMove={setAt} />
        )}
      </div>
      <form
        noValidate
        className="flex items-start gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <Field
          label="Instagram account"
          error={error}
          hint="Press where it is in the picture, or move the mark with the arrow keys."
          className="flex-1"
        >
          <Input
            value={name}
            autoComplete="off"
            spellCheck={false}
            placeholder="harbourcoffee"
            onChange={(event) => {
              setName(event.target.value);
              setError(undefined);
            }}
          />
        </Field>
        <Button type="submit" className="mt-6.5">
          Mark
        </Button>
      </form>
      {tags.length > 0 && (
        <ul aria-label="Marked accounts" className="flex flex-wrap gap-2">
          {tags.map((tag) => (
            <li
              key={tag.username}
              className="flex h-8 items-center gap-1 rounded-full border border-line bg-surface pl-3 font-medium text-small"
            >
              {tag.username}
              <IconButton
                size="sm"
                icon={X}
                label={`Take the mark of ${tag.username} away`}
                hasTooltip={false}
                className="rounded-full"
                onClick={() => onChange(tags.filter((it) => it !== tag))}
              />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

interface Place {
  x: number;
  y: number;
}

const LABEL =
  "-translate-1/2 absolute whitespace-nowrap rounded-small bg-picture-scrim px-2 py-0.5 font-medium text-caption text-on-picture";

function placed({ x, y }: Place) {
  return { left: `${x * 100}%`, top: `${y * 100}%` };
}

function Mark({ at, children }: { at: Place; children: string }) {
  return (
    <span aria-hidden className={cn(LABEL, "pointer-events-none")} style={placed(at)}>
      {children}
    </span>
  );
}

/** Where the next mark will lie. */
function MovingMark({
  at,
  words,
  onMove,
}: {
  at: Place;
  words: string;
  onMove: (at: Place) => void;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    const next = nudged(at, event);
    if (!next) return;
    event.preventDefault();
    onMove(next);
  };
  return (
    <button
      type="button"
      aria-label={`${words} Place of the mark. Arrow keys move it, with Shift in larger steps.`}
      aria-description={`${Math.round(at.x * 100)} % from the left, ${Math.round(at.y * 100)} % from the top`}
      onKeyDown={onKeyDown}
      className={cn(LABEL, "min-h-6 border border-on-picture border-dashed")}
      style={placed(at)}
    >
      {words}
    </button>
  );
}
