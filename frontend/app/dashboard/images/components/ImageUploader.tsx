import { ImageUp } from "lucide-react";
import { UploadTray } from "@/components/images/UploadTray";
import { useFileDrop } from "@/components/images/useFileDrop";
import type { Uploads } from "@/components/images/useUploads";
import { useBusiness } from "@/lib/business";

interface ImageUploaderProps {
  uploads: Uploads;
  /** Files dropped on the page are taken; not while a dialog is in front of it. */
  canDrop: boolean;
}

/** Takes files dropped or pasted anywhere on the page, and shows how far they are. */
export function ImageUploader({ uploads, canDrop }: ImageUploaderProps) {
  const isOver = useFileDrop(uploads.add, canDrop);
  return (
    <>
      {isOver && <DropInvitation />}
      <UploadTray uploads={uploads} />
    </>
  );
}

/** Covers the page while files hang over it. */
function DropInvitation() {
  const business = useBusiness();
  return (
    <div
      aria-hidden
      className="pointer-events-none fixed inset-0 z-30 bg-bg/80 p-3 md:left-56 md:p-4"
    >
      <div className="flex size-full flex-col items-center justify-center rounded-dialog border-2 border-accent border-dashed bg-accent-soft/70 text-center">
        <span className="mb-4 flex size-14 items-center justify-center rounded-dialog bg-accent text-on-accent">
          <ImageUp className="size-6" />
        </span>
        <p className="font-[650] text-title tracking-[-0.02em]">Let go to upload</p>
        <p className="mt-1 text-ink-2">into the library of {business.name}</p>
      </div>
    </div>
  );
}
