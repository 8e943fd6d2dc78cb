import { ImageOff, Images } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { EmptyState, ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { SearchInput } from "@/components/ui/Input";
import { Segmented } from "@/components/ui/Segmented";
import type { ImageFilter } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { ImageGrid } from "./ImageGrid";
import { ImageTile } from "./ImageTile";
import { useLibrary } from "./useLibrary";
import { useSettled } from "./useSettled";

export interface ImagePickerProps {
  /** Ids in the order in which they were chosen. */
  selected: readonly number[];
  /** How many can be chosen at most. */
  max: number;
  /** Chooses an image, or takes it back. */
  onToggle: (image: Image) => void;
  className?: string;
}

type Choice = "all" | Exclude<ImageFilter, "trashed" | "edited">;

const CHOICES: ReadonlyArray<{ value: Choice; label: string }> = [
  { value: "all", label: "All" },
  { value: "uploaded", label: "Uploaded" },
  { value: "ai_generated", label: "AI generated" },
  { value: "unused", label: "Unused" },
];

/**
 * The library inside of something else: search, filter, press to choose. It fills the height that
 * it is given and scrolls by itself.
 */
export function ImagePicker({ selected, max, onToggle, className }: ImagePickerProps) {
  const [choice, setChoice] = useState<Choice>("all");
  const [text, setText] = useState("");
  const search = useSettled(text.trim());
  const library = useLibrary({ filter: choice === "all" ? undefined : choice, search });
  const scroller = useRef<HTMLDivElement>(null);
  const isFull = selected.length >= max;

  return (
    <section
      aria-label="Your library"
      className={cn("flex min-h-0 flex-1 flex-col gap-3", className)}
    >
      <div className="flex flex-wrap gap-2">
        <Segmented label="Show" value={choice} onChange={setChoice} options={CHOICES} />
        <SearchInput
          label="Search your images"
          placeholder="Search name, prompt, alt text or tag"
          value={text}
          onChange={setText}
          className="min-w-52 flex-1"
        />
      </div>
      <div
        ref={scroller}
        className="-mx-2 min-h-52 flex-1 overflow-y-auto overscroll-contain rounded-control p-2"
      >
        {library.error && !library.isKnown ? (
          <ErrorState
            title="Your images could not be loaded"
            onRetry={library.retry}
            isRetrying={library.isFetching}
          >
            {library.error.message} Nothing is lost.
          </ErrorState>
        ) : library.isPending ? (
          <Loading label="Loading images">
            <div className="grid grid-cols-[repeat(auto-fill,minmax(104px,1fr))] gap-2.5">
              {["a", "b", "c", "d", "e", "f", "g", "h"].map((key) => (
                <Skeleton key={key} className="aspect-square rounded-tile" />
              ))}
            </div>
          </Loading>
        ) : library.count ? (
          <div
            className={cn(
              "transition-opacity duration-150 motion-reduce:transition-none",
              library.isStale && "opacity-50",
            )}
          >
            <ImageGrid
              label="Images to choose from"
              places={library}
              tileWidth={104}
              onLook={library.look}
              scroller={scroller}
              isSelected={(id) => selected.includes(id)}
              renderTile={(image, tabIndex) => {
                const place = selected.indexOf(image.id);
                return (
                  <ImageTile
                    image={image}
                    tabIndex={tabIndex}
                    isSelected={place >= 0}
                    order={max > 1 && place >= 0 ? place + 1 : undefined}
                    isDisabled={isFull && place < 0 && max > 1}
                    disabledWords={`${plural(max, "image")} chosen already, which is the most.`}
                    check="press"
                    onPress={() => onToggle(image)}
                  />
                );
              }}
            />
          </div>
        ) : search || choice !== "all" ? (
          <EmptyState
            icon={ImageOff}
            title={search ? `Nothing found for “${search}”` : "No images here"}
            action={
              <Button
                onClick={() => {
                  setText("");
                  setChoice("all");
                }}
              >
                Show all images
              </Button>
            }
          />
        ) : (
          <EmptyState icon={Images} title="Your library is empty">
            Upload a picture or generate one, and it can be chosen here.
          </EmptyState>
        )}
      </div>
    </section>
  );
}
