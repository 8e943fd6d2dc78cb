import { type FormEvent, useId, useState } from "react";
import { describeFormError } from "@/components/auth/formError";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input } from "@/components/ui/Input";
import { TimezoneSelect } from "@/components/ui/TimezoneSelect";
import { toast } from "@/components/ui/Toast";
import { useMakeBusiness } from "@/lib/api/businesses";
import { ApiError, newIdempotencyKey } from "@/lib/api/client";
import { chooseBusiness } from "@/lib/business";
import { guessTimezone } from "@/lib/timezones";

/** Makes another business, which whoever makes it owns, and goes there. */
export default function NewBusinessDialog({ onClose }: { onClose: () => void }) {
  const make = useMakeBusiness();
  const formId = useId();
  const [name, setName] = useState("");
  const [timezone, setTimezone] = useState(guessTimezone);
  const [isTried, setTried] = useState(false);
  const isNameless = name.trim() === "";
  const fields = make.error instanceof ApiError ? make.error.fields : {};

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (isNameless || make.isPending) return;
    make.mutate(
      { business: { name: name.trim(), timezone }, key: newIdempotencyKey() },
      {
        onSuccess: (made) => {
          chooseBusiness(made.id);
          toast({ title: `You are in ${made.name} now` });
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="New business"
      description="With its own images, posts, channels and people. You own it."
      size="sm"
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" isBusy={make.isPending}>
            Create business
          </Button>
        </div>
      }
    >
      <form id={formId} noValidate onSubmit={submit} className="flex flex-col gap-4">
        <Field
          label="Name"
          error={isTried && isNameless ? "A business needs a name." : fields.name}
          isRequired
        >
          <Input
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoComplete="organization"
            maxLength={200}
          />
        </Field>
        <Field label="Time zone" hint="Every time is shown in this zone." error={fields.timezone}>
          <TimezoneSelect value={timezone} onChange={setTimezone} />
        </Field>
        {make.error && !fields.name && !fields.timezone && (
          <Notice tone="bad" isAlert fact={describeFormError(make.error).fact}>
            {describeFormError(make.error).rest}
          </Notice>
        )}
      </form>
    </Dialog>
  );
}
