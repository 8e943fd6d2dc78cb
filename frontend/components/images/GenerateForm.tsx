import { Sparkles } from "lucide-react";
import { type RefObject, useEffect, useId, useState } from "react";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Textarea } from "@/components/ui/Input";
import { Segmented } from "@/components/ui/Segmented";
import type { GenerationInput, GenerationOptions } from "@/lib/api/types";
import { formatCount } from "@/lib/format";

type Style = GenerationOptions["styles"][number];
type Quality = NonNullable<GenerationInput["quality"]>;

/** What a person asked for. */
export interface GenerateWish {
  prompt: string;
  size: string;
  quality: Quality;
  style: Style | null;
  provider: string;
  model: string;
}

/** Words and a style to begin with. */
export interface GenerateStart {
  prompt?: string;
  style?: string;
}

interface GenerateFormProps {
  businessId: number;
  options: GenerationOptions;
  start?: GenerateStart | undefined;
  promptRef: RefObject<HTMLTextAreaElement | null>;
  isBusy: boolean;
  hasResult: boolean;
  onGenerate: (wish: GenerateWish) => void;
}

/** What was written last in each business outlives the dialog; nothing put in is lost. */
const lastPrompts = new Map<number, string>();

const STYLE_NAMES: Record<Style, string> = {
  professional: "Professional",
  creative: "Creative",
  minimalist: "Minimalist",
  vintage: "Vintage",
};

/** The form offers what the first model of the first provider can do, and nothing else. */
export function GenerateForm({
  businessId,
  options,
  start,
  promptRef,
  isBusy,
  hasResult,
  onGenerate,
}: GenerateFormProps) {
  const provider = options.providers[0];
  const model = provider?.models[0];
  const [prompt, setPrompt] = useState(start?.prompt ?? lastPrompts.get(businessId) ?? "");
  const [style, setStyle] = useState<Style | "none">(
    options.styles.find((name) => name === start?.style) ?? "none",
  );
  const [size, setSize] = useState(model?.sizes[0] ?? "");
  const [quality, setQuality] = useState<Quality>(
    (model?.qualities.includes("standard") ? "standard" : model?.qualities[0]) as Quality,
  );
  const [hasTried, setTried] = useState(false);

  // The form may come after the dialog. On a phone the keyboard would cover half of it at once.
  useEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) promptRef.current?.focus();
  }, [promptRef]);

  if (!provider || !model) {
    return (
      <div className="p-5">
        <Notice tone="warn" fact="No AI image provider is set up on this server.">
          Whoever runs it can set one up. Until then, upload pictures of your own.
        </Notice>
      </div>
    );
  }

  const length = Array.from(prompt).length;
  const error = !prompt.trim()
    ? hasTried && "Describe the picture you want."
    : length > model.max_prompt_length &&
      `${model.name} takes ${formatCount(model.max_prompt_length)} characters, and this has ${formatCount(length)}.`;

  const submit = () => {
    setTried(true);
    if (isBusy || !prompt.trim() || length > model.max_prompt_length) {
      promptRef.current?.focus();
      return;
    }
    onGenerate({
      prompt: prompt.trim(),
      size,
      quality,
      style: style === "none" ? null : style,
      provider: provider.name,
      model: model.id,
    });
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      className={cn(
        "flex min-h-0 flex-col border-line sm:border-r",
        (isBusy || hasResult) && "max-sm:hidden",
      )}
    >
      <div className="flex flex-1 flex-col gap-5 p-5 sm:overflow-y-auto">
        <Field
          label="Describe your image"
          error={error || undefined}
          hint={`${formatCount(length)} of ${formatCount(model.max_prompt_length)}`}
          isRequired
        >
          <Textarea
            ref={promptRef}
            value={prompt}
            rows={4}
            maxRows={9}
            placeholder="A quiet harbour at dawn, wooden fishing boats, a paper cup of coffee on the quay"
            onChange={(event) => {
              setPrompt(event.target.value);
              lastPrompts.set(businessId, event.target.value);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit();
            }}
          />
        </Field>
        {options.styles.length > 0 && (
          <Choices
            label="Style"
            value={style}
            onChange={setStyle}
            options={[
              { value: "none" as const, label: "As described" },
              ...options.styles.map((name) => ({ value: name, label: STYLE_NAMES[name] })),
            ]}
            className="flex flex-wrap gap-1.5"
            itemClassName="h-7.5 rounded-full px-3 text-small"
          />
        )}
        <Choices
          label="Shape"
          value={size}
          onChange={setSize}
          options={model.sizes.map((value) => ({ value, label: <Shape size={value} /> }))}
          className="grid grid-cols-3 gap-2"
          itemClassName="min-h-20 flex-col rounded-control px-1 py-2.5"
        />
        {model.qualities.length > 1 && (
          <div className="flex flex-col items-start gap-1.5">
            <p aria-hidden className="font-semibold text-small">
              Quality
            </p>
            <Segmented
              label="Quality"
              value={quality}
              onChange={setQuality}
              options={model.qualities.map((value) => ({
                value: value as Quality,
                label: value === "hd" ? "HD" : "Standard",
              }))}
            />
          </div>
        )}
      </div>
      <div className="flex flex-col gap-2.5 border-line border-t p-5 pb-[max(1.25rem,env(safe-area-inset-bottom))] sm:border-0 sm:pt-0">
        <p className="text-ink-3 text-small">
          {provider.is_practice
            ? "Practice: painted on this machine in the mood of your words, not what they say. Costs nothing."
            : `Painted by ${model.name}. Your provider charges for it.`}
        </p>
        <Button type="submit" variant="ai" size="lg" icon={Sparkles} isWide isBusy={isBusy}>
          {isBusy ? "Painting" : hasResult ? "Generate again" : "Generate"}
        </Button>
      </div>
    </form>
  );
}

interface ChoicesProps<Value extends string> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: ReadonlyArray<{ value: Value; label: React.ReactNode }>;
  className: string;
  itemClassName: string;
}

/** One of a few in boxes. Radio buttons underneath; violet, because this is AI's own form. */
function Choices<Value extends string>({
  label,
  value,
  onChange,
  options,
  className,
  itemClassName,
}: ChoicesProps<Value>) {
  const name = useId();
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 font-semibold text-small">{label}</legend>
      <div className={className}>
        {options.map((option) => (
          <label
            key={option.value}
            className={cn(
              "relative flex items-center justify-center gap-1 border border-line-strong text-center transition-colors duration-150 hover:border-line-input motion-reduce:transition-none",
              "has-checked:border-ai has-checked:bg-ai-soft has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2",
              itemClassName,
            )}
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="absolute inset-0 cursor-[inherit] appearance-none rounded-[inherit] outline-none"
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** 1024x1792 as a small frame of that shape, its name and its pixels. */
function Shape({ size }: { size: string }) {
  const [width = 1, height = 1] = size.split("x").map(Number);
  const scale = 26 / Math.max(width, height);
  const name = width === height ? "Square" : width < height ? "Portrait" : "Landscape";
  return (
    <>
      <span aria-hidden className="flex h-7 items-center">
        <span
          className="block rounded-[4px] border-[1.5px] border-current"
          style={{ width: width * scale, height: height * scale }}
        />
      </span>
      <span className="font-medium text-small">{name}</span>
      <span className="text-caption text-ink-2 tabular-nums">
        {width} × {height}
      </span>
    </>
  );
}
