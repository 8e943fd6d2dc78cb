import { HoldNotice } from "@/components/frame/HoldNotice";
import { PageHeader } from "@/components/frame/PageHeader";
import { useBusiness } from "@/lib/business";
import { PostFilter } from "./components/PostFilter";
import { PostList } from "./components/PostList";

/** Everything that was written: drafts, what is on its way, what went out and what did not. */
export default function PostsPage() {
  const { timezone } = useBusiness();
  return (
    <>
      <PageHeader title="Posts" fact={`Times in ${timezone.replaceAll("_", " ")}`} />
      <div className="page-padding flex max-w-310 flex-col gap-4 pt-1 pb-8">
        <HoldNotice />
        <PostFilter />
        <PostList />
      </div>
    </>
  );
}
