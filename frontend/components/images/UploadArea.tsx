import { ImageUp } from "lucide-react";
import { cn } from "@/components/ui/cn";
import type { Image } from "@/lib/api/types";
import { useSession } from "@/lib/business";
import { uploadHint } from "./imageWords";
import { UploadAnnouncer } from "./UploadAnnouncer";
import { UploadRow } from "./UploadRow";
import { useFileDrop } from "./useFileDrop";
import { useFilePicker } from "./useFilePicker";
import { useUploads } from "./useUploads";

export interface UploadAreaProps {
  /** Runs for each image that has arrived, in the order of arrival. */
  onUploaded: (image: Image, isDuplicate: boolean) => void;
  className?: string;
}

/**
 * An inline place to upload: press it, drop on it or anywhere, or paste. Its files are listed below
 * with their progress. Uploads end when it leaves the page.
 */
export function UploadArea({ onUploaded, className }: UploadAreaProps) {
  const { limits } = useSession();
  const { uploads, summary, add, cancel, retry } = useUploads({ onUploaded });
  const isOver = useFileDrop(add);
  const picker = useFilePicker(add);
  return (
    <div className={className}>
      {picker.input}
      <button
        type="button"
        onClick={picker.open}
        className={cn(
          "flex w-full flex-col items-center gap-1 rounded-card border border-line-input border-dashed px-4 py-8 text-center transition-colors duration-150 hover:border-ink-3 hover:bg-sunken motion-reduce:transition-none",
          isOver && "border-accent bg-accent-soft hover:border-accent hover:bg-accent-soft",
        )}
      >
        <ImageUp aria-hidden className="mb-1 size-6 text-ink-3" strokeWidth={1.75} />
        <span className="font-semibold">
          {isOver ? "Let go to upload" : "Drop pictures here, or choose them"}
        </span>
        <span className="text-ink-3 text-small">{uploadHint(limits)}</span>
      </button>
      <UploadAnnouncer uploads={uploads} summary={summary} />
      {uploads.length > 0 && (
        <ul aria-label="Uploads" className="mt-2 divide-y divide-line">
          {uploads.map((upload) => (
            <UploadRow
              key={upload.id}
              upload={upload}
              onCancel={() => cancel(upload.id)}
              onRetry={() => retry(upload.id)}
            />
          ))}
        </ul>
      )}
    </div>
  );
}
