import { CircleAlert, CircleCheck, Crop } from "lucide-react";
import { useId } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { useFreshAddresses } from "@/lib/api/freshAddresses";
import type { Image, PlatformReadiness } from "@/lib/api/types";
import { formatSize } from "@/lib/format";

/** What each platform would get, as a picture: its shape, and what is cropped away. */
export function Readiness({ image }: { image: Image }) {
  const id = useId();
  const all = image.platform_readiness;
  const ready = all.filter(({ is_ready }) => is_ready);
  return (
    <section aria-labelledby={id} className="flex flex-col gap-2">
      <h3 id={id} className="font-semibold text-small">
        {ready.length === all.length
          ? `Ready for ${all.map(({ platform }) => PLATFORM_NAMES[platform]).join(" and ")}`
          : "What the platforms get"}
      </h3>
      <ul className="grid grid-cols-2 gap-2.5">
        {all.map((one) => (
          <li key={one.platform} className="min-w-0">
            <Result image={image} readiness={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Result({
  image,
  readiness: { platform, is_ready, is_cropped, width, height, note },
}: {
  image: Image;
  readiness: PlatformReadiness;
}) {
  const reportLost = useFreshAddresses();
  const name = PLATFORM_NAMES[platform];
  return (
    <figure className="flex flex-col gap-1.5">
      <div className="flex aspect-square items-center justify-center overflow-hidden rounded-tile bg-sunken p-2">
        {is_ready && (
          <img
            src={image.preview_url}
            alt={is_cropped ? `As ${name} gets it, cropped` : `As ${name} gets it, whole`}
            decoding="async"
            draggable={false}
            onError={() => reportLost(image.preview_url)}
            // A JPEG has no holes: white lies below. The middle is what stays of a crop.
            className="max-h-full max-w-full bg-on-picture object-cover"
            style={{
              aspectRatio: `${width} / ${height}`,
              ...(width > height ? { width: "100%" } : { height: "100%" }),
            }}
          />
        )}
      </div>
      <figcaption className="text-caption text-ink-3">
        <span className="flex items-center gap-1 font-medium text-ink">
          {!is_ready ? (
            <CircleAlert aria-hidden className="size-3.5 shrink-0 text-warn" />
          ) : is_cropped ? (
            <Crop aria-hidden className="size-3.5 shrink-0 text-warn" />
          ) : (
            <CircleCheck aria-hidden className="size-3.5 shrink-0 text-ok" />
          )}
          {name}
        </span>
        {is_ready ? (
          <>
            <span className="block tabular-nums">{formatSize(width, height)} JPEG</span>
            <span className="block">{resultWords(image, is_cropped)}</span>
          </>
        ) : (
          <span className="block">{note}</span>
        )}
      </figcaption>
    </figure>
  );
}

function resultWords({ animated }: Image, isCropped: boolean): string {
  const words = isCropped ? "Cropped around the centre" : "The whole picture";
  return animated ? `${words}, first frame only` : words;
}
