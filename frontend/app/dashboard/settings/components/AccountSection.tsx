import { type FormEvent, useState } from "react";
import { describeFormError } from "@/components/auth/formError";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input, PasswordInput } from "@/components/ui/Input";
import { ApiError } from "@/lib/api/client";
import { useChangePassword, useRenameSelf } from "@/lib/api/session";
import { useSession } from "@/lib/business";
import { plural } from "@/lib/format";
import { Section } from "./Section";

/** The person who is signed in, whatever the business. */
export function AccountSection() {
  const { user } = useSession();
  return (
    <Section
      id="account"
      title="Your account"
      words={
        <>
          The same in all of your businesses. You sign in as{" "}
          <span className="font-medium [overflow-wrap:anywhere]">{user.email}</span>.
        </>
      }
    >
      <div className="flex max-w-110 flex-col gap-6">
        <NameForm />
        <PasswordForm />
      </div>
    </Section>
  );
}

function NameForm() {
  const { user } = useSession();
  const rename = useRenameSelf();
  const [name, setName] = useState(user.name);
  const isChanged = name.trim() !== user.name;
  const isNameless = name.trim() === "";
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!isChanged || isNameless) return;
    rename.mutate(name.trim(), { onSuccess: (saved) => setName(saved.name) });
  };
  return (
    <form noValidate onSubmit={save} className="flex flex-col gap-4">
      <Field
        label="Your name"
        error={isNameless ? "Others know you by your name." : undefined}
        isRequired
      >
        <Input
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="name"
          maxLength={200}
        />
      </Field>
      {rename.error && <Refusal error={rename.error} />}
      <div className="flex items-center gap-3">
        <Button type="submit" disabled={!isChanged || isNameless} isBusy={rename.isPending}>
          Save your name
        </Button>
        <span role="status" className="text-ok text-small">
          {rename.isSuccess && !isChanged ? "Saved" : ""}
        </span>
      </div>
    </form>
  );
}

const SHORTEST_PASSWORD = 8;

function PasswordForm() {
  const { user } = useSession();
  const change = useChangePassword();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [isTried, setTried] = useState(false);
  const fields = change.error instanceof ApiError ? change.error.fields : {};
  const isShort = next.length < SHORTEST_PASSWORD;
  const save = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!current || isShort) return;
    change.mutate(
      { current_password: current, new_password: next },
      {
        onSuccess: () => {
          setCurrent("");
          setNext("");
          setTried(false);
        },
      },
    );
  };
  return (
    <form noValidate onSubmit={save} className="flex flex-col gap-4 border-line border-t pt-6">
      {/* What a password manager keeps the new password under. */}
      <input type="hidden" name="username" autoComplete="username" value={user.email} readOnly />
      <Field
        label="Current password"
        error={
          isTried && !current ? "Enter the one that you sign in with." : fields.current_password
        }
        isRequired
      >
        <PasswordInput
          value={current}
          onChange={(event) => {
            setCurrent(event.target.value);
            change.reset();
          }}
          autoComplete="current-password"
        />
      </Field>
      <Field
        label="New password"
        hint="8 characters or more. You are signed out everywhere else; API keys go on working."
        error={isTried && isShort ? "8 characters or more." : fields.new_password}
        isRequired
      >
        <PasswordInput
          value={next}
          onChange={(event) => setNext(event.target.value)}
          autoComplete="new-password"
        />
      </Field>
      {change.error && !fields.current_password && !fields.new_password && (
        <Refusal error={change.error} />
      )}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" isBusy={change.isPending}>
          Change the password
        </Button>
        <span role="status" className="text-ok text-small">
          {change.data && !current ? changed(change.data.sessions_ended) : ""}
        </span>
      </div>
    </form>
  );
}

function Refusal({ error }: { error: Error }) {
  const { fact, rest } = describeFormError(error);
  return (
    <Notice tone="bad" isAlert fact={fact}>
      {rest}
    </Notice>
  );
}

function changed(sessionsEnded: number): string {
  return sessionsEnded
    ? `Changed. You are signed out in ${plural(sessionsEnded, "other place")}.`
    : "Changed";
}
