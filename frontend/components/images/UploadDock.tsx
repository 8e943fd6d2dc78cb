import { UploadTray } from "./UploadTray";
import { useLibraryUploads } from "./useUploads";

/** The uploads into the library on every page but the library, where they stand beside it. */
export default function UploadDock() {
  const uploads = useLibraryUploads();
  return (
    <div className="pointer-events-none fixed right-0 bottom-[calc(4rem+env(safe-area-inset-bottom))] left-0 z-20 md:bottom-0 md:left-56">
      <UploadTray uploads={uploads} isQuiet />
    </div>
  );
}
