import { createContext } from "react";

/** Told when a picture is looked at on its own, and when that ends. */
export const LookContext = createContext<(isOpen: boolean) => void>(() => {});
