import { placeName } from "@/components/channels/placeName";
import type { Publication } from "@/lib/api/types";

/** What a publication came to, in words: a fact, and what follows from it. */
export interface PublicationWords {
  fact: string;
  detail: string | null;
}

/** The history begins with the code; what a person reads is the sentence. */
function lastSentence({ history }: Publication): string | null {
  return history.at(-1)?.message ?? null;
}

export function publicationWords(publication: Publication): PublicationWords {
  const place = placeName(publication);
  switch (publication.state) {
    case "scheduled":
      return { fact: `Scheduled for ${place}`, detail: publication.error?.detail ?? null };
    case "publishing":
      return { fact: `On its way to ${place}`, detail: lastSentence(publication) };
    case "published":
      return { fact: `Published on ${place}`, detail: null };
    case "failed":
      return {
        fact: `Not published on ${place}`,
        detail: publication.error?.detail ?? lastSentence(publication),
      };
    case "unconfirmed":
      return {
        fact: `It is not clear whether this is on ${place}`,
        detail: lastSentence(publication) ?? publication.error?.detail ?? null,
      };
    case "cancelled":
      return { fact: `Not sent to ${place}`, detail: "It was cancelled." };
  }
}
