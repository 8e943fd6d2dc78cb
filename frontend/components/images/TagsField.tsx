import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { TagField } from "@/components/ui/TagField";
import { tagsQuery, useChangeImage } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { useSettled } from "./useSettled";

interface TagsFieldProps {
  image: Image;
  /** Shows all images with a tag. */
  onTag: (tag: string) => void;
}

/** The tags of an image. Each change is kept at once. */
export function TagsField({ image, onTag }: TagsFieldProps) {
  const business = useBusiness();
  const change = useChangeImage(business.id);
  const [typed, setTyped] = useState("");
  const { data: known = [] } = useQuery(tagsQuery(business.id, useSettled(typed.trim())));
  // What was chosen last is shown until the server has answered, and again when it refuses.
  const tags = change.isPending ? (change.variables.change.tags ?? image.tags) : image.tags;
  const save = (next: string[]) => change.mutate({ id: image.id, change: { tags: next } });
  return (
    <TagField
      label="Tags"
      aside={
        <span role="status">{change.isPending ? "Saving" : change.isSuccess ? "Saved" : ""}</span>
      }
      value={tags}
      onChange={save}
      suggestions={known.map(({ tag }) => tag)}
      onType={setTyped}
      onPress={onTag}
      error={
        change.isError && (
          <>
            Not saved. {change.error.message}{" "}
            <button
              type="button"
              className="underline underline-offset-3"
              onClick={() => save(change.variables.change.tags ?? [])}
            >
              Try again
            </button>
          </>
        )
      }
    />
  );
}
