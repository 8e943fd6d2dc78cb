import { Sparkles } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { GenerateImageDialogProps } from "@/components/images/GenerateImageDialog";
import { Button } from "@/components/ui/Button";

const load = () => import("@/components/images/GenerateImageDialog");
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

/** The AI generator on the Images page. The New post modal opens the same dialog. */
export function AIImageGenerator(props: GenerateImageDialogProps) {
  // Once opened it stays: it remembers what was written, and tells when a picture is painted.
  const [wasOpened, setOpened] = useState(false);
  if (props.isOpen && !wasOpened) setOpened(true);
  if (!wasOpened) return null;
  return (
    <Suspense fallback={null}>
      <GenerateImageDialog {...props} />
    </Suspense>
  );
}
