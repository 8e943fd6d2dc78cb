import { useNavigate } from "@tanstack/react-router";
import { Sparkles } from "lucide-react";
import { useFinished, useInTheWorks } from "./useFinished";

/** Tells on every page that something is being painted, leads back to it, and says how it ended. */
export default function PaintingPill() {
  const navigate = useNavigate();
  const works = useInTheWorks();
  const look = (generation: number) =>
    void navigate({ to: "/dashboard/images", search: { generation } });
  useFinished(look);
  const [newest] = works;
  if (!newest) return null;
  return (
    <button
      type="button"
      onClick={() => look(newest.id)}
      className="flex h-10 w-full items-center gap-2.5 rounded-control border border-ai/35 bg-ai-soft px-3 font-medium text-ai text-small hover:border-ai max-md:shadow-float"
    >
      <Sparkles aria-hidden className="breathe size-4" />
      {works.length === 1
        ? newest.state === "queued"
          ? "1 image waits"
          : "Painting 1 image"
        : `Painting ${works.length} images`}
    </button>
  );
}
