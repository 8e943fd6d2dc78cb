import { Eye } from "lucide-react";
import { Notice } from "@/components/ui/feedback";
import { useBusiness, useMayWrite } from "@/lib/business";

/** Tells viewers why there is nothing to press; nothing for everybody else. */
export function ViewerNotice({ className }: { className?: string }) {
  const business = useBusiness();
  if (useMayWrite()) return null;
  return (
    <Notice
      icon={Eye}
      fact="You can look, but not change anything."
      {...(className && { className })}
    >
      Your role in {business.name} is viewer. Ask an owner for another one.
    </Notice>
  );
}
