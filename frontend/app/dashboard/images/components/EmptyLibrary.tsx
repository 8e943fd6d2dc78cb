import { useQuery } from "@tanstack/react-query";
import { Sparkles, Upload } from "lucide-react";
import { uploadHint } from "@/components/images/imageWords";
import { NoImagesArt } from "@/components/images/NoImagesArt";
import { useLibrary } from "@/components/images/useLibrary";
import { Button } from "@/components/ui/Button";
import { uploadOptionsQuery } from "@/lib/api/uploads";
import { useBusiness, useMayWrite, useSession } from "@/lib/business";
import { plural } from "@/lib/format";
import { useMediaQuery } from "@/lib/useMediaQuery";
import type { ImagesView } from "../useImagesView";

interface EmptyLibraryProps {
  view: ImagesView;
  onUpload: () => void;
  onGenerate: () => void;
}

/** The first look at the library: what it is for and the ways to begin. */
export function EmptyLibrary({ view, onUpload, onGenerate }: EmptyLibraryProps) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const { limits } = useSession();
  const { data: options } = useQuery(uploadOptionsQuery(business.id));
  const isTouch = useMediaQuery("(pointer: coarse)");
  const trash = useLibrary({ filter: "trashed" });
  return (
    <div className="page-padding flex flex-1 flex-col pb-4 md:pb-6">
      <div className="flex flex-1 flex-col items-center justify-center rounded-dialog border border-line-strong border-dashed px-6 py-10 text-center">
        <NoImagesArt className="w-64 max-w-full" />
        <h2 className="mt-6 font-[650] text-title tracking-[-0.02em]">
          {mayWrite ? "Add your first pictures" : "No pictures yet"}
        </h2>
        <p className="mt-1.5 max-w-sm text-pretty text-ink-2">
          {!mayWrite
            ? `Your role in ${business.name} is viewer: what editors and owners add stands here.`
            : isTouch
              ? "Choose them from this device, or describe one and have it painted."
              : "Drop them anywhere on this page, paste them or choose them. Or describe one and have it painted."}
        </p>
        {mayWrite && (
          <>
            <div className="mt-6 flex flex-wrap justify-center gap-2">
              <Button icon={Upload} onClick={onUpload}>
                Upload pictures
              </Button>
              <Button variant="ai-soft" icon={Sparkles} onClick={onGenerate}>
                Generate an image
              </Button>
            </div>
            <p className="mt-6 text-balance text-ink-3 text-small">
              {uploadHint(limits, options?.mime_types)}
            </p>
          </>
        )}
        {trash.total > 0 && (
          <button
            type="button"
            onClick={() => view.change({ filter: "trashed" })}
            className="link mt-3 text-small"
          >
            {plural(trash.total, "image")} in the trash
          </button>
        )}
      </div>
    </div>
  );
}
