/** The generation that a dialog shows at this moment; its end needs no message. */
let watched: number | undefined;

export function setWatched(generationId: number | undefined): void {
  watched = generationId;
}

export function isWatched(generationId: number): boolean {
  return watched === generationId;
}
