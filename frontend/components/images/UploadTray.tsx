import { ChevronDown, ChevronUp, CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { cn } from "@/components/ui/cn";
import { Progress } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { summaryWords, UploadAnnouncer } from "./UploadAnnouncer";
import { UploadRow } from "./UploadRow";
import type { Uploads } from "./useUploads";

/** How long a batch that went well stays in view, in milliseconds. */
const LINGER = 5_000;

/**
 * Uploads in the corner of the page: one bar for all and one for each. It leaves by itself when
 * everything arrived, and stays as long as something was refused.
 */
export function UploadTray({ uploads: { uploads, summary, ...queue } }: { uploads: Uploads }) {
  const [isOpen, setOpen] = useState(true);
  const [isHeld, setHeld] = useState(false);
  const { active, failed, total, progress } = summary;
  const isOver = total > 0 && active === 0;
  const hasDuplicate = uploads.some(({ isDuplicate }) => isDuplicate);

  // A refusal has to be seen, also when the list was folded away. Where all went well, one line is
  // enough.
  const isEmpty = total === 0;
  useEffect(() => {
    setOpen(!isOver || failed > 0);
    // What is taken away under the pointer says no goodbye to it.
    if (isEmpty) setHeld(false);
  }, [isEmpty, isOver, failed]);

  const list = useRef<HTMLUListElement>(null);
  const current = uploads.findIndex(({ state }) => state !== "done" && state !== "failed");
  useEffect(() => {
    const row = list.current?.children[current];
    if (isHeld || !(row instanceof HTMLElement) || !list.current) return;
    list.current.scrollTop = row.offsetTop - list.current.offsetTop;
  }, [current, isHeld]);

  const { clear } = queue;
  const mayLeave = isOver && failed === 0 && !isHeld;
  useEffect(() => {
    if (!mayLeave) return;
    const timer = setTimeout(clear, hasDuplicate ? 2 * LINGER : LINGER);
    return () => clearTimeout(timer);
  }, [mayLeave, hasDuplicate, clear]);

  return (
    <>
      <UploadAnnouncer uploads={uploads} summary={summary} />
      {total > 0 && (
        <div className="pointer-events-none sticky bottom-[calc(4rem+env(safe-area-inset-bottom))] z-20 mt-auto flex justify-end p-3 md:bottom-0 md:p-4">
          <section
            aria-label="Uploads"
            onPointerEnter={() => setHeld(true)}
            onPointerLeave={() => setHeld(false)}
            onFocus={() => setHeld(true)}
            onBlur={() => setHeld(false)}
            className="pointer-events-auto w-full overflow-hidden rounded-card border border-line bg-surface shadow-float sm:w-96 dark:bg-raised"
          >
            <header className="flex items-center gap-2 py-1.5 pr-1.5 pl-4">
              {isOver && (
                <span className={failed ? "text-bad" : "text-ok"}>
                  {failed ? (
                    <CircleAlert aria-hidden className="size-4" />
                  ) : (
                    <CircleCheck aria-hidden className="size-4" />
                  )}
                </span>
              )}
              <p className="min-w-0 flex-1 truncate font-semibold tabular-nums">
                {summaryWords(summary, uploads)}
              </p>
              {active > 0 && (
                <button
                  type="button"
                  onClick={queue.cancelAll}
                  className="h-7 rounded-small px-2 font-medium text-ink-2 text-small hover:bg-ink/6 hover:text-ink"
                >
                  Cancel {active > 1 ? "all" : ""}
                </button>
              )}
              {total > 1 && (
                <IconButton
                  label={isOpen ? "Fold the list of uploads" : "Show the list of uploads"}
                  aria-expanded={isOpen}
                  icon={isOpen ? ChevronDown : ChevronUp}
                  size="sm"
                  hasTooltip={false}
                  onClick={() => setOpen(!isOpen)}
                />
              )}
              {isOver && (
                <IconButton
                  label="Close the list of uploads"
                  icon={X}
                  size="sm"
                  hasTooltip={false}
                  onClick={queue.clear}
                />
              )}
            </header>
            {active > 0 && total > 1 && (
              <Progress
                label={`All uploads: ${summaryWords(summary, uploads)}`}
                value={progress}
                className="h-0.75 rounded-none"
              />
            )}
            {(isOpen || total === 1) && (
              <ul
                ref={list}
                className={cn(
                  "max-h-[min(20rem,42dvh)] divide-y divide-line overflow-y-auto overscroll-contain border-line pr-2 pl-4",
                  (total > 1 || isOver) && "border-t",
                )}
              >
                {uploads.map((upload) => (
                  <UploadRow
                    key={upload.id}
                    upload={upload}
                    onCancel={() => queue.cancel(upload.id)}
                    onRetry={() => queue.retry(upload.id)}
                  />
                ))}
              </ul>
            )}
          </section>
        </div>
      )}
    </>
  );
}
