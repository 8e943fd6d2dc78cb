import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { parseComposerSearch } from "@/components/publish/useComposer";
import { ApiError } from "@/lib/api/client";
import { sessionQuery } from "@/lib/api/session";
import { parseImagesSearch } from "./dashboard/images/search";
import { parsePostsSearch } from "./dashboard/posts/search";
import { parseSettingsSearch } from "./dashboard/settings/search";
import { ErrorScreen, NotFoundScreen } from "./screens";

interface Context {
  queryClient: QueryClient;
}

const rootRoute = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFoundScreen,
  errorComponent: ErrorScreen,
});

/** Resolves whether somebody is signed in; anything but a clear "no" is an error to show. */
async function isSignedIn(queryClient: QueryClient): Promise<boolean> {
  try {
    await queryClient.ensureQueryData(sessionQuery);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/dashboard", replace: true });
  },
});

/** Where to go after signing in; only ever an address of this page. */
function parseNext(search: Record<string, unknown>): { next?: string } {
  const { next } = search;
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
}

async function leaveWhenSignedIn({
  context,
  search,
}: {
  context: Context;
  search: { next?: string };
}) {
  // Offline or a server in trouble: the form is still worth showing.
  const isIn = await isSignedIn(context.queryClient).catch(() => false);
  if (isIn) throw redirect({ href: search.next ?? "/dashboard", replace: true });
}

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: parseNext,
  beforeLoad: leaveWhenSignedIn,
  component: lazyRouteComponent(() => import("./sign-in/page")),
});

const signUpRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-up",
  validateSearch: parseNext,
  beforeLoad: leaveWhenSignedIn,
  component: lazyRouteComponent(() => import("./sign-up/page")),
});

const dashboardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/dashboard",
  validateSearch: parseComposerSearch,
  beforeLoad: async ({ context, location }) => {
    if (!(await isSignedIn(context.queryClient))) {
      throw redirect({ to: "/sign-in", search: { next: location.href }, replace: true });
    }
  },
  component: lazyRouteComponent(() => import("./dashboard/layout")),
});

const homeRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: "/",
  component: lazyRouteComponent(() => import("./dashboard/home/page")),
});

const imagesRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: "/images",
  validateSearch: parseImagesSearch,
  component: lazyRouteComponent(() => import("./dashboard/images/page")),
});

const postsRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: "/posts",
  validateSearch: parsePostsSearch,
  component: lazyRouteComponent(() => import("./dashboard/posts/page")),
});

const postRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: "/posts/$postId",
  // What is no number leads nowhere, as an unknown one does.
  params: {
    parse: ({ postId }) => ({ postId: /^[1-9]\d{0,14}$/.test(postId) ? Number(postId) : 0 }),
    stringify: ({ postId }) => ({ postId: String(postId) }),
  },
  component: lazyRouteComponent(() => import("./dashboard/post/page")),
});

const settingsRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: "/settings",
  validateSearch: parseSettingsSearch,
  component: lazyRouteComponent(() => import("./dashboard/settings/page")),
});

const routeTree = rootRoute.addChildren([
  indexRoute,
  signInRoute,
  signUpRoute,
  dashboardRoute.addChildren([homeRoute, imagesRoute, postsRoute, postRoute, settingsRoute]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultErrorComponent: ErrorScreen,
    defaultNotFoundComponent: NotFoundScreen,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
