import { type FormEvent, useId, useRef, useState } from "react";
import { providerTitle } from "@/components/generator/providers";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Input } from "@/components/ui/Input";
import { Moment } from "@/components/ui/Moment";
import { useSettleCost } from "@/lib/api/generations";
import type { UsageEntry } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatMoney } from "@/lib/format";
import { readBilled } from "../money";

interface SettleCostDialogProps {
  entry: UsageEntry;
  onClose: () => void;
}

/** Somebody has looked at the provider's bill and says what stands there. It is booked once. */
export function SettleCostDialog({ entry, onClose }: SettleCostDialogProps) {
  const { id: businessId, timezone } = useBusiness();
  const settle = useSettleCost(businessId);
  const formId = useId();
  const field = useRef<HTMLInputElement>(null);
  const [written, setWritten] = useState("");
  const [isMissing, setMissing] = useState(false);
  const [told, setTold] = useState<"charged" | "not_charged" | null>(null);
  const provider = providerTitle(entry.provider);
  const amount = readBilled(written);

  const tell = (outcome: "charged" | "not_charged") => {
    if (outcome === "charged" && amount === undefined) {
      setMissing(true);
      field.current?.focus();
      return;
    }
    setTold(outcome);
    settle.mutate(
      {
        generationId: entry.generation_id,
        outcome,
        cost_usd: outcome === "charged" ? (amount ?? null) : null,
      },
      { onSuccess: onClose },
    );
  };
  const isBusy = (outcome: typeof told) => settle.isPending && told === outcome;
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`What did ${provider} bill?`}
      size="sm"
      initialFocus={field}
      footer={
        <div className="flex w-full flex-wrap gap-2 sm:justify-end">
          <Button isBusy={isBusy("not_charged")} onClick={() => tell("not_charged")}>
            It was not charged
          </Button>
          <Button
            type="submit"
            form={formId}
            variant="primary"
            isBusy={isBusy("charged")}
            className="max-sm:ml-auto"
          >
            It was charged
          </Button>
        </div>
      }
    >
      <form
        id={formId}
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (!settle.isPending) tell("charged");
        }}
        className="flex flex-col gap-4"
      >
        <p className="text-pretty text-ink-2">
          Look at the bill of {provider} for “{shortened(entry.prompt)}”, asked of {entry.model}{" "}
          <Moment at={entry.created_at} timezone={timezone} />, then say here what stands there. It
          is booked once. {consequence(entry)}
        </p>
        <Field
          label="Amount in USD"
          aside="if it was charged"
          error={
            isMissing
              ? "Write the amount that stands on the bill, such as 0.04."
              : settle.error && !settle.isPending
                ? settle.error.message
                : undefined
          }
        >
          <Input
            ref={field}
            inputMode="decimal"
            autoComplete="off"
            placeholder="0.00"
            value={written}
            onChange={(event) => {
              setWritten(event.target.value);
              setMissing(false);
            }}
          />
        </Field>
      </form>
    </Dialog>
  );
}

/** What it means for the business, where that is still open. */
function consequence({ outcome, free, price_usd, is_practice }: UsageEntry): string {
  if (outcome !== "unknown" && outcome !== "cancelled") {
    return "What this business is charged stays as it is.";
  }
  if (free) return "If it was not charged, the free image comes back.";
  return `If it was not charged, this business does not pay ${formatMoney(price_usd, is_practice)} for it.`;
}

function shortened(prompt: string): string {
  return prompt.length > 60 ? `${prompt.slice(0, 60).trimEnd()}…` : prompt;
}
