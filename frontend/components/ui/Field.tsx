import { CircleAlert } from "lucide-react";
import { createContext, type ReactNode, useContext, useId } from "react";
import { cn } from "./cn";

interface FieldControl {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
  required: boolean | undefined;
}

const FieldContext = createContext<FieldControl | null>(null);

/** What a control inside a Field needs to be tied to its label, hint and error. */
export function useFieldControl(): Partial<FieldControl> {
  return useContext(FieldContext) ?? {};
}

export interface FieldProps {
  label: ReactNode;
  /** Stands beside the label, quieter: "3 of 10 · drag to reorder". */
  aside?: ReactNode;
  hint?: ReactNode;
  /** What is wrong and what to do. Takes the hint's place. */
  error?: ReactNode;
  isRequired?: boolean;
  /** Shows the red mark; for forms where most fields are optional. */
  hasRequiredMark?: boolean;
  children: ReactNode;
  className?: string;
}

/** A labelled control with its hint and its error beside it. */
export function Field({
  label,
  aside,
  hint,
  error,
  isRequired,
  hasRequiredMark,
  children,
  className,
}: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const hasNote = Boolean(error ?? hint);
  return (
    <FieldContext
      value={{
        id,
        "aria-describedby": hasNote ? noteId : undefined,
        "aria-invalid": error ? true : undefined,
        required: isRequired || undefined,
      }}
    >
      <div className={cn("flex flex-col gap-1.5", className)}>
        <div className="flex items-baseline gap-1.5 text-small">
          <label htmlFor={id} className="font-semibold">
            {label}
            {hasRequiredMark && (
              <span className="text-bad">
                <span aria-hidden> *</span>
                <span className="sr-only"> (required)</span>
              </span>
            )}
          </label>
          {aside && <span className="text-ink-3">{aside}</span>}
        </div>
        {children}
        {error ? (
          <p id={noteId} className="flex gap-1.5 text-small text-bad">
            <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
            <span>{error}</span>
          </p>
        ) : (
          hint && (
            <p id={noteId} className="text-small text-ink-3">
              {hint}
            </p>
          )
        )}
      </div>
    </FieldContext>
  );
}
