import { ImageOff, SearchX, Sparkles, Tag, Trash2 } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { EmptyState } from "@/components/ui/feedback";
import { useMayWrite } from "@/lib/business";
import type { ImagesView } from "../useImagesView";

const EMPTY = {
  uploaded: {
    title: "Nothing uploaded yet",
    words: "Every image here was made with AI. Your own pictures will stand here.",
  },
  ai_generated: {
    title: "Nothing generated yet",
    words: "Describe a picture in words, and it is painted into your library.",
  },
  edited: {
    title: "Nothing edited yet",
    words: "Images that were made from another image stand here.",
  },
  unused: {
    title: "Every image is in use",
    words: "Images that are in no post yet stand here.",
  },
  trashed: { title: "The trash is empty", words: "Images that you delete can be restored here." },
} as const;

/** Nothing is what was asked for: says what was, and leads back to all images. */
export function NothingHere({
  view: { filter, search, tag, change },
  onGenerate,
}: {
  view: ImagesView;
  onGenerate: () => void;
}) {
  const mayWrite = useMayWrite();
  const showAll = (
    <Button onClick={() => change({ search: undefined, filter: undefined, tag: undefined })}>
      Show all images
    </Button>
  );
  if (search) {
    return (
      <EmptyState icon={SearchX} title={`Nothing found for “${search}”`} action={showAll}>
        {filter === "trashed"
          ? "Nothing in the trash has this in its name, prompt, alt text or tags."
          : filter || tag
            ? "Nothing of this kind has it in its name, prompt, alt text or tags."
            : "No image has this in its name, prompt, alt text or tags."}
      </EmptyState>
    );
  }
  if (tag) {
    return (
      <EmptyState icon={Tag} title={`Nothing here is tagged “${tag}”`} action={showAll}>
        {filter
          ? "Other kinds of images may have this tag."
          : "Tags are given in an image's details, or to many images at once."}
      </EmptyState>
    );
  }
  const { title, words } = EMPTY[filter ?? "unused"];
  return (
    <EmptyState
      icon={filter === "trashed" ? Trash2 : ImageOff}
      title={title}
      action={
        filter === "ai_generated" && mayWrite ? (
          <Button variant="ai-soft" icon={Sparkles} onClick={onGenerate}>
            Generate an image
          </Button>
        ) : (
          showAll
        )
      }
    >
      {words}
    </EmptyState>
  );
}
