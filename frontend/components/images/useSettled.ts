import { useEffect, useState } from "react";

/** A text once typing has paused; at once when it becomes empty. */
export function useSettled(text: string, delay = 220): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    if (!text) {
      setSettled(text);
      return;
    }
    const timer = setTimeout(() => setSettled(text), delay);
    return () => clearTimeout(timer);
  }, [text, delay]);
  return settled;
}
