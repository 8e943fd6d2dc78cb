import { useRef } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Notice } from "@/components/ui/feedback";

interface LeaveDialogProps {
  isOpen: boolean;
  isNew: boolean;
  hasUploads: boolean;
  isSaving: boolean;
  canSave: boolean;
  error: Error | null;
  onStay: () => void;
  onDiscard: () => void;
  onSave: () => void;
}

/** Asked once when a post is closed with something in it that is nowhere else. */
export function LeaveDialog(props: LeaveDialogProps) {
  const { isNew, hasUploads, canSave, error } = props;
  const stay = useRef<HTMLButtonElement>(null);
  return (
    <Dialog
      isOpen={props.isOpen}
      onClose={props.onStay}
      title={
        canSave ? (isNew ? "Keep this post as a draft?" : "Keep your changes?") : "Close this post?"
      }
      size="sm"
      initialFocus={stay}
      footer={
        <>
          <Button variant="ghost" onClick={props.onDiscard} className="mr-auto text-bad!">
            {canSave ? "Discard" : "Close"}
          </Button>
          <Button ref={stay} onClick={props.onStay}>
            Keep writing
          </Button>
          {canSave && (
            <Button variant="primary" onClick={props.onSave} isBusy={props.isSaving}>
              Save draft
            </Button>
          )}
        </>
      }
    >
      <div className="flex flex-col gap-3 text-ink-2">
        <p>
          {canSave
            ? isNew
              ? "Discarding takes away the text and the choice of images. The images stay in your library."
              : "Discarding leaves the draft as it was saved last."
            : "The post itself is saved."}
          {hasUploads && " An upload is still going on: it ends when the post is closed."}
        </p>
        {error && (
          <Notice tone="bad" isAlert fact="The draft could not be saved.">
            {error.message}
          </Notice>
        )}
      </div>
    </Dialog>
  );
}
