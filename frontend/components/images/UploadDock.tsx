import { UploadTray } from "./UploadTray";
import { useLibraryUploads } from "./useUploads";

/** The uploads into the library on every page but the library, where they stand beside it. */
export default function UploadDock() {
  const uploads = useLibraryUploads();
  return (
    <div className="pointer-events-none sticky bottom-0 z-20 flex flex-col justify-end">
      <UploadTray uploads={uploads} isQuiet />
    </div>
  );
}
