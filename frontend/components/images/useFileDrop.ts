import { useEffect, useEffectEvent, useState } from "react";
import { carriesFiles, readDropped } from "@/lib/upload/dropped";

/** Who gets files that are dropped or pasted: the one that appeared last, a dialog before its page. */
const takers: Array<{ setOver: (isOver: boolean) => void; take: (files: File[]) => void }> = [];

let depth = 0;

function top() {
  return takers.at(-1);
}

function leave() {
  depth = 0;
  for (const taker of takers) taker.setOver(false);
}

const listeners = {
  dragenter(event: DragEvent) {
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    depth += 1;
    top()?.setOver(true);
  },
  dragover(event: DragEvent) {
    if (!carriesFiles(event.dataTransfer)) return;
    // Without this the browser would open the file in the page's place.
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  },
  dragleave(event: DragEvent) {
    if (!carriesFiles(event.dataTransfer)) return;
    depth -= 1;
    if (depth <= 0) leave();
  },
  drop(event: DragEvent) {
    if (!event.dataTransfer || !carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    const taker = top();
    leave();
    void readDropped(event.dataTransfer).then((files) => {
      if (files.length) taker?.take(files);
    });
  },
  paste(event: ClipboardEvent) {
    const files = Array.from(event.clipboardData?.files ?? []);
    if (!files.length) return;
    const target = event.target as HTMLElement | null;
    const isWriting = target?.matches?.("input, textarea, [contenteditable]");
    // Text copied from an office program brings a picture of itself along.
    if (isWriting && event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    top()?.take(files);
  },
} as const;

function listen() {
  for (const [name, listener] of Object.entries(listeners)) {
    window.addEventListener(name, listener as EventListener);
  }
}

function stop() {
  for (const [name, listener] of Object.entries(listeners)) {
    window.removeEventListener(name, listener as EventListener);
  }
}

/**
 * Takes files dropped or pasted anywhere on the page. Returns whether files hang over it right now.
 */
export function useFileDrop(onFiles: (files: File[]) => void, isOn = true): boolean {
  const [isOver, setOver] = useState(false);
  const take = useEffectEvent(onFiles);
  useEffect(() => {
    if (!isOn) return;
    const taker = { setOver, take: (files: File[]) => take(files) };
    if (!takers.length) listen();
    takers.push(taker);
    return () => {
      takers.splice(takers.indexOf(taker), 1);
      setOver(false);
      if (!takers.length) {
        stop();
        depth = 0;
      }
    };
  }, [isOn]);
  return isOver && isOn;
}
