import { CircleAlert, CircleCheck, X } from "lucide-react";
import { memo } from "react";
import { cn } from "@/components/ui/cn";
import { Progress } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { formatBytes } from "@/lib/format";
import type { Upload } from "@/lib/upload/queue";
import { FilePreview } from "./FilePreview";
import { factAndCure } from "./factAndCure";
import { refusalWords, stateWords, uploadName } from "./uploadWords";
import type { UploadActions } from "./useUploads";

interface UploadRowProps {
  upload: Upload;
  actions: Pick<UploadActions, "cancel" | "retry" | "resize">;
}

/** One file on its way: what it is, how far it is, and what can be done about it. */
export const UploadRow = memo(function UploadRow({ upload, actions }: UploadRowProps) {
  const { id, file, state, error } = upload;
  const name = uploadName(upload);
  const isGoing = state === "sending" || state === "checking" || state === "resizing";
  return (
    <li className="flex items-start gap-3 py-2 [contain-intrinsic-size:auto_3.5rem] [content-visibility:auto]">
      <Preview upload={upload} />
      <div className="min-w-0 flex-1 pt-0.5">
        <p className="flex items-baseline gap-2">
          <span className="min-w-0 truncate font-medium" title={name}>
            {name}
          </span>
          <span className="shrink-0 text-caption text-ink-3 tabular-nums">
            {formatBytes(file.size)}
          </span>
        </p>
        {isGoing ? (
          <Going upload={upload} name={name} />
        ) : (
          <p className={cn("text-pretty text-small", state === "done" ? "text-ok" : "text-ink-3")}>
            {state === "failed" ? <Refusal words={refusalWords(upload)} /> : stateWords(upload)}
          </p>
        )}
        {state === "failed" && upload.mayResize && (
          <RowButton onPress={() => actions.resize(id)}>Resize to fit and upload</RowButton>
        )}
        {state === "failed" && error && upload.mayRetry && (
          <RowButton onPress={() => actions.retry(id)}>Try again</RowButton>
        )}
      </div>
      {state !== "done" && (
        <IconButton
          label={state === "failed" ? `Take ${name} off the list` : `Cancel ${name}`}
          icon={X}
          size="sm"
          hasTooltip={false}
          onClick={(event) => {
            focusNeighbour(event.currentTarget);
            actions.cancel(id);
          }}
        />
      )}
    </li>
  );
});

/** The row goes, and the keyboard goes on at the next one. */
function focusNeighbour(button: HTMLElement) {
  const row = button.closest("li");
  const list = row?.parentElement;
  const neighbour = row?.nextElementSibling ?? row?.previousElementSibling;
  const target = Array.from(neighbour?.querySelectorAll("button") ?? []).at(-1);
  (target ?? list?.closest<HTMLElement>("[tabindex]"))?.focus({ preventScroll: true });
}

function Going({ upload: { state, sent }, name }: { upload: Upload; name: string }) {
  const isMeasured = state === "sending";
  return (
    <div className="mt-1.5 flex items-center gap-3">
      <Progress
        label={state === "resizing" ? `Resizing ${name}` : `Uploading ${name}`}
        value={state === "resizing" ? null : sent}
        className={cn(state === "checking" && "breathe")}
      />
      <span className="w-16 shrink-0 text-right text-caption text-ink-3 tabular-nums">
        {isMeasured ? `${Math.round(sent * 100)}%` : state === "checking" ? "Checking" : "Resizing"}
      </span>
    </div>
  );
}

function RowButton({ onPress, children }: { onPress: () => void; children: string }) {
  return (
    <button type="button" onClick={onPress} className="link mt-0.5 min-h-6 text-small">
      {children}
    </button>
  );
}

function Refusal({ words }: { words: string }) {
  const { fact, cure } = factAndCure(words);
  return (
    <>
      <span className="font-medium text-bad">{fact}</span>{" "}
      <span className="text-ink-2">{cure}</span>
    </>
  );
}

/** The picture itself, read from the file, with a mark for how it ended. */
function Preview({ upload: { file, state, image } }: { upload: Upload }) {
  const Mark = state === "failed" ? CircleAlert : state === "done" ? CircleCheck : null;
  return (
    <span className="relative block shrink-0">
      <FilePreview
        file={file}
        size={40}
        instead={image?.thumbnail_url}
        className={cn("rounded-small", state !== "done" && "opacity-60")}
      />
      {Mark && (
        <span
          className={cn(
            "-right-1 -bottom-1 absolute rounded-full bg-surface dark:bg-raised",
            state === "failed" ? "text-bad" : "text-ok",
          )}
        >
          <Mark aria-hidden className="size-4" strokeWidth={2.25} />
        </span>
      )}
    </span>
  );
}
