import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import type { Session, SignedIn, SignIn, SignUp } from "./types";

/** Who is signed in, their businesses, and what is practice. Fails with 401 when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => api.get<Session>("/auth/me", { signal }),
  staleTime: 5 * 60_000,
});

/** Both answers also set the session cookie; the token in them is for scripts and not kept. */
function useStartSession<Body>(path: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Body) => api.post<SignedIn>(path, body),
    meta: { isSignIn: true },
    onSuccess: ({ user, businesses, practice, limits }) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, { user, businesses, practice, limits });
    },
  });
}

export function useSignIn() {
  return useStartSession<SignIn>("/auth/login");
}

export function useSignUp() {
  return useStartSession<SignUp>("/auth/register");
}

export function useSignOut() {
  return useMutation({ mutationFn: () => api.post<unknown>("/auth/logout") });
}
