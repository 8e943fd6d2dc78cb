import { ArrowLeft, ArrowUpDown, ChevronDown, Trash2 } from "lucide-react";
import { lazy, useEffect, useRef, useState } from "react";
import { useSettled } from "@/components/images/useSettled";
import { Button } from "@/components/ui/Button";
import { IconButton } from "@/components/ui/IconButton";
import { SearchInput } from "@/components/ui/Input";
import { MenuOnDemand } from "@/components/ui/MenuOnDemand";
import { Segmented } from "@/components/ui/Segmented";
import type { ImageSort } from "@/lib/api/images";
import { useMediaQuery } from "@/lib/useMediaQuery";
import type { ImagesView } from "../useImagesView";

const loadOrderMenu = () => import("./OrderMenu");
const OrderMenu = lazy(loadOrderMenu);

const FILTERS = [
  { value: "all", label: "All" },
  { value: "uploaded", label: "Uploaded" },
  { value: "ai_generated", label: "AI generated" },
  { value: "unused", label: "Unused" },
] as const;

const SORTS: ReadonlyArray<{ value: ImageSort; label: string }> = [
  { value: "created_at_desc", label: "Newest" },
  { value: "created_at_asc", label: "Oldest" },
  { value: "most_used", label: "Most used" },
];

/** Filter, search and order. Stays at the upper edge while the library scrolls. */
export function LibraryToolbar({ view }: { view: ImagesView }) {
  const { filter, sort = "created_at_desc", change } = view;
  const [text, setText] = useSearchText(view);
  const isNarrow = useMediaQuery("(width < 36rem)");
  const isTrash = filter === "trashed";
  const sortName = SORTS.find(({ value }) => value === sort)?.label ?? "Newest";
  const orderButton = isNarrow ? (
    <IconButton
      label={`Order: ${sortName}`}
      icon={ArrowUpDown}
      variant="secondary"
      hasTooltip={false}
      className="size-10.5"
    />
  ) : (
    <Button aria-label={`Order: ${sortName}`}>
      {sortName}
      <ChevronDown aria-hidden className="-mr-1 size-4 text-ink-3" />
    </Button>
  );

  return (
    <div className="page-padding sticky top-0 z-10 flex flex-wrap items-center gap-2.5 bg-bg pt-1 pb-3">
      {isTrash ? (
        <Button icon={ArrowLeft} onClick={() => change({ filter: undefined, search: undefined })}>
          All images
        </Button>
      ) : (
        <Segmented
          label="Which images"
          value={filter ?? "all"}
          onChange={(value) =>
            change({ filter: value === "all" ? undefined : value, image: undefined })
          }
          options={FILTERS}
          className="max-sm:order-last max-sm:w-full max-sm:[&>label]:flex-1 max-sm:[&>label]:justify-center max-sm:[&>label]:px-2"
        />
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
        className="min-w-32 flex-1 [&_input]:text-ellipsis"
      />
      {!isTrash && (
        <MenuOnDemand trigger={orderButton} load={loadOrderMenu}>
          <OrderMenu
            trigger={orderButton}
            isOpenAtFirst
            sort={sort}
            options={SORTS}
            onChange={(value) => change({ sort: value === "created_at_desc" ? undefined : value })}
          />
        </MenuOnDemand>
      )}
      {!isTrash && (
        <IconButton
          label="Open the trash"
          icon={Trash2}
          className={isNarrow ? "size-10.5" : undefined}
          onClick={() => change({ filter: "trashed", search: undefined, image: undefined })}
        />
      )}
    </div>
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
