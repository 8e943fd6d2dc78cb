import { useQuery } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useState } from "react";
import { PageHeader } from "@/components/frame/PageHeader";
import { ImageDetailsPanel } from "@/components/images/ImageDetailsPanel";
import { useDeleteWithUndo } from "@/components/images/useDeleteWithUndo";
import { useFilePicker } from "@/components/images/useFilePicker";
import { useLibraryUploads } from "@/components/images/useUploads";
import { useComposer } from "@/components/publish/useComposer";
import { Button } from "@/components/ui/Button";
import { libraryTotalsQuery } from "@/lib/api/images";
import { useBusiness, useMayWrite } from "@/lib/business";
import { formatBytes, formatCount } from "@/lib/format";
import { AIImageGenerator, GenerateButton } from "./components/AIImageGenerator";
import { ImageLibrary } from "./components/ImageLibrary";
import { ImageUploader } from "./components/ImageUploader";
import { useImagesView } from "./useImagesView";

/** The library: everything the business has uploaded or had painted. */
export default function ImagesPage() {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const view = useImagesView();
  const composer = useComposer();
  const totals = useQuery(libraryTotalsQuery(business.id));
  const uploads = useLibraryUploads();
  const picker = useFilePicker(uploads.add);
  const [isGenerating, setGenerating] = useState(false);

  const isTrash = view.filter === "trashed";
  const startPost = (imageId: number) => composer.openNew([imageId]);
  const deleteImage = useDeleteWithUndo((image) => {
    if (view.image === image.id) view.show(undefined);
  });

  return (
    <div className="lg:flex">
      <div className="relative flex min-h-[calc(100dvh-4rem)] min-w-0 flex-1 flex-col md:min-h-dvh">
        <PageHeader
          title={isTrash ? "Trash" : "Images"}
          fact={
            !isTrash && totals.data && totals.data.images > 0
              ? [
                  formatCount(totals.data.images),
                  <span key="bytes" className="max-sm:hidden">
                    {" "}
                    · {formatBytes(totals.data.bytes)}
                  </span>,
                ]
              : undefined
          }
          actions={
            mayWrite && (
              <>
                <GenerateButton onPress={() => setGenerating(true)} />
                <Button icon={Upload} onClick={picker.open}>
                  Upload
                </Button>
              </>
            )
          }
        />
        {mayWrite && picker.input}
        <ImageLibrary
          view={view}
          onUse={startPost}
          onDelete={deleteImage}
          onUpload={picker.open}
          onGenerate={() => setGenerating(true)}
        />
        <ImageUploader uploads={uploads} canDrop={mayWrite && !composer.request && !isGenerating} />
      </div>
      <ImageDetailsPanel
        imageId={view.image}
        onClose={() => view.show(undefined)}
        onUse={startPost}
        onDelete={deleteImage}
      />
      <AIImageGenerator
        isOpen={isGenerating}
        onClose={() => setGenerating(false)}
        onUse={(image) => {
          setGenerating(false);
          startPost(image.id);
        }}
      />
    </div>
  );
}
