import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import type {
  PasswordChange,
  PasswordChanged,
  Session,
  SignedIn,
  SignIn,
  SignUp,
  User,
} from "./types";

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

/** Gives oneself another name, in all of one's businesses. */
export function useRenameSelf() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => api.patch<User>("/users/me", { name }),
    onSuccess: (user) => {
      queryClient.setQueryData(sessionQuery.queryKey, (session) =>
        session ? { ...session, user } : session,
      );
      void queryClient.invalidateQueries({ queryKey: ["members"] });
    },
  });
}

/** Replaces one's password; every other session of one's own ends. */
export function useChangePassword() {
  return useMutation({
    mutationFn: (change: PasswordChange) => api.post<PasswordChanged>("/users/me/password", change),
  });
}
