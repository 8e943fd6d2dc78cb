import { Outlet, useMatchRoute } from "@tanstack/react-router";
import { lazy, Suspense, useSyncExternalStore } from "react";
import { Frame } from "@/components/frame/Frame";
import { useComposer } from "@/components/publish/useComposer";
import { hasUploads, subscribeActivity } from "@/lib/upload/activity";

const UploadDock = lazy(() => import("@/components/images/UploadDock"));
const PublishContentModal = lazy(() => import("@/components/publish/PublishContentModal"));

/** The frame around every signed-in page, and the New post modal above any of them. */
export default function DashboardLayout() {
  const { request, close } = useComposer();
  const isUploading = useSyncExternalStore(subscribeActivity, hasUploads);
  const isLibrary = useMatchRoute()({ to: "/dashboard/images" });
  return (
    <Frame>
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
