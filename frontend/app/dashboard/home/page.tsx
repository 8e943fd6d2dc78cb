import { useQuery } from "@tanstack/react-query";
import { HoldNotice } from "@/components/frame/HoldNotice";
import { PageHeader } from "@/components/frame/PageHeader";
import { PracticeNotice } from "@/components/frame/PracticeNotice";
import { ViewerNotice } from "@/components/frame/ViewerNotice";
import { libraryTotalsQuery } from "@/lib/api/images";
import { postsInStateQuery, recentPostsQuery } from "@/lib/api/posts";
import { useBusiness, useMayWrite, useSession } from "@/lib/business";
import { formatDay } from "@/lib/format";
import { ChannelsCard } from "./components/ChannelsCard";
import { DraftsCard } from "./components/DraftsCard";
import { FirstSteps } from "./components/FirstSteps";
import { GoingOutCard } from "./components/GoingOutCard";
import { NewestImagesCard } from "./components/NewestImagesCard";
import { PUBLISHED_SHOWN, PublishedCard } from "./components/PublishedCard";
import { SpendingCard } from "./components/SpendingCard";

/** What goes out, what is being written, what went out, and whether the channels are well. */
export default function HomePage() {
  const business = useBusiness();
  const { practice } = useSession();
  const mayWrite = useMayWrite();
  const totals = useQuery(libraryTotalsQuery(business.id));
  const recent = useQuery(recentPostsQuery(business.id));

  const posts = recent.data?.posts ?? [];
  const published = useQuery(postsInStateQuery(business.id, "published", PUBLISHED_SHOWN));
  const hasPublished = (published.data?.posts.length ?? 0) > 0;
  const isKnown = Boolean(totals.data && recent.data && published.data);
  const isNew = isKnown && !hasPublished && mayWrite;
  return (
    <>
      <PageHeader title="Home" fact={formatDay(new Date(), business.timezone)} />
      <div className="page-padding flex flex-col gap-4 pt-1 pb-8">
        <div className="md:hidden">
          <PracticeNotice practice={practice} />
        </div>
        <ViewerNotice />
        <HoldNotice />
        {isNew && (
          <FirstSteps
            hasImage={(totals.data?.images ?? 0) > 0}
            hasPost={posts.length > 0}
            isPractice={practice.meta}
          />
        )}
        <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
          <div className="flex min-w-0 flex-col gap-4">
            <GoingOutCard />
            {!isNew && <PublishedCard />}
            {!(isNew && posts.length === 0) && <DraftsCard />}
          </div>
          <div className="grid min-w-0 gap-4 sm:grid-cols-2 lg:grid-cols-1">
            <ChannelsCard />
            {!(isNew && totals.data?.images === 0) && <NewestImagesCard totals={totals.data} />}
            <SpendingCard />
          </div>
        </div>
      </div>
    </>
  );
}
