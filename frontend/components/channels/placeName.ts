import type { Platform } from "@/lib/api/types";

const REAL: Record<Platform, string> = { instagram: "Instagram", facebook: "Facebook" };
const PRACTICE: Record<Platform, string> = {
  instagram: "Practice Instagram",
  facebook: "the Practice Page",
};

interface Place {
  platform: Platform;
  is_practice: boolean;
}

/** Where a channel publishes, inside of a sentence: "See it on Practice Instagram". */
export function placeName({ platform, is_practice }: Place): string {
  return (is_practice ? PRACTICE : REAL)[platform];
}

/** The same, standing alone: "Practice Page". */
export function placeTitle(place: Place): string {
  return placeName(place).replace(/^the /, "");
}
