import { ExternalLink, Link2 } from "lucide-react";
import { useId, useRef, useState } from "react";
import { placeName } from "@/components/channels/placeName";
import { Button, ButtonAnchor } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Input } from "@/components/ui/Input";
import { useSettlePublication } from "@/lib/api/posts";
import type { Publication } from "@/lib/api/types";

interface SettleDialogProps {
  publication: Publication;
  isOpen: boolean;
  onClose: () => void;
  onSettled: (() => void) | undefined;
}

/** A person has looked on the platform and says what is to be seen there. Nothing is sent by that. */
export function SettleDialog({ publication, isOpen, onClose, onSettled }: SettleDialogProps) {
  const settle = useSettlePublication();
  const waitId = useId();
  const look = useRef<HTMLAnchorElement>(null);
  const [link, setLink] = useState("");
  const [told, setTold] = useState<"published" | "not_published" | null>(null);
  const place = placeName(publication);
  // What every address there begins with, as far as it can be read from the account's own.
  const start = new URL(publication.account_url).origin;
  const tell = (outcome: "published" | "not_published") => {
    setTold(outcome);
    settle.mutate(
      {
        id: publication.id,
        outcome,
        permalink: outcome === "published" ? link.trim() || null : null,
      },
      {
        onSuccess: () => {
          onClose();
          onSettled?.();
        },
      },
    );
  };
  const isBusy = (outcome: typeof told) => settle.isPending && told === outcome;
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={`Is it on ${place}?`}
      size="sm"
      initialFocus={look}
      footer={
        <div className="flex w-full flex-wrap gap-2 sm:justify-end">
          <Button
            isBusy={isBusy("not_published")}
            disabled={publication.is_looked_up}
            aria-describedby={publication.is_looked_up ? waitId : undefined}
            onClick={() => tell("not_published")}
          >
            It is not there
          </Button>
          <Button
            variant="primary"
            isBusy={isBusy("published")}
            onClick={() => tell("published")}
            className="max-sm:ml-auto"
          >
            It is there
          </Button>
        </div>
      }
    >
      <div className="flex flex-col gap-4">
        <p className="text-ink-2">
          Look for the post there, then say here what you saw. When you send it again after it was
          not there, {place} is looked at once more first.
        </p>
        {publication.is_looked_up && (
          <p id={waitId} className="text-small text-ink-2">
            We still look there by ourselves, as it may appear yet. That it is not there can be said
            once that has ended, after some minutes.
          </p>
        )}
        <ButtonAnchor
          ref={look}
          href={publication.account_url}
          target="_blank"
          rel="noreferrer"
          icon={ExternalLink}
          className="max-w-full self-start"
        >
          <span className="truncate">
            Look at {publication.channel_name} on {place}
          </span>
        </ButtonAnchor>
        <Field
          label="Link to the post"
          aside="if you have it"
          error={settle.error && !settle.isPending ? settle.error.message : undefined}
        >
          <Input
            type="url"
            icon={Link2}
            value={link}
            placeholder={start}
            onChange={(event) => setLink(event.target.value)}
          />
        </Field>
      </div>
    </Dialog>
  );
}
