import { useQuery } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { lazy, Suspense, useEffect, useEffectEvent, useState } from "react";
import { PageHeader } from "@/components/frame/PageHeader";
import type { GenerateStart } from "@/components/generator/GenerateImageDialog";
import { ImageDetailsPanel } from "@/components/images/ImageDetailsPanel";
import { startDownload } from "@/components/images/startDownload";
import { useDeletion } from "@/components/images/useDeletion";
import { useEscapeKey } from "@/components/images/useEscapeKey";
import { useFilePicker } from "@/components/images/useFilePicker";
import { useImageDrag } from "@/components/images/useImageDrag";
import { useLibrary } from "@/components/images/useLibrary";
import { useRestoring } from "@/components/images/useRestoring";
import { useSelection } from "@/components/images/useSelection";
import { useLibraryUploads } from "@/components/images/useUploads";
import { useComposer } from "@/components/publish/useComposer";
import { Button } from "@/components/ui/Button";
import { downloadUrl, libraryTotalsQuery, zipUrl } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";
import { formatBytes, formatCount } from "@/lib/format";
import { AIImageGenerator, GenerateButton } from "./components/AIImageGenerator";
import { ImageLibrary } from "./components/ImageLibrary";
import { ImageUploader } from "./components/ImageUploader";
import { useImagesView } from "./useImagesView";
import { useStartPost } from "./useStartPost";

const TagDialog = lazy(async () => ({
  default: (await import("@/components/images/TagDialog")).TagDialog,
}));

/** The library: everything the business has uploaded or had painted. */
export default function ImagesPage() {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const view = useImagesView();
  const { filter, sort, search, tag } = view;
  const library = useLibrary({ filter, sort, search, tag });
  const selection = useSelection(library);
  const composer = useComposer();
  const totals = useQuery(libraryTotalsQuery(business.id));
  const uploads = useLibraryUploads();
  const picker = useFilePicker(uploads.add);
  const [asked, setAsked] = useState<GenerateStart | null>(null);
  const generator = view.generation === undefined ? asked : { generation: view.generation };
  const closeGenerator = () => {
    setAsked(null);
    if (view.generation !== undefined) view.change({ generation: undefined }, true);
  };
  const [tagged, setTagged] = useState<readonly Image[] | null>(null);

  const isTrash = filter === "trashed";
  const startPost = useStartPost();
  const deletion = useDeletion((ids) => {
    if (view.image !== undefined && ids.includes(view.image)) view.show(undefined);
    selection.drop(ids);
  });
  const restore = useRestoring();
  const drag = useImageDrag(startPost);
  const download = (images: readonly Image[]) =>
    startDownload(
      images.length === 1 && images[0]
        ? downloadUrl(images[0].id)
        : zipUrl(
            business.id,
            images.map(({ id }) => id),
          ),
    );

  // What is chosen belongs to what is seen.
  const clear = useEffectEvent(selection.clear);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view begins with nothing chosen
  useEffect(() => clear(), [business.id, filter, search, tag]);
  // What was put into a post that is kept has been used.
  const keptPost = composer.request?.postId;
  useEffect(() => {
    if (keptPost) clear();
  }, [keptPost]);
  // A field, or the panel beside the library, has its own use for the key.
  useEscapeKey(
    selection.chosen.size > 0,
    selection.clear,
    (target) => !target.closest("input, textarea, aside"),
  );

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
                <GenerateButton onPress={() => setAsked({})} />
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
          library={library}
          selection={selection}
          doings={{
            onUse: startPost,
            onTag: setTagged,
            onDownload: download,
            onDelete: deletion.remove,
            onRestore: (images) => {
              selection.clear();
              restore(images);
            },
          }}
          onUse={startPost}
          onDelete={deletion.remove}
          onDrag={drag.start}
          onUpload={picker.open}
          onGenerate={() => setAsked({})}
        />
        <ImageUploader uploads={uploads} canDrop={mayWrite && !composer.request && !generator} />
      </div>
      <ImageDetailsPanel
        imageId={view.image}
        places={library}
        isEscapeTaken={selection.chosen.size > 0}
        onShow={view.show}
        onUse={(image) => startPost([image])}
        onDelete={(image) => deletion.remove([image])}
        onTag={(chosen) => view.change({ tag: chosen, filter: undefined, search: undefined })}
        onGenerate={(start) => {
          // What comes of an edit is another image; the panel would stand in its way.
          if (start.source) view.show(undefined);
          setAsked(start);
        }}
      />
      <AIImageGenerator
        start={generator}
        onClose={closeGenerator}
        onUse={(image) => {
          closeGenerator();
          startPost([image]);
        }}
      />
      {tagged && (
        <Suspense fallback={null}>
          <TagDialog
            images={tagged}
            onClose={() => setTagged(null)}
            onDone={(images) => {
              // What has lost the tag that is looked at leaves the view, and the choice with it.
              const isHere = (image: Image) => !tag || image.tags.includes(tag);
              selection.renew(images);
              selection.drop(images.filter((image) => !isHere(image)).map(({ id }) => id));
            }}
          />
        </Suspense>
      )}
      {deletion.dialog}
      {drag.view}
    </div>
  );
}
