import { Dialog } from "@/components/ui/Dialog";
import { EmptyState } from "@/components/ui/feedback";

export interface PublishContentModalProps {
  /** A draft to go on with; null for a new post. */
  postId: number | null;
  /** Images that a new post starts with. */
  imageIds: number[];
  onClose: () => void;
}

/** Writing a post on the left, what will really be sent on the right. */
export default function PublishContentModal({ onClose }: PublishContentModalProps) {
  return (
    <Dialog isOpen onClose={onClose} title="New post" size="xl">
      <EmptyState title="This part is being built" />
    </Dialog>
  );
}
