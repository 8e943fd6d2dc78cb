import { useQuery } from "@tanstack/react-query";
import { Pencil, Plus } from "lucide-react";
import { useState } from "react";
import { StyleArt } from "@/components/generator/StyleArt";
import { Button } from "@/components/ui/Button";
import { ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { stylesQuery } from "@/lib/api/businesses";
import type { Style } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { mayManage } from "../roles";
import { Section } from "./Section";
import { StyleDialog } from "./StyleDialog";

/** The styles of the business: what each adds to the words of whoever asks for an image. */
export function StylesSection() {
  const business = useBusiness();
  const styles = useQuery(stylesQuery(business.id));
  const [edited, setEdited] = useState<Style | "new" | null>(null);
  const isManager = mayManage(business.role);
  return (
    <Section
      id="ai-styles"
      title="AI styles"
      words="A style adds its words to the prompt. Say the built-in ones your way, and add your own."
      action={
        isManager &&
        styles.data && (
          <Button icon={Plus} onClick={() => setEdited("new")}>
            Add a style
          </Button>
        )
      }
    >
      {styles.isPending ? (
        <Loading label="Loading the styles">
          <div className="flex flex-col gap-3">
            <Skeleton className="h-11" />
            <Skeleton className="h-11" />
          </div>
        </Loading>
      ) : styles.isError && !styles.data ? (
        <ErrorState
          title="The styles could not be loaded"
          onRetry={() => styles.refetch()}
          isRetrying={styles.isFetching}
          isCompact
        >
          {styles.error.message}
        </ErrorState>
      ) : (
        <>
          <ul aria-label="AI styles" className="-my-2.5 divide-y divide-line">
            {styles.data.map((style) => (
              <li key={style.name} className="flex items-center gap-3 py-2.5">
                <span className="w-16 shrink-0">
                  <StyleArt style={style.name} />
                </span>
                <span className="min-w-0 flex-1">
                  <span className="block font-medium">
                    {style.label}
                    {style.is_changed && (
                      <span className="ml-1.5 font-normal text-ink-3">in your words</span>
                    )}
                    {!style.is_built_in && (
                      <span className="ml-1.5 font-normal text-ink-3">your own</span>
                    )}
                  </span>
                  <span className="block text-pretty text-ink-2 text-small">
                    {style.words || "Adds nothing"}
                  </span>
                </span>
                {isManager && (
                  <IconButton
                    label={`Change ${style.label}`}
                    icon={Pencil}
                    size="sm"
                    onClick={() => setEdited(style)}
                  />
                )}
              </li>
            ))}
          </ul>
          {edited && (
            <StyleDialog
              style={edited === "new" ? undefined : edited}
              styles={styles.data}
              onClose={() => setEdited(null)}
            />
          )}
        </>
      )}
    </Section>
  );
}
