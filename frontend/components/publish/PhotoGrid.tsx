import { gridOf, SHOWN } from "./photoGrid";
import { SentFile } from "./SentPicture";
import type { Slide } from "./slides";

interface PhotoGridProps {
  slides: readonly Slide[];
  index: number;
  onIndex: (index: number) => void;
}

/** Several photos as a Page shows them: a grid that follows the first one's shape. */
export function PhotoGrid({ slides, index, onIndex }: PhotoGridProps) {
  const [first] = slides;
  if (!first) return null;
  const { width, height } = first.rendition ?? first.image;
  const { columns, ratio, cells } = gridOf(slides.length, width / height);
  const more = slides.length - SHOWN;
  return (
    <ul
      aria-label="Photos of the post"
      className="grid gap-0.5"
      style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, aspectRatio: ratio }}
    >
      {slides.slice(0, SHOWN).map((slide, place) => {
        const cell = cells[place];
        const isLast = place === SHOWN - 1 && more > 0;
        return (
          <li
            key={slide.image.imageId}
            className="relative min-h-0"
            style={{ gridColumn: `span ${cell?.columns}`, gridRow: `span ${cell?.rows}` }}
          >
            <button
              type="button"
              aria-label={`Photo ${place + 1} of ${slides.length}${isLast ? `, and ${more} more` : ""}`}
              aria-pressed={place === index}
              onClick={() => onIndex(place)}
              className="block size-full focus-visible:-outline-offset-2"
            >
              <SentFile slide={slide} isFilling />
              {isLast && (
                <span
                  aria-hidden
                  className="absolute inset-0 flex items-center justify-center bg-picture-scrim font-semibold text-on-picture text-title"
                >
                  +{more}
                </span>
              )}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
