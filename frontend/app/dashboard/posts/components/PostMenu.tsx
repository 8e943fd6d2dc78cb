import { useNavigate } from "@tanstack/react-router";
import { Copy, Ellipsis, Trash2 } from "lucide-react";
import { useState } from "react";
import { placeName } from "@/components/channels/placeName";
import { useComposer } from "@/components/publish/useComposer";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { IconButton } from "@/components/ui/IconButton";
import { Menu, MenuItem } from "@/components/ui/Menu";
import { toast } from "@/components/ui/Toast";
import { newIdempotencyKey } from "@/lib/api/client";
import { useCopyPost, useDeletePost } from "@/lib/api/posts";
import type { PostSummary } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

/** What can be done with a post besides its next step. */
export function PostMenu({ post, isAlone }: { post: PostSummary; isAlone: boolean }) {
  const business = useBusiness();
  const composer = useComposer();
  const navigate = useNavigate();
  const copy = useCopyPost();
  const remove = useDeletePost(business.id);
  const [isAsking, setAsking] = useState(false);
  const isDraft = post.state === "draft";
  const isScheduled = post.state === "scheduled";
  // What is held back can still be taken back; what is on its way cannot be stopped.
  const isSending = post.publications.some((it) => it.state === "publishing" && !it.held_until);
  const title = post.content_text.trim().split("\n")[0] || "this post without text";

  return (
    <>
      <Menu
        align="end"
        trigger={
          <IconButton icon={Ellipsis} size="sm" label={`More for ${title}`} hasTooltip={false} />
        }
      >
        <MenuItem
          icon={Copy}
          onSelect={() =>
            copy.mutate(
              { post, key: newIdempotencyKey() },
              {
                onSuccess: ({ id }) => composer.openDraft(id),
                onError: (error) =>
                  toast({
                    tone: "bad",
                    title: "The post could not be copied",
                    description: error.message,
                  }),
              },
            )
          }
        >
          Copy to a new draft
        </MenuItem>
        <MenuItem icon={Trash2} isDangerous isDisabled={isSending} onSelect={() => setAsking(true)}>
          {isDraft
            ? "Delete draft"
            : isScheduled
              ? "Cancel and take off this list"
              : "Take off this list"}
        </MenuItem>
      </Menu>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          // Followed here and not by the mutation's own callbacks: with the post its card goes, and they with it.
          void remove.mutateAsync(post.id).then(
            () => {
              setAsking(false);
              if (isAlone) void navigate({ to: "/dashboard/posts", replace: true });
              toast({ title: isDraft ? "Draft deleted" : "Taken off the list" });
            },
            (error: Error) => {
              setAsking(false);
              toast({ tone: "bad", title: "Nothing was changed", description: error.message });
            },
          );
        }}
        title={
          isDraft
            ? "Delete this draft?"
            : isScheduled
              ? "Cancel this post and take it off the list?"
              : "Take this post off the list?"
        }
        confirmLabel={
          isDraft ? "Delete draft" : isScheduled ? "Cancel the post" : "Take off the list"
        }
        isBusy={remove.isPending}
      >
        <p className="line-clamp-2 font-medium text-ink [overflow-wrap:anywhere]">{title}</p>
        <p className="mt-1">{consequence(post)}</p>
      </ConfirmDialog>
    </>
  );
}

/** What the person would miss, and what stays. */
function consequence(post: PostSummary): string {
  if (post.state === "draft") return "Its text is gone for good. Its images stay in your library.";
  const places = (state: string) =>
    [...new Set(post.publications.filter((it) => it.state === state).map(placeName))].join(" and ");
  const out = places("published");
  const scheduled = places("scheduled");
  const held = places("publishing");
  return [
    out && `It stays published on ${out}.`,
    scheduled && `It will not go out to ${scheduled}.`,
    held && `It is held back for now, and will not go out to ${held}.`,
    "Its history here is gone for good. Its images stay in your library.",
  ]
    .filter(Boolean)
    .join(" ");
}
