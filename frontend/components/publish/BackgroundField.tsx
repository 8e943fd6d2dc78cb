import { useQuery } from "@tanstack/react-query";
import { cn } from "@/components/ui/cn";
import { BLACK, WHITE } from "./colour";
import { edgeQuery } from "./edge";

interface BackgroundFieldProps {
  /** The whole picture; undefined while its address is not known. */
  src: string | undefined;
  colour: string;
  onChange: (colour: string) => void;
}

/** The colour around a picture that is shown whole: that of its edge, white, black, or any other. */
export function BackgroundField({ src, colour, onChange }: BackgroundFieldProps) {
  const { data: edge } = useQuery(edgeQuery(src));
  const known = [
    ...(edge ? [{ value: edge, label: "As its edge" }] : []),
    { value: WHITE, label: "White" },
    { value: BLACK, label: "Black" },
  ];
  const isOther = !known.some(({ value }) => value === colour);
  return (
    <fieldset className="flex flex-wrap justify-center gap-2">
      <legend className="sr-only">Background</legend>
      {known.map(({ value, label }) => (
        <label key={label} className={choice(value === colour)}>
          <input
            type="radio"
            name="background"
            checked={value === colour}
            onChange={() => onChange(value)}
            className="absolute inset-0 cursor-pointer appearance-none rounded-control outline-none"
          />
          <Swatch colour={value} />
          {label}
        </label>
      ))}
      <label className={choice(isOther)}>
        <input
          type="color"
          value={colour}
          onChange={(event) => onChange(event.target.value)}
          className="absolute inset-0 size-full cursor-pointer opacity-0"
        />
        {isOther && <Swatch colour={colour} />}
        Another colour
      </label>
    </fieldset>
  );
}

function choice(isChosen: boolean): string {
  return cn(
    "relative flex h-control cursor-pointer items-center gap-2 rounded-control border px-3 font-medium text-small",
    "has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2",
    isChosen ? "border-accent bg-accent-soft" : "border-line-input bg-surface hover:bg-sunken",
  );
}

function Swatch({ colour }: { colour: string }) {
  return (
    <span
      aria-hidden
      className="size-4 rounded-full border border-line-input"
      style={{ backgroundColor: colour }}
    />
  );
}
