import "@/styles/index.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Toaster } from "@/components/ui/Toast";
import { createQueryClient } from "@/lib/api/queryClient";
import { createAppRouter } from "./router";

const queryClient = createQueryClient(() => {
  const { pathname, href } = router.state.location;
  if (!pathname.startsWith("/sign-")) {
    queryClient.clear();
    void router.navigate({ to: "/sign-in", search: { next: href }, replace: true });
  }
});
const router = createAppRouter(queryClient);

const root = document.getElementById("root");
if (!root) throw new Error("The page has no place to draw in.");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <Toaster />
    </QueryClientProvider>
  </StrictMode>,
);
