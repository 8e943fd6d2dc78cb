import { useQuery } from "@tanstack/react-query";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { HarbourPicture } from "@/components/auth/HarbourPicture";
import { useComposer } from "@/components/publish/useComposer";
import { Button, ButtonLink } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { newestImagesQuery } from "@/lib/api/images";
import { useBusiness } from "@/lib/business";

interface FirstStepsProps {
  hasImage: boolean;
  hasPost: boolean;
  isPractice: boolean;
}

/** The way from nothing to a published post. Gone after the first one. */
export function FirstSteps({ hasImage, hasPost, isPractice }: FirstStepsProps) {
  const business = useBusiness();
  const composer = useComposer();
  const newest = useQuery({ ...newestImagesQuery(business.id, 1), enabled: hasImage });
  const newestId = newest.data?.images[0]?.id;
  const current = hasPost ? 2 : hasImage ? 1 : 0;
  return (
    <section
      aria-labelledby="first-steps"
      className="grid overflow-hidden rounded-card border border-line bg-surface md:grid-cols-[minmax(0,1fr)_minmax(0,22rem)]"
    >
      <div className="p-5 md:p-7">
        <h2 id="first-steps" className="font-[650] text-title tracking-[-0.02em]">
          Your first post, in two minutes
        </h2>
        <p className="mt-1 text-ink-2">
          {isPractice
            ? "Try everything on a practice Instagram first. Nothing leaves this machine."
            : "Three steps from a picture to your channel."}
        </p>
        <ol className="mt-6 flex flex-col">
          <Step
            number={1}
            current={current + 1}
            title="Add an image"
            action={
              <ButtonLink to="/dashboard/images" variant="secondary">
                Go to Images
              </ButtonLink>
            }
          >
            Upload a picture of yours, or let AI paint one.
          </Step>
          <Step
            number={2}
            current={current + 1}
            title="Write a post"
            action={
              <Button onClick={() => composer.openNew(newestId === undefined ? [] : [newestId])}>
                Write a post
              </Button>
            }
          >
            Choose where it goes. The preview shows the very file that will be sent.
          </Step>
          <Step
            number={3}
            current={current + 1}
            title={isPractice ? "Publish it to Practice Instagram" : "Publish it"}
            isLast
            action={
              <ButtonLink to="/dashboard/posts" variant="secondary">
                Go to Posts
              </ButtonLink>
            }
          >
            {isPractice
              ? "It behaves like the real one, and you can look at the result."
              : "You see for each channel whether it went out."}
          </Step>
        </ol>
      </div>
      <div className="relative hidden md:block">
        <HarbourPicture hasMarks={false} className="absolute inset-0 size-full" />
      </div>
    </section>
  );
}

interface StepProps {
  number: number;
  current: number;
  title: string;
  action: ReactNode;
  isLast?: boolean;
  children: ReactNode;
}

function Step({ number, current, title, action, isLast, children }: StepProps) {
  const isDone = number < current;
  const isNow = number === current;
  return (
    <li aria-current={isNow ? "step" : undefined} className="flex gap-3.5">
      <span aria-hidden className="flex flex-col items-center">
        <span
          className={cn(
            "flex size-7 items-center justify-center rounded-full font-semibold text-small tabular-nums",
            isDone && "bg-ok-soft text-ok",
            isNow && "bg-ink text-on-ink",
            !isDone && !isNow && "border border-line-strong text-ink-3",
          )}
        >
          {isDone ? <Check className="size-4" strokeWidth={2.5} /> : number}
        </span>
        {!isLast && <span className="my-1 w-px flex-1 bg-line" />}
      </span>
      <div className={cn("min-w-0 flex-1", !isLast && "pb-5")}>
        <p className={cn("pt-1 font-semibold", !isNow && "text-ink-2")}>
          {title}
          {isDone && <span className="sr-only"> (done)</span>}
        </p>
        {!isDone && <p className="text-ink-2 text-small">{children}</p>}
        {isNow && <div className="mt-3">{action}</div>}
      </div>
    </li>
  );
}
