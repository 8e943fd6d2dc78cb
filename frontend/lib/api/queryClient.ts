import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Trying again helps only where no answer came or the server was in trouble. */
export function mayRetryRead(failures: number, error: unknown): boolean {
  return error instanceof ApiError && (error.isNetwork || error.status >= 502) && failures < 2;
}

/** `onSignedOut` runs when any call is refused because the session has ended. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const watch = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401) onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError: watch }),
    mutationCache: new MutationCache({
      onError: (error, _variables, _result, mutation) => {
        // A wrong password is a 401 as well, and says nothing about a session.
        if (!mutation.meta?.isSignIn) watch(error);
      },
    }),
    defaultOptions: {
      queries: { staleTime: 20_000, retry: mayRetryRead, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
}
