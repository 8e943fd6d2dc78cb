import { RotateCw, Shuffle } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { Menu, MenuItem, MenuSeparator } from "@/components/ui/Menu";
import type { Generation, Image } from "@/lib/api/types";
import { formatBytes, formatMoney, formatSize, formatUsd } from "@/lib/format";
import { ORDERS } from "./GenerateForm";
import type { StageDoings } from "./GenerateStage";
import { FrameOf } from "./Painting";
import { isPracticeProvider, providerTitle } from "./providers";
import { VARIATIONS } from "./variations";

interface PaintedProps {
  image: Image;
  generation: Generation;
  priceLabel: string;
  useLabel: string;
  keepLabel: string;
  doings: StageDoings;
}

/** The picture, what it came to, and everything that may be done next. */
export function Painted({
  image,
  generation,
  priceLabel,
  useLabel,
  keepLabel,
  doings,
}: PaintedProps) {
  return (
    <>
      <FrameOf size={`${image.width}x${image.height}`}>
        <img
          src={image.storage_url}
          alt={image.ai_prompt ?? image.original_filename}
          className="size-full object-cover transition-opacity duration-200 motion-reduce:transition-none starting:opacity-0"
        />
      </FrameOf>
      <p className="text-center text-ink-3 text-small tabular-nums">
        In your library · {formatSize(image.width, image.height)} · {formatBytes(image.file_size)}
        {costWords(generation)}
      </p>
      <div className="grid w-full grid-cols-2 gap-2 sm:flex sm:w-auto sm:flex-wrap sm:justify-center">
        <Button variant="primary" onClick={() => doings.onUse(image)}>
          {useLabel}
        </Button>
        <Button onClick={doings.onKeep}>{keepLabel}</Button>
        <Menu
          align="center"
          side="top"
          trigger={
            <Button variant="ai-soft" icon={Shuffle}>
              Vary the prompt
            </Button>
          }
        >
          {VARIATIONS.map(({ label, words }) => (
            <MenuItem key={label} onSelect={() => doings.onVary(words)}>
              {label}
            </MenuItem>
          ))}
          <MenuSeparator />
          <MenuItem onSelect={doings.onChange}>In your own words</MenuItem>
        </Menu>
        <Button variant="ai-soft" icon={RotateCw} onClick={doings.onAgain}>
          {ORDERS[generation.is_edit ? "edit" : "make"][1]} · {priceLabel}
        </Button>
      </div>
    </>
  );
}

/** What it came to: what is charged, and what the provider bills where that is known. */
function costWords({ is_free, price_usd, booked_usd, provider }: Generation): string {
  const isPractice = isPracticeProvider(provider);
  const charged = is_free
    ? " · free"
    : price_usd === null
      ? ""
      : ` · ${formatMoney(price_usd, isPractice)}`;
  return booked_usd !== null && Number(booked_usd) > 0 && !isPractice
    ? `${charged} (${providerTitle(provider)} billed ${formatUsd(booked_usd)})`
    : charged;
}
