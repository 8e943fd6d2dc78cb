import { Sparkles } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type {
  GenerateImageDialogProps,
  GenerateStart,
} from "@/components/generator/GenerateImageDialog";
import { Button } from "@/components/ui/Button";

const load = () => import("@/components/generator/GenerateImageDialog");
const GenerateImageDialog = lazy(async () => ({ default: (await load()).GenerateImageDialog }));

/** Opens the generator; the page's one violet button. */
export function GenerateButton({ onPress }: { onPress: () => void }) {
  return (
    <Button
      variant="ai-soft"
      icon={Sparkles}
      onClick={onPress}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
    >
      Generate
    </Button>
  );
}

interface AIImageGeneratorProps extends Omit<GenerateImageDialogProps, "isOpen" | "start"> {
  /** Null closes it. */
  start: GenerateStart | null;
}

/** The AI generator on the Images page. The New post modal opens the same dialog. */
export function AIImageGenerator({ start, ...props }: AIImageGeneratorProps) {
  // What it shows stays while it closes.
  const [last, setLast] = useState(start);
  if (start && start !== last) setLast(start);
  if (!last) return null;
  return (
    <Suspense fallback={null}>
      <GenerateImageDialog {...props} isOpen={start !== null} start={last} />
    </Suspense>
  );
}
