import { useQuery } from "@tanstack/react-query";
import { providerTitle } from "@/components/generator/providers";
import { Badge, ErrorState, Loading, Notice, Skeleton } from "@/components/ui/feedback";
import { generationOptionsQuery } from "@/lib/api/generations";
import type { GenerationOptions, ImageModel } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatPlainDate, formatUsd, sentence } from "@/lib/format";
import { BusinessSwitch } from "./BusinessSwitch";
import { Section } from "./Section";

/** Who paints here: every provider with its models, what they can do, and until when. */
export function ModelsSection() {
  const business = useBusiness();
  const options = useQuery(generationOptionsQuery(business.id));
  return (
    <Section
      id="ai-models"
      title="AI models"
      words="Who paints the images. Which providers there are, whoever runs this server decides."
    >
      {options.isPending ? (
        <Loading label="Loading the models">
          <div className="flex flex-col gap-3">
            <Skeleton className="h-5 w-2/3" />
            <Skeleton className="h-10" />
          </div>
        </Loading>
      ) : options.isError && !options.data ? (
        <ErrorState
          title="The models could not be loaded"
          onRetry={() => options.refetch()}
          isRetrying={options.isFetching}
          isCompact
        >
          {options.error.message}
        </ErrorState>
      ) : options.data.providers.length === 0 ? (
        <p className="text-ink-2">
          No AI provider is set up on this server. Images can be uploaded all the same.
        </p>
      ) : (
        <Models options={options.data} />
      )}
      <BusinessSwitch
        name="label_ai_images"
        title="Say so when a post shows an AI image"
        className="mt-5"
      >
        Instagram marks the post as made with AI. Each post can decide otherwise.
      </BusinessSwitch>
    </Section>
  );
}

function Models({ options }: { options: GenerationOptions }) {
  return (
    <div className="flex flex-col gap-5">
      {options.warnings.map(({ provider, model, code, detail }) => (
        <Notice key={`${provider}-${model}-${code}`} tone="warn">
          {detail}
        </Notice>
      ))}
      {options.providers.map(({ name, is_practice, models }) => (
        <div key={name}>
          <h3 className="flex items-center gap-2 font-semibold text-small">
            {providerTitle(name)}
            {is_practice && <Badge tone="warn">Paints on this machine</Badge>}
          </h3>
          <ul className="mt-1 divide-y divide-line">
            {models.map((model, index) => (
              <Model
                key={model.id}
                model={model}
                isDefault={name === options.providers[0]?.name && index === 0}
              />
            ))}
          </ul>
        </div>
      ))}
      {options.providers.length > 1 && (
        <BusinessSwitch
          name="ai_provider_fallback"
          title="Another provider may paint when one is down"
        >
          The next in this list that can do it. The image says who made it.
        </BusinessSwitch>
      )}
    </div>
  );
}

function Model({ model, isDefault }: { model: ImageModel; isDefault: boolean }) {
  const { shutdown_on, successor } = model;
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 py-2.5">
      <span className="min-w-48 flex-1">
        <span className="block font-medium">
          {model.name}
          {isDefault && <span className="ml-1.5 font-normal text-ink-3">used by default</span>}
        </span>
        <span className="block text-caption text-ink-3">{sentence(abilities(model))}</span>
      </span>
      <span className="flex flex-col items-end gap-1">
        {shutdown_on ? (
          <>
            <Badge tone="warn">Ends on {formatPlainDate(shutdown_on)}</Badge>
            <span className="text-caption text-ink-3">
              {successor ? `then ${successor} paints` : "nothing follows it"}
            </span>
          </>
        ) : (
          <Badge tone="ok">In use</Badge>
        )}
      </span>
    </li>
  );
}

/** "about $0.04 at the provider · 3 shapes · previews on the way" */
function abilities({ streams, edits, masks, prices, sizes }: ImageModel): string {
  const [first] = prices;
  const price =
    first?.provider_usd == null
      ? "price at the provider unknown"
      : Number(first.provider_usd) === 0
        ? "costs nothing at the provider"
        : `about ${formatUsd(first.provider_usd)} at the provider`;
  return [
    price,
    `${sizes.length} ${sizes.length === 1 ? "shape" : "shapes"}`,
    streams && "previews on the way",
    edits && (masks ? "changes images and parts of them" : "changes whole images"),
  ]
    .filter(Boolean)
    .join(" · ");
}
