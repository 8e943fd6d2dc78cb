import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Frame } from "@/components/frame/Frame";
import { useComposer } from "@/components/publish/useComposer";

const PublishContentModal = lazy(() => import("@/components/publish/PublishContentModal"));

/** The frame around every signed-in page, and the New post modal above any of them. */
export default function DashboardLayout() {
  const { request, close } = useComposer();
  return (
    <Frame>
      <Outlet />
      {request && (
        <Suspense fallback={null}>
          <PublishContentModal {...request} onClose={close} />
        </Suspense>
      )}
    </Frame>
  );
}
