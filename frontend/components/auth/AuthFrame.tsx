import type { ReactNode } from "react";
import { Brand } from "@/components/frame/BrandMark";
import { HarbourPicture } from "./HarbourPicture";

interface AuthFrameProps {
  title: string;
  lead: ReactNode;
  children: ReactNode;
  /** The way to the other form. */
  aside: ReactNode;
}

/** The form at the left, the picture at the right; on a phone the picture is a band above. */
export function AuthFrame({ title, lead, children, aside }: AuthFrameProps) {
  return (
    <div className="flex min-h-dvh flex-col-reverse justify-end bg-bg md:grid md:grid-cols-[minmax(26rem,1fr)_minmax(0,1.1fr)]">
      <title>{`${title} · AIGrowth`}</title>
      <main className="flex flex-1 flex-col px-5 pt-6 pb-8 md:px-12 md:py-8">
        <div className="max-md:hidden">
          <Brand />
        </div>
        <div className="mx-auto w-full max-w-90 md:pt-[max(2.5rem,calc(50dvh-23rem))] md:pb-10">
          <h1 className="font-[650] text-display tracking-[-0.025em]">{title}</h1>
          <p className="mt-1.5 text-pretty text-ink-2 text-name">{lead}</p>
          <div className="mt-7">{children}</div>
          <p className="mt-6 text-ink-2">{aside}</p>
        </div>
      </main>
      <aside aria-label="What AIGrowth promises" className="md:p-3 md:pl-0">
        <div className="relative h-40 overflow-hidden md:sticky md:top-3 md:h-[calc(100dvh-1.5rem)] md:rounded-dialog">
          <HarbourPicture className="absolute inset-0 w-full max-md:-translate-y-[17%] max-md:aspect-4/5 md:h-full" />
          <p className="absolute top-5 left-5 rounded-full bg-surface py-1.5 pr-3.5 pl-2 text-ink md:hidden">
            <Brand />
          </p>
          <p className="absolute inset-x-10 bottom-10 max-w-112 text-balance font-[650] text-[1.625rem] text-on-picture leading-[2.125rem] tracking-[-0.02em] max-md:hidden">
            What you see in the preview is the file that is sent.
          </p>
        </div>
      </aside>
    </div>
  );
}
