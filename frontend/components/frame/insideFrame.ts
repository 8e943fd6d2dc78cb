import { createContext } from "react";

/** True below the frame, which brings the page's main landmark. */
export const InsideFrame = createContext(false);
