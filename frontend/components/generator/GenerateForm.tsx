import { Link } from "@tanstack/react-router";
import { Sparkles } from "lucide-react";
import { type ReactNode, type RefObject, useEffect, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Select, Textarea } from "@/components/ui/Input";
import { Segmented } from "@/components/ui/Segmented";
import type { GenerationList, GenerationOptions, ImageModel, Style } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatCount } from "@/lib/format";
import { Choices } from "./Choices";
import { EarlierPrompts } from "./EarlierPrompts";
import { priceOf, providerPrice } from "./price";
import { providerTitle } from "./providers";
import { StyleArt } from "./StyleArt";
import { shapesOf } from "./shapes";
import { fitWish, type Painter, painterOf, type Quality, type Wish } from "./wish";

interface GenerateFormProps {
  options: GenerationOptions;
  styles: readonly Style[] | undefined;
  painters: readonly Painter[];
  wish: Wish;
  onChange: (wish: Wish) => void;
  onSubmit: () => void;
  promptRef: RefObject<HTMLTextAreaElement | null>;
  earlier: GenerationList | undefined;
  /** What is wrong with the words, as the server said. */
  promptError: string | undefined;
  isEdit: boolean;
  /** This very wish is on its way. */
  isBusy: boolean;
  isAgain: boolean;
  /** Seconds to wait before anything may be asked for. */
  wait: number;
  className?: string;
}

/** On a button, the first time and from then on. */
export const ORDERS = {
  make: ["Generate", "Generate again"],
  edit: ["Change the image", "Change it again"],
} as const;

/** The form offers what the chosen model can do, and nothing else; the price stands beside the button. */
export function GenerateForm({
  options,
  styles,
  painters,
  wish,
  onChange,
  onSubmit,
  promptRef,
  earlier,
  promptError,
  isEdit,
  isBusy,
  isAgain,
  wait,
  className,
}: GenerateFormProps) {
  const business = useBusiness();
  const [hasTried, setTried] = useState(false);
  const painter = painterOf(painters, wish);
  const price = priceOf(options, business.timezone, painter?.provider.is_practice);

  // The form may come after the dialog. On a phone the keyboard would cover half of it at once.
  useEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) promptRef.current?.focus();
  }, [promptRef]);

  if (!painter) return null;
  const { model } = painter;
  const length = Array.from(wish.prompt).length;
  const tooLong =
    length > model.max_prompt_length &&
    `${model.name} takes ${formatCount(model.max_prompt_length)} characters, and this has ${formatCount(length)}.`;
  const error = !wish.prompt.trim()
    ? hasTried && (isEdit ? "Describe the change you want." : "Describe the picture you want.")
    : tooLong || promptError;

  const submit = () => {
    setTried(true);
    if (isBusy || wait > 0 || price.isCapped) return;
    if (!wish.prompt.trim() || tooLong) promptRef.current?.focus();
    else onSubmit();
  };
  const choose = (change: Partial<Wish>) => {
    const next = { ...wish, ...change };
    onChange(fitWish(painterOf(painters, next) ?? painter, options.styles, next));
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      className={className}
    >
      <div className="flex flex-1 flex-col gap-5 p-5 sm:overflow-y-auto">
        <div className="relative">
          <Field
            label={isEdit ? "Describe the change" : "Describe your image"}
            error={error || undefined}
            hint={
              <span className="tabular-nums">
                {formatCount(length)} of {formatCount(model.max_prompt_length)}
              </span>
            }
            isRequired
          >
            <Textarea
              ref={promptRef}
              value={wish.prompt}
              rows={4}
              maxRows={9}
              placeholder={
                isEdit
                  ? "Make the sky a warm evening red, and leave everything else as it is"
                  : "A quiet harbour at dawn, wooden fishing boats, a paper cup of coffee on the quay"
              }
              onChange={(event) => onChange({ ...wish, prompt: event.target.value })}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit();
              }}
            />
          </Field>
          <span className="absolute top-0 right-0">
            <EarlierPrompts
              list={earlier}
              onPick={({ generation }) => {
                choose({ prompt: generation.prompt, style: generation.style });
                requestAnimationFrame(() => promptRef.current?.focus());
              }}
            />
          </span>
        </div>
        {options.styles.length > 0 && (
          <Choices
            label="Style"
            value={wish.style ?? "none"}
            onChange={(style) => choose({ style: style === "none" ? null : style })}
            options={["none", ...options.styles].map((name) => {
              const style = styles?.find((it) => it.name === name);
              return {
                value: name,
                title: style?.words,
                label: (
                  <>
                    <StyleArt style={name} />
                    <span className="line-clamp-1 px-1 py-1 text-caption">
                      {name === "none"
                        ? "As described"
                        : (style?.label ?? name.charAt(0).toUpperCase() + name.slice(1))}
                    </span>
                  </>
                ),
              };
            })}
            className="grid grid-cols-3 gap-2"
            itemClassName="overflow-hidden p-0.5"
          />
        )}
        {painters.length > 1 && (
          <ModelField
            options={options}
            painters={painters}
            wish={wish}
            onChange={(provider, id) => choose({ provider, model: id })}
          />
        )}
        <Warnings options={options} painter={painter} />
        <Choices
          label="Shape"
          value={wish.size}
          onChange={(size) => choose({ size })}
          options={shapesOf(model.sizes).map(({ size, width, height, name }) => ({
            value: size,
            label: (
              <>
                <Frame width={width} height={height} />
                <span className="font-medium text-small">{name}</span>
                <span className="text-caption text-ink-2 tabular-nums">
                  {width} × {height}
                </span>
              </>
            ),
          }))}
          className="grid grid-cols-3 gap-2"
          itemClassName="min-h-20 justify-center gap-0.5 px-1 py-2"
        />
        {model.qualities.length > 1 && (
          <Labelled label="Quality">
            <Segmented
              label="Quality"
              value={wish.quality}
              onChange={(quality) => choose({ quality })}
              options={model.qualities.map((value) => ({
                value: value as Quality,
                label: value === "hd" ? "HD" : "Standard",
              }))}
            />
          </Labelled>
        )}
      </div>
      <div className="flex flex-col gap-2.5 border-line border-t bg-surface p-5 pt-4 max-sm:sticky max-sm:bottom-0 max-sm:z-1 pb-[max(1.25rem,env(safe-area-inset-bottom))]">
        <div className="text-small">
          {(price.freeLeft || price.afterwards) && (
            <p className="flex flex-wrap justify-between gap-x-3">
              {price.freeLeft && (
                <span>
                  Free this month: <strong className="font-semibold">{price.freeLeft}</strong> left
                </span>
              )}
              {price.afterwards && <span className="text-ink-3">{price.afterwards}</span>}
            </p>
          )}
          {price.underCap && !price.isCapped && <p className="text-ink-3">{price.underCap}</p>}
          <p className="text-caption text-ink-3">{providerPrice(painter, wish)}</p>
        </div>
        {price.isCapped && <CapReached resetsOn={price.resetsOn} />}
        <Button
          type="submit"
          variant="ai"
          size="lg"
          icon={Sparkles}
          isWide
          isBusy={isBusy}
          disabled={price.isCapped || wait > 0}
        >
          {isBusy
            ? "Painting"
            : wait > 0
              ? `In ${wait} s`
              : `${ORDERS[isEdit ? "edit" : "make"][isAgain ? 1 : 0]} · ${price.label}`}
        </Button>
      </div>
    </form>
  );
}

/** Nothing more may be spent this month: who can change that, and when it changes by itself. */
export function CapReached({ resetsOn }: { resetsOn: string }) {
  const { role } = useBusiness();
  return (
    <Notice
      tone="warn"
      fact="This month's limit for AI images is reached."
      cure={
        role === "owner" ? (
          <Link to="/dashboard/settings" hash="ai-and-spending">
            Raise the limit
          </Link>
        ) : undefined
      }
    >
      It starts anew on {resetsOn}.{role !== "owner" && " An owner can raise it in the settings."}
    </Notice>
  );
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex flex-col items-start gap-1.5">
      <p aria-hidden className="font-semibold text-small">
        {label}
      </p>
      {children}
    </div>
  );
}

/** A small frame of a shape. */
function Frame({ width, height }: { width: number; height: number }) {
  const scale = 24 / Math.max(width, height);
  return (
    <span aria-hidden className="flex h-7 items-center">
      <span
        className="block rounded-[4px] border-[1.5px] border-current"
        style={{ width: width * scale, height: height * scale }}
      />
    </span>
  );
}

function ModelField({
  options,
  painters,
  wish,
  onChange,
}: {
  options: GenerationOptions;
  painters: readonly Painter[];
  wish: Wish;
  onChange: (provider: string, model: string) => void;
}) {
  const providers = options.providers.filter((provider) =>
    painters.some((it) => it.provider === provider),
  );
  const choices = (models: readonly Painter[]) =>
    models.map(({ provider, model }) => (
      <option key={model.id} value={JSON.stringify([provider.name, model.id])}>
        {model.name}
        {endWords(model)}
      </option>
    ));
  return (
    <Field label="Model">
      <Select
        className="w-full"
        value={JSON.stringify([wish.provider, wish.model])}
        onChange={(value) => {
          const [provider, model] = JSON.parse(value) as [string, string];
          onChange(provider, model);
        }}
      >
        {providers.length === 1
          ? choices(painters)
          : providers.map((provider) => (
              <optgroup key={provider.name} label={providerTitle(provider.name)}>
                {choices(painters.filter((it) => it.provider === provider))}
              </optgroup>
            ))}
      </Select>
    </Field>
  );
}

function endWords({ shutdown_on }: ImageModel): string {
  return shutdown_on ? `, until ${shutdown_on}` : "";
}

/** What is to be known of the chosen model and whoever runs it. */
function Warnings({
  options,
  painter: { provider, model },
}: {
  options: GenerationOptions;
  painter: Painter;
}) {
  const warnings = options.warnings.filter(
    (it) => it.provider === provider.name && (it.model === null || it.model === model.id),
  );
  return warnings.map(({ code, detail }) => (
    <Notice key={code} tone="warn">
      {detail}
    </Notice>
  ));
}
