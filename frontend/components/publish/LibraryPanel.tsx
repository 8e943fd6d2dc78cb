import { ArrowLeft } from "lucide-react";
import { useEffect, useRef } from "react";
import { ImagePicker } from "@/components/images/ImagePicker";
import { Button } from "@/components/ui/Button";
import { IconButton } from "@/components/ui/IconButton";
import type { Image } from "@/lib/api/types";
import { plural } from "@/lib/format";
import type { DraftImage } from "./draft";
import { ModalFooter } from "./Panes";

interface LibraryPanelProps {
  images: readonly DraftImage[];
  max: number;
  onToggle: (image: Image) => void;
  onClose: () => void;
}

/**
 * The library in the place of the form. What is pressed is in the post at once, so the preview
 * beside it shows the result.
 */
export function LibraryPanel({ images, max, onToggle, onClose }: LibraryPanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section
      aria-label="Choose from your library"
      className="flex min-h-0 flex-1 flex-col"
      onKeyDown={(event) => {
        // Escape leaves the library first, not the whole post.
        if (event.key === "Escape" && !event.defaultPrevented) {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <header className="flex items-center gap-1.5 px-3 pt-3 pb-2">
        <IconButton icon={ArrowLeft} label="Back to the post" onClick={onClose} />
        <h3 ref={heading} tabIndex={-1} className="font-semibold text-name outline-none">
          Choose from Library
        </h3>
      </header>
      <ImagePicker
        selected={images.map(({ imageId }) => imageId)}
        max={max}
        onToggle={onToggle}
        className="px-5 pb-3"
      />
    </section>
  );
}

/** In the place of the post's own footer, while the library is open. */
export function LibraryFooter({ count, onClose }: { count: number; onClose: () => void }) {
  return (
    <ModalFooter>
      <p role="status" className="text-ink-2 text-small">
        {count === 0 ? "Nothing chosen yet" : `${plural(count, "image")} chosen`}
      </p>
      <Button variant="primary" onClick={onClose} className="ml-auto">
        {count ? "Done" : "Back to the post"}
      </Button>
    </ModalFooter>
  );
}
