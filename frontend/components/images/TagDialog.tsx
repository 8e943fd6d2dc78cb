import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Notice } from "@/components/ui/feedback";
import { TagField } from "@/components/ui/TagField";
import { toast } from "@/components/ui/Toast";
import { tagsQuery, useTagImages } from "@/lib/api/images";
import type { Image, TagCount } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatCount, plural } from "@/lib/format";
import { nextWish, planOf, tagsAfter, tagsOf, type Wish } from "./tagPlan";
import { useSettled } from "./useSettled";

interface TagDialogProps {
  images: readonly Image[];
  onClose: () => void;
  /** The tags are kept. */
  /** Gets the images as they are tagged now. */
  onDone: (images: readonly Image[]) => void;
}

/** Gives tags to several images at once, and takes tags from them. */
export function TagDialog({ images, onClose, onDone }: TagDialogProps) {
  const business = useBusiness();
  const tagging = useTagImages(business.id);
  const [fresh, setFresh] = useState<string[]>([]);
  const [wishes, setWishes] = useState<ReadonlyMap<string, Wish>>(new Map());
  const [typed, setTyped] = useState("");
  const { data: known = [] } = useQuery(tagsQuery(business.id, useSettled(typed.trim())));
  const [existing] = useState(() => tagsOf(images));
  const { add, remove } = planOf(fresh, wishes);
  const hasChange = add.length + remove.length > 0;
  const listId = useId();

  const save = () =>
    tagging.mutate(
      { imageIds: images.map(({ id }) => id), add, remove },
      {
        onSuccess: ({ changed, refused }) => {
          toast(
            refused.length
              ? {
                  title: `${plural(refused.length, "image")} could not be tagged`,
                  description: refused[0]?.detail,
                  tone: "bad",
                }
              : { title: savedWords(add, remove, images.length), tone: "ok" },
          );
          const isChanged = new Set(changed);
          onDone(
            images.map((image) =>
              isChanged.has(image.id)
                ? { ...image, tags: tagsAfter(image.tags, add, remove) }
                : image,
            ),
          );
          onClose();
        },
      },
    );

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Tag ${plural(images.length, "image")}`}
      size="sm"
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" disabled={!hasChange} isBusy={tagging.isPending} onClick={save}>
            Save tags
          </Button>
        </div>
      }
    >
      <div className="flex flex-col gap-5">
        <TagField
          label="Add tags"
          value={fresh}
          onChange={setFresh}
          suggestions={known.map(({ tag }) => tag)}
          onType={setTyped}
          placeholder="For example harbour, menu, winter"
        />
        {existing.length > 0 && (
          <section aria-labelledby={listId}>
            <h3 id={listId} className="mb-1 font-semibold text-small">
              On these images
            </h3>
            <ul className="-mx-2 max-h-64 overflow-y-auto">
              {existing.map((one) => (
                <li key={one.tag}>
                  <TagBox
                    tag={one}
                    total={images.length}
                    wish={wishes.get(one.tag) ?? "as-is"}
                    onWish={(wish) => setWishes(new Map(wishes).set(one.tag, wish))}
                  />
                </li>
              ))}
            </ul>
          </section>
        )}
        {tagging.isError && (
          <Notice tone="bad" isAlert fact="The tags are not kept yet.">
            {tagging.error.message} What you chose is still here.
          </Notice>
        )}
      </div>
    </Dialog>
  );
}

interface TagBoxProps {
  tag: TagCount;
  total: number;
  wish: Wish;
  onWish: (wish: Wish) => void;
}

/** A tag that some of the images have, all of them, or none of them once this is kept. */
function TagBox({ tag: { tag, count }, total, wish, onWish }: TagBoxProps) {
  const isOnAll = count === total;
  const isAll = wish === "all" || (wish === "as-is" && isOnAll);
  const isSome = wish === "as-is" && !isOnAll;
  return (
    <label className="flex min-h-9 cursor-pointer items-center gap-3 rounded-control px-2 hover:bg-sunken">
      <input
        type="checkbox"
        checked={isAll}
        ref={(box) => {
          if (box) box.indeterminate = isSome;
        }}
        onChange={() => onWish(nextWish(wish, isOnAll))}
        className="size-4.5 shrink-0 accent-accent"
      />
      <span className="min-w-0 flex-1 truncate">{tag}</span>
      <span className="text-ink-3 text-small tabular-nums">
        {isSome
          ? `${formatCount(count)} of ${formatCount(total)}`
          : isAll
            ? wish === "all"
              ? "added to all"
              : "all"
            : "taken away"}
      </span>
    </label>
  );
}

function savedWords(add: readonly string[], remove: readonly string[], count: number): string {
  const images = plural(count, "image");
  if (!remove.length && add.length === 1) return `${images} tagged “${add[0]}”`;
  if (!add.length && remove.length === 1) return `“${remove[0]}” taken from ${images}`;
  return `The tags of ${images} are kept`;
}
