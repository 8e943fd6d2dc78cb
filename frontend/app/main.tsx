import "@/styles/index.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { keepFocus } from "@/components/ui/keepFocus";
import { Toaster } from "@/components/ui/Toast";
import { createQueryClient } from "@/lib/api/queryClient";
import { tellSignedOut } from "@/lib/unsaved";
import { createAppRouter } from "./router";

const queryClient = createQueryClient(() => {
  const { pathname, href } = router.state.location;
  // What was written stays on the screen: signing in beside it lets it go on.
  if (pathname.startsWith("/sign-") || tellSignedOut()) return;
  queryClient.clear();
  // Whoever would ask before leaving has nothing left to ask about: nothing here works any more.
  void router.navigate({
    to: "/sign-in",
    search: { next: href },
    replace: true,
    ignoreBlocker: true,
  });
});
const router = createAppRouter(queryClient);

keepFocus();
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
