import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect, useState } from "react";
import { cn } from "@/components/ui/cn";
import { Progress } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { formatBytes } from "@/lib/format";
import type { Upload } from "@/lib/upload/queue";
import { factAndCure } from "./factAndCure";

interface UploadRowProps {
  upload: Upload;
  onCancel: () => void;
  onRetry: () => void;
}

/** One file on its way: what it is, how far it is, and what can be done about it. */
export function UploadRow({ upload, onCancel, onRetry }: UploadRowProps) {
  const { file, state, error, mayRetry } = upload;
  const name = file.name || "Pasted picture";
  const isGoing = state === "sending" || state === "checking";
  return (
    <li className="flex items-start gap-3 py-2">
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
          <div className="mt-1.5 flex items-center gap-3">
            <Progress
              label={`Uploading ${name}`}
              value={upload.sent}
              className={cn(state === "checking" && "breathe")}
            />
            <span className="w-16 shrink-0 text-right text-caption text-ink-3 tabular-nums">
              {state === "checking" ? "Checking" : `${Math.round(upload.sent * 100)}%`}
            </span>
          </div>
        ) : (
          <p className={cn("text-pretty text-small", state === "done" ? "text-ok" : "text-ink-3")}>
            {state === "failed" ? <Refusal words={error?.detail ?? ""} /> : stateWords(upload)}
          </p>
        )}
        {state === "failed" && error && mayRetry && (
          <button type="button" onClick={onRetry} className="link mt-0.5 text-small">
            Try again
          </button>
        )}
      </div>
      {state !== "done" && (
        <IconButton
          label={state === "failed" ? `Take ${name} off the list` : `Cancel ${name}`}
          icon={X}
          size="sm"
          hasTooltip={false}
          onClick={onCancel}
        />
      )}
    </li>
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

function stateWords({ state, error, isDuplicate }: Upload): string {
  if (state === "done") return isDuplicate ? "Already in your library" : "In your library";
  if (error?.isNetwork) return "No connection just now. We try again in a moment.";
  if (error) return "The server is busy. We try again in a moment.";
  return "Waiting";
}

/** The picture itself, read from the file, with a mark for how it ended. */
function Preview({ upload: { file, state, image } }: { upload: Upload }) {
  const [address, setAddress] = useState<string | null>(null);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    if (!file.type.startsWith("image/")) return;
    const url = URL.createObjectURL(file);
    setAddress(url);
    setBroken(false);
    return () => URL.revokeObjectURL(url);
  }, [file]);
  const source = image?.thumbnail_url ?? (isBroken ? null : address);
  const Mark = state === "failed" ? CircleAlert : state === "done" ? CircleCheck : null;
  return (
    <span className="relative block size-10 shrink-0">
      <span className="block size-10 overflow-hidden rounded-small bg-sunken">
        {source && (
          <img
            src={source}
            alt=""
            decoding="async"
            onError={() => setBroken(true)}
            className={cn(
              "size-full object-cover transition-opacity duration-200 motion-reduce:transition-none",
              state !== "done" && "opacity-55",
            )}
          />
        )}
      </span>
      {Mark && (
        <span
          className={cn(
            "-right-1 -bottom-1 absolute rounded-full bg-surface",
            state === "failed" ? "text-bad" : "text-ok",
          )}
        >
          <Mark aria-hidden className="size-4" strokeWidth={2.25} />
        </span>
      )}
    </span>
  );
}
