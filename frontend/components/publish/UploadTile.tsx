import { ImageIcon, X } from "lucide-react";
import { useEffect, useState } from "react";
import { cn } from "@/components/ui/cn";
import { Progress } from "@/components/ui/feedback";
import type { Upload } from "@/lib/upload/queue";
import { STRIP_TILE } from "./ImageStrip";

/** A file on its way into the library and into this post. */
export function UploadTile({ upload, onCancel }: { upload: Upload; onCancel: () => void }) {
  const { file, state, sent } = upload;
  const name = file.name || "Pasted picture";
  const source = useFilePicture(file);
  return (
    <div className={cn("group relative overflow-hidden rounded-tile bg-sunken", STRIP_TILE)}>
      {source ? (
        <img src={source} alt="" decoding="async" className="size-full object-cover opacity-55" />
      ) : (
        <ImageIcon aria-hidden className="absolute inset-0 m-auto size-5 text-ink-3" />
      )}
      <div className="absolute inset-x-1.5 bottom-1.5">
        <Progress
          label={`Uploading ${name}`}
          value={state === "waiting" ? 0 : sent}
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

/** The file itself as a picture; null where the browser cannot show it. */
function useFilePicture(file: File): string | null {
  const [source, setSource] = useState<string | null>(null);
  useEffect(() => {
    if (!/^image\/(jpeg|png|gif|webp|avif)$/.test(file.type)) return;
    const url = URL.createObjectURL(file);
    setSource(url);
    return () => {
      setSource(null);
      URL.revokeObjectURL(url);
    };
  }, [file]);
  return source;
}
