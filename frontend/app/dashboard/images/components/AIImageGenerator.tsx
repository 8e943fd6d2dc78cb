import { Sparkles } from "lucide-react";
import {
  GenerateImageDialog,
  type GenerateImageDialogProps,
} from "@/components/images/GenerateImageDialog";
import { Button } from "@/components/ui/Button";

/** Opens the generator; the page's one violet button. */
export function GenerateButton({ onPress }: { onPress: () => void }) {
  return (
    <Button variant="ai-soft" icon={Sparkles} onClick={onPress}>
      Generate
    </Button>
  );
}

/** The AI generator on the Images page. The New post modal opens the same dialog. */
export function AIImageGenerator(props: GenerateImageDialogProps) {
  return <GenerateImageDialog {...props} />;
}
