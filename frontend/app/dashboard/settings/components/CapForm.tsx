import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input } from "@/components/ui/Input";
import { useChangeBusiness } from "@/lib/api/businesses";
import { useBusiness } from "@/lib/business";
import { readAmount } from "../money";

interface CapFormProps {
  /** Nothing but practice paints here, so the limit is one of practice money. */
  isPractice: boolean;
}

/** The most that AI images may cost in a month. For owners; everybody else sees it above. */
export function CapForm({ isPractice }: CapFormProps) {
  const business = useBusiness();
  const change = useChangeBusiness(business.id);
  const now = business.monthly_ai_cap_usd;
  const [written, setWritten] = useState(now ?? "");
  const [hasTried, setTried] = useState(false);
  if (business.role !== "owner") return null;
  const amount = readAmount(written);
  const isChanged = amount !== undefined && Number(amount) !== Number(now ?? Number.NaN);

  const save = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (amount !== undefined && isChanged) change.mutate({ monthly_ai_cap_usd: amount });
  };
  return (
    <form noValidate onSubmit={save} className="flex flex-col gap-3">
      <Field
        label="Monthly limit in USD"
        hint={`Once it is reached no further image is made until the month is over. Free images count as nothing.${isPractice ? " What counts now is practice money, which nobody bills." : ""}`}
        error={
          hasTried && amount === undefined
            ? "Write an amount such as 25 or 12.50, or remove the limit."
            : undefined
        }
      >
        <div className="flex flex-wrap gap-2">
          <span className="w-36">
            <Input
              value={written}
              onChange={(event) => setWritten(event.target.value)}
              inputMode="decimal"
              placeholder="No limit"
              maxLength={14}
              className="tabular-nums"
            />
          </span>
          <Button
            type="submit"
            isBusy={change.isPending}
            disabled={written !== "" && !isChanged && amount !== undefined}
          >
            Set the limit
          </Button>
          {now !== null && (
            <Button variant="ghost" onClick={() => change.mutate({ monthly_ai_cap_usd: null })}>
              Remove it
            </Button>
          )}
        </div>
      </Field>
      {change.error && (
        <Notice tone="bad" isAlert fact="The limit is as it was.">
          {change.error.message}
        </Notice>
      )}
    </form>
  );
}
