import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSettled } from "@/components/images/useSettled";
import { ApiError } from "@/lib/api/client";
import { imageQuery } from "@/lib/api/images";
import { type CheckInput, postCheckQuery } from "@/lib/api/posts";
import type { ChannelCheck } from "@/lib/api/types";
import { type Draft, type DraftImage, toParts } from "./draft";

/** The longest text that the server takes in; a longer one is over every limit anyway. */
const LONGEST_TEXT = 70_000;
const LONGEST_COMMENT = 10_000;
const NO_CHECKS: readonly ChannelCheck[] = [];

export interface Check {
  /** The last answers, also while newer ones are on their way. */
  channels: readonly ChannelCheck[];
  isChecking: boolean;
  /** The files in `channels` are those of the images as they stand now. */
  areFilesCurrent: boolean;
  /** The last look failed; `channels` are older then. */
  error: ApiError | null;
  /** Images of the post that have left the library since; nothing can be checked with them in it. */
  gone: readonly DraftImage[];
  again: () => void;
}

/** Has the post looked at a moment after each change, and the files made that would be sent. Who may
 * only look may not ask for that. */
export function usePostCheck(businessId: number, draft: Draft, mayCheck: boolean): Check {
  const now = useMemo(() => JSON.stringify(checkInput(draft)), [draft]);
  const settled = useSettled(now, 350);
  const input = useMemo(() => JSON.parse(settled) as CheckInput, [settled]);
  const query = useQuery({
    ...postCheckQuery(businessId, input),
    enabled: mayCheck && input.channel_ids.length > 0,
  });
  const [answered, setAnswered] = useState("");
  const asked = JSON.stringify(input.images);
  if (query.data && !query.isPlaceholderData && answered !== asked) setAnswered(asked);
  const error = query.error instanceof ApiError ? query.error : null;
  const gone = useGone(businessId, draft.images, error?.code === "image_not_found");
  return {
    channels: input.channel_ids.length ? (query.data?.channels ?? NO_CHECKS) : NO_CHECKS,
    isChecking: query.isFetching || now !== settled,
    areFilesCurrent: answered === JSON.stringify(checkInput(draft).images),
    error,
    gone,
    again: () => void query.refetch(),
  };
}

/** Which images are meant when the server does not find one. */
function useGone(
  businessId: number,
  images: readonly DraftImage[],
  isSuspected: boolean,
): readonly DraftImage[] {
  const looks = useQueries({
    queries: (isSuspected ? images : []).map(({ imageId }) => ({
      ...imageQuery(businessId, imageId),
      staleTime: 0,
      retry: false,
    })),
  });
  return images.filter((_image, index) => {
    const error = looks[index]?.error;
    return error instanceof ApiError && error.status === 404;
  });
}

function checkInput(draft: Draft): CheckInput {
  const { content_text, images, texts, first_comment, ...rest } = toParts(draft);
  return {
    ...rest,
    content_text: content_text.slice(0, LONGEST_TEXT),
    texts: texts.map((it) => ({ ...it, content_text: it.content_text.slice(0, LONGEST_TEXT) })),
    first_comment: first_comment?.slice(0, LONGEST_COMMENT) ?? null,
    images: images.map(({ alt_text: _spoken, ...image }) => image),
  };
}
