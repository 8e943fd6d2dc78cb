import { ChevronDown, ChevronUp, CircleAlert, CircleCheck, WifiOff, X } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { cn } from "@/components/ui/cn";
import { Progress } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import type { UploadSummary } from "@/lib/upload/summary";
import { UploadAnnouncer } from "./UploadAnnouncer";
import { UploadRow } from "./UploadRow";
import { summaryWords } from "./uploadWords";
import type { Uploads } from "./useUploads";

const loadOutcome = () => import("./UploadOutcome");
const ResizeOffer = lazy(async () => ({ default: (await loadOutcome()).ResizeOffer }));
const OutcomeFooter = lazy(async () => ({ default: (await loadOutcome()).OutcomeFooter }));

/** How long a batch that went well stays in view, in milliseconds. */
const LINGER = 5_000;

interface UploadTrayProps {
  uploads: Uploads;
  /** One line until it is opened; for pages that are about something else. */
  isQuiet?: boolean;
}

/**
 * Uploads in the corner of the page: one bar for all and one for each. It leaves by itself when
 * everything arrived, and stays as long as something was refused.
 */
export function UploadTray({ uploads: { uploads, summary, actions }, isQuiet }: UploadTrayProps) {
  const [isOpen, setOpen] = useState(!isQuiet);
  const [isHeld, setHeld] = useState(false);
  const [showsAll, setShowsAll] = useState(false);
  const { active, failed, total, progress, resizable, isAway } = summary;
  const isOver = total > 0 && active === 0;

  // A refusal has to be seen, also when the list was folded away. Where all went well, one line is
  // enough.
  const isEmpty = total === 0;
  useEffect(() => {
    setOpen(isOver ? failed > 0 : !isQuiet);
    setShowsAll(false);
    // What is taken away under the pointer says no goodbye to it.
    if (isEmpty) setHeld(false);
  }, [isEmpty, isOver, failed, isQuiet]);

  // The end may come without a connection, and then it cannot be loaded any more.
  useEffect(() => {
    if (!isEmpty) loadOutcome().catch(() => {});
  }, [isEmpty]);

  useLeaving(isOver && failed === 0 && !isHeld, summary, actions.clear);

  const list = useRef<HTMLUListElement>(null);
  const moving = uploads.findIndex(({ state }) => state === "sending" || state === "resizing");
  const current = moving >= 0 ? moving : uploads.findIndex(({ state }) => state === "waiting");
  useEffect(() => {
    if (isOver && list.current) list.current.scrollTop = 0;
  }, [isOver]);
  useEffect(() => {
    const row = list.current?.children[current];
    if (isHeld || !(row instanceof HTMLElement) || !list.current) return;
    list.current.scrollTop = row.offsetTop - list.current.offsetTop;
  }, [current, isHeld]);

  const isOutcome = isOver && failed > 0 && total > 1;
  const shown =
    isOutcome && !showsAll ? uploads.filter(({ state }) => state === "failed") : uploads;
  return (
    <>
      <UploadAnnouncer uploads={uploads} summary={summary} />
      {total > 0 && (
        <div className="pointer-events-none sticky bottom-[calc(4rem+env(safe-area-inset-bottom))] z-20 mt-auto flex justify-end p-3 md:bottom-0 md:p-4">
          <section
            aria-label="Uploads"
            tabIndex={-1}
            onPointerEnter={() => setHeld(true)}
            onPointerLeave={() => setHeld(false)}
            // The keyboard at one of its buttons; the list itself is only where it ended up.
            onFocus={({ target, currentTarget }) =>
              setHeld(target !== currentTarget && target.matches(":focus-visible"))
            }
            onBlur={() => setHeld(false)}
            className="pointer-events-auto w-full overflow-hidden rounded-card border border-line bg-surface shadow-float outline-none sm:w-100 dark:bg-raised"
          >
            <header className="flex items-center gap-2 py-1.5 pr-1.5 pl-4">
              <StateIcon isOver={isOver} hasFailed={failed > 0} isAway={isAway} />
              <p className="min-w-0 flex-1 text-pretty py-1 font-semibold tabular-nums">
                {summaryWords(summary)}
              </p>
              {isAway && <HeaderButton onPress={actions.hurry}>Try now</HeaderButton>}
              {active > 0 && (
                <HeaderButton onPress={actions.cancelAll}>
                  {total > 1 ? "Cancel all" : "Cancel"}
                </HeaderButton>
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
                  onClick={actions.clear}
                />
              )}
            </header>
            {active > 0 && total > 1 && (
              <Progress
                label={`All uploads: ${summaryWords(summary)}`}
                value={progress}
                className="h-0.75 rounded-none"
              />
            )}
            {(isOpen || total === 1) && (
              <>
                {resizable > 1 && (
                  <Suspense fallback={<Space className="h-15.25" />}>
                    <ResizeOffer summary={summary} actions={actions} />
                  </Suspense>
                )}
                <ul
                  ref={list}
                  className={cn(
                    "max-h-[min(20rem,42dvh)] divide-y divide-line overflow-y-auto overscroll-contain border-line pr-2 pl-4",
                    (total > 1 || isOver) && "border-t",
                  )}
                >
                  {shown.map((upload) => (
                    <UploadRow key={upload.id} upload={upload} actions={actions} />
                  ))}
                </ul>
                {isOutcome && (
                  <Suspense fallback={<Space className="h-10.25" />}>
                    <OutcomeFooter
                      uploads={uploads}
                      summary={summary}
                      actions={actions}
                      showsAll={showsAll}
                      onShowAll={setShowsAll}
                    />
                  </Suspense>
                )}
              </>
            )}
          </section>
        </div>
      )}
    </>
  );
}

/** Holds the place of what is being loaded, so that nothing moves under the pointer. */
function Space({ className }: { className: string }) {
  return <div className={cn("border-line border-t", className)} />;
}

/** Takes the list away a while after all went well; what was there already may want a closer look. */
function useLeaving(mayLeave: boolean, { duplicates }: UploadSummary, leave: () => void) {
  const delay = duplicates > 0 ? 2 * LINGER : LINGER;
  useEffect(() => {
    if (!mayLeave) return;
    const timer = setTimeout(leave, delay);
    return () => clearTimeout(timer);
  }, [mayLeave, delay, leave]);
}

function StateIcon({
  isOver,
  hasFailed,
  isAway,
}: {
  isOver: boolean;
  hasFailed: boolean;
  isAway: boolean;
}) {
  if (isAway) return <WifiOff aria-hidden className="size-4 shrink-0 text-warn" />;
  if (!isOver) return null;
  return hasFailed ? (
    <CircleAlert aria-hidden className="size-4 shrink-0 text-bad" />
  ) : (
    <CircleCheck aria-hidden className="size-4 shrink-0 text-ok" />
  );
}

function HeaderButton({ onPress, children }: { onPress: () => void; children: string }) {
  return (
    <button
      type="button"
      onClick={onPress}
      className="h-7 shrink-0 rounded-small px-2 font-medium text-ink-2 text-small hover:bg-ink/6 hover:text-ink"
    >
      {children}
    </button>
  );
}
