import { type FormEvent, useState } from "react";
import { describeFormError } from "@/components/auth/formError";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input } from "@/components/ui/Input";
import { TimezoneSelect } from "@/components/ui/TimezoneSelect";
import { useChangeBusiness } from "@/lib/api/businesses";
import { ApiError } from "@/lib/api/client";
import { useBusiness } from "@/lib/business";
import { mayManage } from "../roles";
import { Facts } from "./Facts";
import { Section } from "./Section";

/** The name of the business and the zone of all its times. */
export function BusinessSection() {
  const business = useBusiness();
  return (
    <Section
      id="business"
      title="Business"
      words="Its name, and the time zone that all times are shown in."
    >
      {mayManage(business.role) ? (
        <BusinessForm />
      ) : (
        <Facts
          facts={[
            ["Name", business.name],
            ["Time zone", business.timezone.replaceAll("_", " ")],
          ]}
        />
      )}
    </Section>
  );
}

function BusinessForm() {
  const business = useBusiness();
  const change = useChangeBusiness(business.id);
  const [name, setName] = useState(business.name);
  const [timezone, setTimezone] = useState(business.timezone);
  const isChanged = name.trim() !== business.name || timezone !== business.timezone;
  const isNameless = name.trim() === "";
  const error = change.error instanceof ApiError ? change.error : null;
  const hasField = Boolean(error?.fields.name ?? error?.fields.timezone);

  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!isChanged || isNameless) return;
    change.mutate({ name: name.trim(), timezone }, { onSuccess: (saved) => setName(saved.name) });
  };
  return (
    <form noValidate onSubmit={save} className="flex max-w-110 flex-col gap-4">
      <Field
        label="Name"
        error={isNameless ? "A business needs a name." : error?.fields.name}
        isRequired
      >
        <Input
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="organization"
          maxLength={200}
        />
      </Field>
      <Field
        label="Time zone"
        hint="Scheduled posts keep the moment they were scheduled for."
        error={error?.fields.timezone}
      >
        <TimezoneSelect value={timezone} onChange={setTimezone} />
      </Field>
      {change.error && !hasField && (
        <Notice tone="bad" isAlert fact={describeFormError(change.error).fact}>
          {describeFormError(change.error).rest}
        </Notice>
      )}
      <div className="flex items-center gap-3">
        <Button type="submit" disabled={!isChanged || isNameless} isBusy={change.isPending}>
          Save
        </Button>
        <span role="status" className="text-ok text-small">
          {change.isSuccess && !isChanged ? "Saved" : ""}
        </span>
      </div>
    </form>
  );
}
