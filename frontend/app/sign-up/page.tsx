import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { AuthFrame } from "@/components/auth/AuthFrame";
import { describeFormError } from "@/components/auth/formError";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input, PasswordInput } from "@/components/ui/Input";
import { ApiError } from "@/lib/api/client";
import { useSignUp } from "@/lib/api/session";
import { guessTimezone } from "@/lib/timezones";
import { checkSignUp, type SignUpFields, type SignUpProblems } from "./checkSignUp";
import { TimezoneField } from "./TimezoneField";

const NAMES = ["name", "business_name", "email", "password"] as const;

function readFields(form: HTMLFormElement): SignUpFields {
  const entries = new FormData(form);
  return Object.fromEntries(
    NAMES.map((name) => {
      const text = String(entries.get(name));
      return [name, name === "password" ? text : text.trim()];
    }),
  ) as unknown as SignUpFields;
}

/** Of these problems the ones that were told before, in today's words. */
function onlyKeys(problems: SignUpProblems, told: SignUpProblems): SignUpProblems {
  return Object.fromEntries(
    NAMES.filter((name) => told[name] && problems[name]).map((name) => [name, problems[name]]),
  );
}

export default function SignUpPage() {
  const { next } = useSearch({ from: "/sign-up" });
  const navigate = useNavigate();
  const signUp = useSignUp();
  const [timezone, setTimezone] = useState(guessTimezone);
  const [found, setFound] = useState<SignUpProblems>({});
  const form = useRef<HTMLFormElement>(null);

  const focusFirst = (problems: SignUpProblems) => {
    const first = NAMES.find((name) => problems[name]);
    if (first) form.current?.querySelector<HTMLInputElement>(`[name=${first}]`)?.focus();
  };

  // What was told goes as soon as it is put right; nothing new is told before the next press.
  const recheck = (event: FormEvent<HTMLFormElement>) => {
    const wrong = checkSignUp(readFields(event.currentTarget));
    setFound((told) => onlyKeys(wrong, told));
    if (signUp.isError) signUp.reset();
  };

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = readFields(event.currentTarget);
    const problems = checkSignUp(fields);
    setFound(problems);
    if (Object.keys(problems).length) {
      focusFirst(problems);
      return;
    }
    signUp.mutate(
      { ...fields, timezone },
      {
        onSuccess: () => navigate({ href: next ?? "/dashboard" }),
        onError: (error) => {
          if (error instanceof ApiError) {
            focusFirst(error.code === "email_taken" ? { email: error.detail } : error.fields);
          }
        },
      },
    );
  };

  const error = signUp.error instanceof ApiError ? signUp.error : undefined;
  const isTaken = error?.code === "email_taken";
  const problems: SignUpProblems = { ...(isTaken ? {} : error?.fields), ...found };
  const hasFieldProblem = isTaken || NAMES.some((name) => error?.fields[name]);
  return (
    <AuthFrame
      title="Create your account"
      lead="Keep your pictures, write a post once, publish it to Instagram and Facebook."
      aside={
        <>
          You have an account?{" "}
          <Link to="/sign-in" search={next ? { next } : {}} className="link">
            Sign in
          </Link>
        </>
      }
    >
      <form
        ref={form}
        noValidate
        onSubmit={submit}
        onChange={recheck}
        className="flex flex-col gap-4"
      >
        {signUp.error && !hasFieldProblem && (
          <Notice tone="bad" isAlert fact={describeFormError(signUp.error).fact}>
            {describeFormError(signUp.error).rest}
          </Notice>
        )}
        <Field label="Your name" error={problems.name} isRequired>
          <Input name="name" autoComplete="name" maxLength={200} />
        </Field>
        <Field label="Business name" error={problems.business_name} isRequired>
          <Input name="business_name" autoComplete="organization" maxLength={200} />
        </Field>
        <Field
          label="E-mail"
          isRequired
          error={
            isTaken && !found.email ? (
              <>
                This address has an account already.{" "}
                <Link to="/sign-in" className="underline underline-offset-3">
                  Sign in instead
                </Link>
              </>
            ) : (
              problems.email
            )
          }
        >
          <Input
            name="email"
            type="email"
            autoComplete="username"
            inputMode="email"
            spellCheck={false}
          />
        </Field>
        <Field label="Password" hint="8 characters or more." error={problems.password} isRequired>
          <PasswordInput name="password" autoComplete="new-password" />
        </Field>
        <TimezoneField value={timezone} onChange={setTimezone} />
        <Button
          type="submit"
          variant="primary"
          size="lg"
          isWide
          isBusy={signUp.isPending}
          className="mt-2"
        >
          Create account
        </Button>
      </form>
    </AuthFrame>
  );
}
