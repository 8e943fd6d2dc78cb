import { type FormEvent, useId, useRef, useState } from "react";
import { describeFormError } from "@/components/auth/formError";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input, Select } from "@/components/ui/Input";
import { useMakeApiKey } from "@/lib/api/apiKeys";
import { ApiError } from "@/lib/api/client";
import type { Role } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { ROLES, rolesUpTo } from "../roles";
import { SecretOnce } from "./SecretOnce";

const LIFETIMES = [
  { days: 30, label: "In 30 days" },
  { days: 90, label: "In 90 days" },
  { days: 365, label: "In a year" },
  { days: 0, label: "Never" },
] as const;
const DAY_MS = 86_400_000;

/** Makes a key, then shows its secret: once, here. */
export function MakeApiKeyDialog({ onClose }: { onClose: () => void }) {
  const business = useBusiness();
  const make = useMakeApiKey(business.id);
  const formId = useId();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>(
    business.role === "viewer" || business.role === "editor" ? business.role : "editor",
  );
  const [days, setDays] = useState(90);
  const [isMissing, setMissing] = useState(false);
  const nameField = useRef<HTMLInputElement>(null);
  const copyButton = useRef<HTMLButtonElement>(null);
  const error = make.error instanceof ApiError ? make.error : null;
  const nameError = isMissing
    ? "Say what the key is for, so that you know later what to revoke."
    : error?.fields.name;
  const may = ROLES.find(({ value }) => value === role)?.may;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(name.trim() === "");
    if (name.trim() === "") return nameField.current?.focus();
    const expires_at = days > 0 ? new Date(Date.now() + days * DAY_MS).toISOString() : null;
    make.mutate({ name: name.trim(), role, expires_at });
  };
  if (make.data) {
    return (
      <Dialog
        key="shown"
        isOpen
        isSticky
        initialFocus={copyButton}
        onClose={onClose}
        title="Keep this key now"
        size="md"
        footer={
          <Button variant="primary" className="ml-auto" onClick={onClose}>
            I have kept it
          </Button>
        }
      >
        <SecretOnce made={make.data} copyButton={copyButton} />
      </Dialog>
    );
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Make an API key"
      size="md"
      initialFocus={nameField}
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" isBusy={make.isPending}>
            Make the key
          </Button>
        </div>
      }
    >
      <form id={formId} noValidate onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-pretty text-ink-2">
          A key works for {business.name} alone, in your name. It cannot change people, keys,
          passwords or how channels are connected, and it ends when you leave.
        </p>
        <Field label="What it is for" error={nameError} isRequired>
          <Input
            ref={nameField}
            maxLength={100}
            autoComplete="off"
            placeholder="Nightly import"
            value={name}
            onChange={(event) => {
              setName(event.target.value);
              setMissing(false);
            }}
          />
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Role" hint={may && `This role ${may}.`}>
            <Select value={role} onChange={(value) => setRole(value as Role)} className="w-full">
              {rolesUpTo(business.role).map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          </Field>
          <Field label="It expires">
            <Select value={days} onChange={(value) => setDays(Number(value))} className="w-full">
              {LIFETIMES.map(({ days: value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        {make.error && !nameError && (
          <Notice tone="bad" isAlert fact={describeFormError(make.error).fact}>
            {describeFormError(make.error).rest}
          </Notice>
        )}
      </form>
    </Dialog>
  );
}
