import { type FormEvent, useId, useState } from "react";
import { describeFormError } from "@/components/auth/formError";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input, Select } from "@/components/ui/Input";
import { useAddMember } from "@/lib/api/businesses";
import { ApiError, newIdempotencyKey } from "@/lib/api/client";
import type { Role } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { mayTouch, ROLES } from "../roles";

interface AddMemberDialogProps {
  isOpen: boolean;
  onClose: () => void;
}

/** What belongs to the e-mail field, whatever its code is called. */
const ABOUT_EMAIL = new Set(["user_not_found", "already_member", "invalid_email"]);

/** Takes in somebody who has signed up already. */
export function AddMemberDialog({ isOpen, onClose }: AddMemberDialogProps) {
  const business = useBusiness();
  const add = useAddMember(business.id);
  const formId = useId();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const [isMissing, setMissing] = useState(false);
  const error = add.error instanceof ApiError ? add.error : null;
  const emailError = isMissing
    ? "Enter the e-mail that the person signed up with."
    : (error?.fields.email ?? (error && ABOUT_EMAIL.has(error.code) ? error.detail : undefined));

  const close = () => {
    onClose();
    setEmail("");
    setMissing(false);
    add.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(email.trim() === "");
    if (email.trim() === "") return;
    add.mutate(
      { member: { email: email.trim(), role }, key: newIdempotencyKey() },
      { onSuccess: close },
    );
  };
  return (
    <Dialog
      isOpen={isOpen}
      onClose={close}
      title="Add a person"
      size="sm"
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" isBusy={add.isPending}>
            Add to {business.name}
          </Button>
        </div>
      }
    >
      <form id={formId} noValidate onSubmit={submit} className="flex flex-col gap-4">
        <Field
          label="E-mail"
          hint="Of somebody who has an account here already."
          error={emailError}
          isRequired
        >
          <Input
            type="email"
            inputMode="email"
            spellCheck={false}
            autoComplete="off"
            value={email}
            onChange={(event) => {
              setEmail(event.target.value);
              setMissing(false);
            }}
          />
        </Field>
        <Field
          label="Role"
          hint={`${ROLES.find(({ value }) => value === role)?.label} ${ROLES.find(({ value }) => value === role)?.may}.`}
        >
          <Select value={role} onChange={(value) => setRole(value as Role)} className="w-full">
            {ROLES.filter(({ value }) => mayTouch(business.role, value)).map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        </Field>
        {add.error && !emailError && (
          <Notice tone="bad" isAlert fact={describeFormError(add.error).fact}>
            {describeFormError(add.error).rest}
          </Notice>
        )}
      </form>
    </Dialog>
  );
}
