import { X } from "lucide-react";
import { FilePreview } from "@/components/images/FilePreview";
import { cn } from "@/components/ui/cn";
import { Progress } from "@/components/ui/feedback";
import type { Upload } from "@/lib/upload/queue";
import { STRIP_TILE } from "./ImageStrip";

/** A file on its way into the library and into this post. */
export function UploadTile({ upload, onCancel }: { upload: Upload; onCancel: () => void }) {
  const { file, state, sent } = upload;
  const name = file.name || "Pasted picture";
  return (
    <div className={cn("group relative overflow-hidden rounded-tile bg-sunken", STRIP_TILE)}>
      <FilePreview file={file} size={84} className="opacity-60" />
      <div className="absolute inset-x-1.5 bottom-1.5">
        <Progress
          label={state === "resizing" ? `Resizing ${name}` : `Uploading ${name}`}
          value={state === "resizing" ? null : state === "waiting" ? 0 : sent}
          className={cn("bg-surface", state === "checking" && "breathe")}
        />
      </div>
      <button
        type="button"
        aria-label={`Cancel the upload of ${name}`}
        onClick={onCancel}
        className="absolute top-1 right-1 flex size-6 items-center justify-center rounded-full bg-picture-scrim text-on-picture"
      >
        <X aria-hidden className="size-3.5" strokeWidth={2.5} />
      </button>
    </div>
  );
}
