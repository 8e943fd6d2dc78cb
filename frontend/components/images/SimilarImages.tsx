import type { SimilarImage } from "@/lib/api/types";
import { formatSize, plural } from "@/lib/format";

interface SimilarImagesProps {
  similar: readonly SimilarImage[];
  onShow: (imageId: number) => void;
}

/** A hint that the same picture may be here more than once. Nothing is merged. */
export function SimilarImages({ similar, onShow }: SimilarImagesProps) {
  if (similar.length === 0) return null;
  return (
    <section className="rounded-control bg-sunken px-3 py-2.5" aria-label="Similar images">
      <p className="text-small">
        <span className="font-semibold">
          Looks like {plural(similar.length, "other image", "other images")}.
        </span>{" "}
        <span className="text-ink-2">Perhaps the same picture twice.</span>
      </p>
      <ul className="mt-2 flex flex-wrap gap-1.5">
        {similar.map(({ id, original_filename, thumbnail_url, width, height }) => (
          <li key={id}>
            <button
              type="button"
              onClick={() => onShow(id)}
              aria-label={`Show ${original_filename}, ${formatSize(width, height)}`}
              title={`${original_filename}, ${formatSize(width, height)}`}
              className="block size-10.5 overflow-hidden rounded-small bg-line"
            >
              <img src={thumbnail_url} alt="" decoding="async" className="size-full object-cover" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
