import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { type ReactNode, use, useState } from "react";
import { Brand } from "@/components/frame/BrandMark";
import { InsideFrame } from "@/components/frame/insideFrame";
import { ButtonLink } from "@/components/ui/Button";
import { ErrorState } from "@/components/ui/feedback";
import { ApiError } from "@/lib/api/client";
import { LostPicture } from "./LostPicture";

/** The middle of the page; the main landmark where no frame brings one. */
function Screen({ children }: { children: ReactNode }) {
  const isInside = use(InsideFrame);
  const Tag = isInside ? "div" : "main";
  return (
    <Tag className="flex min-h-[80dvh] flex-col items-center justify-center px-6 py-12 text-center">
      {!isInside && (
        <p className="mb-8">
          <Brand />
        </p>
      )}
      {children}
    </Tag>
  );
}

/** An address that leads nowhere. */
export function NotFoundScreen() {
  return (
    <Screen>
      <title>Page not found · AIGrowth</title>
      <LostPicture className="w-56" />
      <h1 className="mt-6 font-[650] text-title tracking-[-0.02em]">This page does not exist</h1>
      <p className="mt-1 max-w-sm text-pretty text-ink-2">
        The address may be old or have a typing error. Your images and posts are where they were.
      </p>
      <ButtonLink to="/dashboard" variant="primary" icon={ArrowLeft} className="mt-6">
        Go to Home
      </ButtonLink>
    </Screen>
  );
}

/** A page that could not be shown; offers the way back. */
export function ErrorScreen({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const [isRetrying, setRetrying] = useState(false);
  const apiError = error instanceof ApiError ? error : undefined;
  const retry = async () => {
    setRetrying(true);
    await router.invalidate();
    reset();
    setRetrying(false);
  };
  return (
    <Screen>
      <title>Not loaded · AIGrowth</title>
      <ErrorState
        isPage
        title={apiError?.isNetwork ? "AIGrowth does not answer" : "This page could not be shown"}
        onRetry={retry}
        isRetrying={isRetrying}
      >
        {apiError?.isNetwork
          ? "The connection is down or the server is restarting. Nothing you saved is lost."
          : `${apiError?.detail ?? "It met something it did not expect."} Nothing you saved is lost.`}
        {apiError?.requestId && (
          <span className="mt-2 block text-caption text-ink-3">Request {apiError.requestId}</span>
        )}
      </ErrorState>
    </Screen>
  );
}
