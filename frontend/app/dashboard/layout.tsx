import { Outlet, useMatchRoute } from "@tanstack/react-router";
import { lazy, Suspense, useSyncExternalStore } from "react";
import { Frame } from "@/components/frame/Frame";
import { useComposer } from "@/components/publish/useComposer";
import { useDelayed } from "@/components/ui/feedback";
import { hasUploads, subscribeActivity } from "@/lib/upload/activity";

// Nobody asked for it: where it cannot be had the page is as good without it.
const PaintingPill = lazy(() =>
  import("@/components/generator/PaintingPill").catch(() => ({ default: () => null })),
);
const UploadDock = lazy(() => import("@/components/images/UploadDock"));
const PublishContentModal = lazy(() => import("@/components/publish/PublishContentModal"));

/** The frame around every signed-in page, and the New post modal above any of them. */
export default function DashboardLayout() {
  const { request, close } = useComposer();
  const isUploading = useSyncExternalStore(subscribeActivity, hasUploads);
  const isLibrary = useMatchRoute()({ to: "/dashboard/images" });
  // What is in the works is no reason to wait for the page.
  const isSettled = useDelayed(1_000);
  return (
    <Frame
      works={
        isSettled && (
          <Suspense fallback={null}>
            <PaintingPill />
          </Suspense>
        )
      }
    >
      <Outlet />
      {isUploading && !isLibrary && (
        <Suspense fallback={null}>
          <UploadDock />
        </Suspense>
      )}
      {request && (
        <Suspense fallback={null}>
          <PublishContentModal {...request} onClose={close} />
        </Suspense>
      )}
    </Frame>
  );
}
