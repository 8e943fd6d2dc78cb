import { CalendarClock } from "lucide-react";
import { useCallback, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import type { Post } from "@/lib/api/types";
import { ModalFooter, Panes } from "./Panes";
import { ProgressView } from "./ProgressView";
import { useComposer } from "./useComposer";
import { useStart } from "./useStart";
import { WriteView } from "./WriteView";

export interface PublishContentModalProps {
  /** A draft to go on with; null for a new post. */
  postId: number | null;
  /** Images that a new post starts with. */
  imageIds: number[];
  onClose: () => void;
}

/**
 * Writing a post on the left, what will really be sent on the right, and then how it goes out.
 * Keeping a new post gives it an address of its own; that is no reason to begin again.
 */
export default function PublishContentModal({
  postId,
  imageIds,
  onClose,
}: PublishContentModalProps) {
  const composer = useComposer();
  const [round, setRound] = useState({
    number: 0,
    postId,
    imageIds,
    keptId: null as number | null,
  });
  if (postId !== round.postId) {
    setRound(
      postId !== null && postId === round.keptId
        ? { ...round, postId }
        : { number: round.number + 1, postId, imageIds, keptId: null },
    );
  }
  const [head, setHead] = useState<{ title: string; aside: string | null }>({
    title: postId === null ? "New post" : "Draft",
    aside: null,
  });
  const keep = useCallback(
    (keptId: number) => {
      setRound((now) => ({ ...now, keptId }));
      composer.settle(keptId);
    },
    [composer],
  );

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={head.title}
      titleAside={head.aside}
      size="xl"
      isFlush
      isSticky
    >
      <Round
        key={round.number}
        postId={round.postId}
        imageIds={round.imageIds}
        onHead={setHead}
        onKept={keep}
        onClose={onClose}
        onAnother={() => composer.openNew()}
      />
    </Dialog>
  );
}

interface RoundProps {
  postId: number | null;
  imageIds: readonly number[];
  onHead: (head: { title: string; aside: string | null }) => void;
  onKept: (postId: number) => void;
  onClose: () => void;
  onAnother: () => void;
}

/** One post, from its first letter until it is out. */
function Round({ postId, imageIds, onHead, onKept, onClose, onAnother }: RoundProps) {
  const [opened] = useState({ postId, imageIds });
  const start = useStart(opened.postId, opened.imageIds);
  const [justSent, setJustSent] = useState<Post | null>(null);
  const writingTitle = opened.postId === null ? "New post" : "Draft";
  const onAside = useCallback(
    (aside: string | null) => onHead({ title: writingTitle, aside }),
    [onHead, writingTitle],
  );
  const onTitle = useCallback((title: string) => onHead({ title, aside: null }), [onHead]);

  const sent = justSent ?? (start.state === "sent" ? start.post : null);
  if (sent) {
    return <ProgressView post={sent} onTitle={onTitle} onClose={onClose} onAnother={onAnother} />;
  }
  if (start.state === "error") {
    return (
      <ErrorState
        title="This post could not be opened"
        onRetry={start.again}
        className="my-auto"
        action={<Button onClick={onClose}>Close</Button>}
      >
        {start.error.message}
      </ErrorState>
    );
  }
  if (start.state === "write") {
    return (
      <WriteView
        start={start.start}
        channels={start.channels}
        onAside={onAside}
        onKept={onKept}
        onSent={setJustSent}
      />
    );
  }
  return <Shape />;
}

/** The shape of the form while it is on its way. */
function Shape() {
  return (
    <>
      <Panes
        side="write"
        onSide={() => {}}
        left={
          <div className="p-5">
            <Loading label="Loading the post">
              <div className="flex flex-col gap-5">
                <div className="flex gap-2">
                  <Skeleton className="h-control w-36 rounded-full" />
                  <Skeleton className="h-control w-40 rounded-full" />
                </div>
                <Skeleton className="h-32" />
                <div className="grid grid-cols-3 gap-2">
                  <Skeleton className="h-11" />
                  <Skeleton className="h-11" />
                  <Skeleton className="h-11" />
                </div>
              </div>
            </Loading>
          </div>
        }
        right={
          <Loading label="Loading the preview">
            <Skeleton className="mx-auto mt-5 aspect-3/4 w-full max-w-88 rounded-card" />
          </Loading>
        }
      />
      <ModalFooter>
        <Button disabled className="max-sm:flex-1">
          Save draft
        </Button>
        <Button icon={CalendarClock} disabled className="max-sm:flex-1 sm:ml-auto">
          Schedule…
        </Button>
        <Button variant="primary" disabled className="max-sm:w-full">
          Publish
        </Button>
      </ModalFooter>
    </>
  );
}
