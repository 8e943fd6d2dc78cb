import { useSuspenseQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { sessionQuery } from "./api/session";
import type { Business, Session } from "./api/types";

/** Which business is in view is a choice of this browser, not of the account. */
const KEY = "aigrowth.business";
const listeners = new Set<() => void>();
let chosen: number | undefined;

function readChosen(): number | undefined {
  if (chosen === undefined) {
    try {
      chosen = Number(localStorage.getItem(KEY)) || 0;
    } catch {
      chosen = 0;
    }
  }
  return chosen;
}

export function chooseBusiness(id: number): void {
  chosen = id;
  try {
    localStorage.setItem(KEY, String(id));
  } catch {
    // Storage is blocked: the choice lasts as long as this page.
  }
  for (const listener of listeners) listener();
}

/** Who is signed in. Only below the dashboard route, which has made sure of it. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

/** The business in view: everything on the screen belongs to it, every time is in its zone. */
export function useBusiness(): Business {
  const { businesses } = useSession();
  const id = useSyncExternalStore((onChange) => {
    listeners.add(onChange);
    return () => listeners.delete(onChange);
  }, readChosen);
  const business = businesses.find((candidate) => candidate.id === id) ?? businesses[0];
  if (!business) throw new Error("You belong to no business yet. Ask an owner to take you in.");
  return business;
}

/** Whether the person may change anything in the business in view, and not only look. */
export function useMayWrite(): boolean {
  return useBusiness().role !== "viewer";
}

/** Whether the person may connect channels and change the settings of the business in view. */
export function useMayManage(): boolean {
  const { role } = useBusiness();
  return role === "owner" || role === "admin";
}

/** Days that an image stays in the trash before it is gone for good. */
export function useTrashDays(): number {
  return useSession().limits.trash_days;
}
