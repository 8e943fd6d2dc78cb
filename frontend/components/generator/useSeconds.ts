import { useEffect, useState } from "react";

/** The present moment, new each second while it is wanted. */
export function useNow(isWanted = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isWanted) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isWanted]);
  return now;
}

/** Whole seconds until then; 0 once it is over, or where there is nothing to wait for. */
export function useSecondsUntil(moment: number | null): number {
  const [isOver, setOver] = useState(false);
  const now = useNow(moment !== null && !isOver);
  const left = moment === null ? 0 : Math.max(0, Math.ceil((moment - now) / 1_000));
  useEffect(() => setOver(moment !== null && left === 0), [moment, left]);
  return left;
}
