import { Plus } from "lucide-react";
import type { ReactNode } from "react";
import { useComposer } from "@/components/publish/useComposer";
import { Button } from "@/components/ui/Button";
import { useMayWrite } from "@/lib/business";

interface PageHeaderProps {
  /** The heading, and the name of the browser tab. */
  title: string;
  /** Beside the title, quieter: "1,284 · 2.1 GB". */
  fact?: ReactNode;
  /** Buttons before New post. */
  actions?: ReactNode;
}

/** The head of every page. New post is there for all who may write; on a phone in the bottom bar. */
export function PageHeader({ title, fact, actions }: PageHeaderProps) {
  const composer = useComposer();
  const mayWrite = useMayWrite();
  return (
    <header className="page-padding flex min-h-16 flex-wrap items-center gap-x-3 gap-y-2 py-3">
      <title>{`${title} · AIGrowth`}</title>
      <h1 className="font-[650] text-title tracking-[-0.02em]">{title}</h1>
      {fact && <p className="text-body text-ink-3 tabular-nums">{fact}</p>}
      <div className="ml-auto flex items-center gap-2">
        {actions}
        {mayWrite && (
          <Button
            variant="primary"
            icon={Plus}
            onClick={() => composer.openNew()}
            className="max-md:hidden"
          >
            New post
          </Button>
        )}
      </div>
    </header>
  );
}
