import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { Segmented } from "@/components/ui/Segmented";
import { postsInStateQuery } from "@/lib/api/posts";
import { useBusiness } from "@/lib/business";
import type { PostsSearch } from "../search";

type Choice = NonNullable<PostsSearch["state"]> | "all";

const CHOICES: ReadonlyArray<{ value: Choice; label: string }> = [
  { value: "all", label: "All" },
  { value: "draft", label: "Drafts" },
  { value: "scheduled", label: "Scheduled" },
  { value: "publishing", label: "Publishing" },
  { value: "published", label: "Published" },
  { value: "failed", label: "Failed" },
  { value: "unconfirmed", label: "Needs a look" },
];

/** Which posts the list shows; kept in the address. */
export function PostFilter() {
  const { state } = useSearch({ from: "/dashboard/posts" });
  const navigate = useNavigate({ from: "/dashboard/posts" });
  const business = useBusiness();
  const scheduled = useQuery(postsInStateQuery(business.id, "scheduled", 1));
  // Where nothing is scheduled there is nothing to show.
  const hasScheduled = state === "scheduled" || Boolean(scheduled.data?.posts.length);
  // On a phone the row is wider than the screen: what is chosen stands in view.
  const row = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice is another place
  useEffect(() => {
    const choice = row.current?.querySelector("input:checked")?.parentElement;
    const scroller = choice?.closest("fieldset");
    if (!choice || !scroller) return;
    // Not scrollIntoView: the browser would begin there with the Tab key.
    scroller.scrollLeft += middle(choice) - middle(scroller);
  }, [state]);
  return (
    <div ref={row} className="flex max-md:-mx-4">
      <Segmented<Choice>
        label="Show"
        value={state ?? "all"}
        onChange={(choice) =>
          void navigate({
            search: (previous) => ({ ...previous, state: choice === "all" ? undefined : choice }),
            replace: true,
          })
        }
        options={CHOICES.filter(({ value }) => value !== "scheduled" || hasScheduled)}
        className="min-w-0 max-md:w-full max-md:rounded-none max-md:px-4"
      />
    </div>
  );
}

function middle(element: Element): number {
  const { left, width } = element.getBoundingClientRect();
  return left + width / 2;
}
