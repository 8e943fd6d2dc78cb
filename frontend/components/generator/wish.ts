import type {
  Generation,
  GenerationInput,
  GenerationOptions,
  ImageModel,
  ImageProvider,
} from "@/lib/api/types";

export type Quality = NonNullable<GenerationInput["quality"]>;

/** What a person asks for. */
export interface Wish {
  prompt: string;
  style: string | null;
  size: string;
  quality: Quality;
  provider: string;
  model: string;
}

/** Some of it, to begin with. */
export type WishStart = Partial<Wish>;

export interface Painter {
  provider: ImageProvider;
  model: ImageModel;
}

/** Every model that can do the work, the default first. */
export function paintersOf(options: GenerationOptions, isEdit: boolean): Painter[] {
  return options.providers.flatMap((provider) =>
    provider.models.filter((model) => !isEdit || model.edits).map((model) => ({ provider, model })),
  );
}

/** The model that a wish names; the default one where that is not there any more. */
export function painterOf(painters: readonly Painter[], wish: WishStart): Painter | undefined {
  return (
    painters.find(
      ({ provider, model }) => provider.name === wish.provider && model.id === wish.model,
    ) ?? painters[0]
  );
}

/** A wish that this model can fill, as close as it can be to what was wanted. */
export function fitWish(
  { provider, model }: Painter,
  styles: readonly string[],
  wanted: WishStart,
): Wish {
  const { prompt = "", style = null, size = "", quality = "standard" } = wanted;
  return {
    prompt,
    style: style !== null && styles.includes(style) ? style : null,
    size: model.sizes.includes(size) ? size : nearestSize(model.sizes, size),
    quality: (model.qualities.includes(quality)
      ? quality
      : (model.qualities[0] ?? "standard")) as Quality,
    provider: provider.name,
    model: model.id,
  };
}

/** The size whose shape is closest to this one's; the first where nothing is known of it. */
export function nearestSize(sizes: readonly string[], wanted: string): string {
  const shape = Math.log(ratioOf(wanted));
  if (!Number.isFinite(shape)) return sizes[0] ?? "";
  const distance = (size: string) => Math.abs(Math.log(ratioOf(size)) - shape);
  return sizes.reduce(
    (best, size) => (distance(size) < distance(best) ? size : best),
    sizes[0] ?? "",
  );
}

function ratioOf(size: string): number {
  const [width = Number.NaN, height = Number.NaN] = size.split("x").map(Number);
  return width / height;
}

/** Whether two wishes ask for the same. */
export function isSameWish(one: Wish, other: Wish): boolean {
  return (Object.keys(one) as Array<keyof Wish>).every((name) =>
    name === "prompt" ? one.prompt.trim() === other.prompt.trim() : one[name] === other[name],
  );
}

/** What was asked for with a generation, to ask for it again. */
export function wishOf(generation: Generation): Wish {
  const { prompt, style, size, quality, provider, model } = generation;
  return { prompt, style, size, quality: quality as Quality, provider, model };
}
