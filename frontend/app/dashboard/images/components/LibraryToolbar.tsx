import { useQuery } from "@tanstack/react-query";
import {
  ArrowLeft,
  ArrowUpDown,
  ChevronDown,
  Grid2x2,
  Grid3x3,
  Tag as TagIcon,
  Trash2,
  X,
} from "lucide-react";
import { lazy, type ReactNode, useEffect, useRef, useState } from "react";
import { useSettled } from "@/components/images/useSettled";
import { useTileSize } from "@/components/images/useTileSize";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { IconButton } from "@/components/ui/IconButton";
import { SearchInput } from "@/components/ui/Input";
import { MenuOnDemand } from "@/components/ui/MenuOnDemand";
import { Segmented } from "@/components/ui/Segmented";
import { type ImageSort, libraryTotalsQuery, tagsQuery } from "@/lib/api/images";
import { useBusiness } from "@/lib/business";
import { formatCount } from "@/lib/format";
import { useMediaQuery } from "@/lib/useMediaQuery";
import type { ImagesView } from "../useImagesView";

const loadOrderMenu = () => import("./OrderMenu");
const OrderMenu = lazy(loadOrderMenu);
const loadTagMenu = () => import("./TagMenu");
const TagMenu = lazy(loadTagMenu);

const SORTS: ReadonlyArray<{ value: ImageSort; label: string }> = [
  { value: "created_at_desc", label: "Newest" },
  { value: "created_at_asc", label: "Oldest" },
  { value: "most_used", label: "Most used" },
];

interface LibraryToolbarProps {
  view: ImagesView;
  /** Something else stands in its place; what was written in it stays. */
  isHidden: boolean;
}

/** Filter, search and order. Stays at the upper edge while the library scrolls. */
export function LibraryToolbar({ view, isHidden }: LibraryToolbarProps) {
  const { filter, change } = view;
  const [text, setText] = useSearchText(view);
  const isNarrow = useMediaQuery("(width < 36rem)");
  const isTrash = filter === "trashed";

  return (
    <div
      className={cn(
        "page-padding sticky top-0 z-10 flex flex-wrap items-center gap-2.5 bg-bg pt-1 pb-3",
        isHidden && "hidden",
      )}
    >
      {isTrash ? (
        <Button icon={ArrowLeft} onClick={() => change({ filter: undefined, search: undefined })}>
          All images
        </Button>
      ) : (
        <KindFilter view={view} />
      )}
      <SearchInput
        label={isTrash ? "Search the trash" : "Search your images"}
        placeholder={
          isTrash
            ? "Search the trash"
            : isNarrow
              ? "Search"
              : "Search name, prompt, alt text or tag"
        }
        value={text}
        onChange={setText}
        className="min-w-28 flex-1 [&_input]:text-ellipsis"
      />
      {!isTrash && (
        <>
          <TagFilter view={view} isNarrow={isNarrow} />
          <Order view={view} isNarrow={isNarrow} isTight={Boolean(view.tag && view.image)} />
          <SizeSwitch isNarrow={isNarrow} />
          <IconButton
            label="Open the trash"
            icon={Trash2}
            className={isNarrow ? "size-10.5" : undefined}
            onClick={() =>
              change({ filter: "trashed", search: undefined, tag: undefined, image: undefined })
            }
          />
        </>
      )}
    </div>
  );
}

function KindFilter({ view: { filter, change } }: { view: ImagesView }) {
  const business = useBusiness();
  const { data: totals } = useQuery(libraryTotalsQuery(business.id));
  const hasEdited = (totals?.edited ?? 0) > 0 || filter === "edited";
  return (
    <Segmented
      label="Which images"
      value={filter ?? "all"}
      onChange={(value) =>
        change({ filter: value === "all" ? undefined : value, image: undefined })
      }
      options={[
        { value: "all", label: "All" },
        { value: "uploaded", label: "Uploaded" },
        { value: "ai_generated", label: "AI generated" },
        ...(hasEdited ? [{ value: "edited" as const, label: "Edited" }] : []),
        { value: "unused", label: <Counted count={totals?.unused}>Unused</Counted> },
      ]}
      className="max-sm:order-last max-sm:w-full max-sm:[&>label]:flex-1 max-sm:[&>label]:justify-center max-sm:[&>label]:px-2"
    />
  );
}

/** A word with how many there are, where there is room for it. */
function Counted({ count, children }: { count: number | undefined; children: ReactNode }) {
  return (
    <>
      {children}
      {count !== undefined && count > 0 && (
        <span
          aria-hidden
          className="font-normal text-caption text-ink-3 tabular-nums max-sm:hidden"
        >
          {formatCount(count)}
        </span>
      )}
    </>
  );
}

/** `isTight`: other things need the room, so an icon stands for the words. */
function Order({
  view: { sort: chosen, change },
  isNarrow,
  isTight,
}: NarrowProps & { isTight: boolean }) {
  const sort: ImageSort = chosen ?? "created_at_desc";
  const name = SORTS.find(({ value }) => value === sort)?.label ?? "Newest";
  const button =
    isNarrow || isTight ? (
      <IconButton
        label={`Order: ${name}`}
        icon={ArrowUpDown}
        variant="secondary"
        hasTooltip={false}
        className={isNarrow ? "size-10.5" : undefined}
      />
    ) : (
      <Button aria-label={`Order: ${name}`}>
        {name}
        <ChevronDown aria-hidden className="-mr-1 size-4 text-ink-3" />
      </Button>
    );
  return (
    <MenuOnDemand trigger={button} load={loadOrderMenu}>
      <OrderMenu
        trigger={button}
        isOpenAtFirst
        sort={sort}
        options={SORTS}
        onChange={(value) => change({ sort: value === "created_at_desc" ? undefined : value })}
      />
    </MenuOnDemand>
  );
}

interface NarrowProps {
  view: ImagesView;
  isNarrow: boolean;
}

/** The chosen tag, to be taken away again; or a menu of the tags, where there are any. */
function TagFilter({ view: { tag, change }, isNarrow }: NarrowProps) {
  const business = useBusiness();
  const { data: tags } = useQuery(tagsQuery(business.id));
  if (tag) {
    return (
      <span className="inline-flex h-control max-w-52 items-center rounded-control bg-accent-soft pl-2.5 font-medium text-accent">
        <TagIcon aria-hidden className="mr-1.5 size-3.5 shrink-0" />
        <span className="truncate">{tag}</span>
        <button
          type="button"
          aria-label={`Show images without the tag ${tag} as well`}
          onClick={() => change({ tag: undefined })}
          className="ml-0.5 flex h-full w-8 shrink-0 items-center justify-center rounded-control hover:bg-accent/12"
        >
          <X aria-hidden className="size-3.5" strokeWidth={2.5} />
        </button>
      </span>
    );
  }
  if (!tags?.length) return null;
  const button = (
    <IconButton
      label="Filter by tag"
      icon={TagIcon}
      variant="secondary"
      hasTooltip={!isNarrow}
      className={isNarrow ? "size-10.5" : undefined}
    />
  );
  return (
    <MenuOnDemand trigger={button} load={loadTagMenu}>
      <TagMenu
        trigger={button}
        isOpenAtFirst
        tags={tags}
        onChoose={(chosen) => change({ tag: chosen, image: undefined })}
      />
    </MenuOnDemand>
  );
}

function SizeSwitch({ isNarrow }: { isNarrow: boolean }) {
  const [size, choose] = useTileSize();
  const isLarge = size === "large";
  return (
    <IconButton
      label={isLarge ? "Smaller pictures" : "Larger pictures, with names"}
      icon={isLarge ? Grid3x3 : Grid2x2}
      className={isNarrow ? "size-10.5" : undefined}
      onClick={() => choose(isLarge ? "small" : "large")}
    />
  );
}

/** What stands in the search box; the address follows when typing pauses. */
function useSearchText({ search = "", change }: ImagesView): [string, (text: string) => void] {
  const [text, setText] = useState(search);
  const settled = useSettled(text);
  const written = useRef(search);
  useEffect(() => {
    if (settled.trim() === written.current) return;
    written.current = settled.trim();
    change({ search: settled.trim() }, true);
  }, [settled, change]);
  // The back button, a link or "Show all images" changed it.
  useEffect(() => {
    if (search === written.current) return;
    written.current = search;
    setText(search);
  }, [search]);
  return [text, setText];
}
