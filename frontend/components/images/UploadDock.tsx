import { useRouterState } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";
import { UploadTray } from "./UploadTray";
import { useLibraryUploads } from "./useUploads";

/** The uploads into the library on every page but the library, where they stand beside it. */
export default function UploadDock() {
  const uploads = useLibraryUploads();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const { total, active, failed } = uploads.summary;
  const arrive = useEffectEvent(() => {
    if (total > 0 && active === 0 && failed === 0) uploads.actions.clear();
  });
  // What went well on one page is no news on the next.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page is an arrival
  useEffect(() => arrive(), [path]);
  return (
    <div className="pointer-events-none fixed right-0 bottom-[calc(4rem+env(safe-area-inset-bottom))] left-0 z-20 md:bottom-0 md:left-56">
      <UploadTray uploads={uploads} isQuiet />
    </div>
  );
}
