import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { AuthFrame } from "@/components/auth/AuthFrame";
import { describeFormError } from "@/components/auth/formError";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input, PasswordInput } from "@/components/ui/Input";
import { ApiError } from "@/lib/api/client";
import { useSignIn } from "@/lib/api/session";

type Fields = Partial<Record<"email" | "password", string>>;

export default function SignInPage() {
  const { next } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  const signIn = useSignIn();
  const [missing, setMissing] = useState<Fields>({});
  const form = useRef<HTMLFormElement>(null);

  // What was missing is told until it is there.
  const recheck = (event: FormEvent<HTMLFormElement>) => {
    const entries = new FormData(event.currentTarget);
    setMissing(({ email, password }) => ({
      ...(email && !entries.get("email") && { email }),
      ...(password && !entries.get("password") && { password }),
    }));
    if (signIn.isError) signIn.reset();
  };

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entries = new FormData(event.currentTarget);
    const email = String(entries.get("email")).trim();
    const password = String(entries.get("password"));
    const gaps: Fields = {
      ...(!email && { email: "Write your e-mail address." }),
      ...(!password && { password: "Write your password." }),
    };
    setMissing(gaps);
    const firstGap = Object.keys(gaps)[0];
    if (firstGap) {
      form.current?.querySelector<HTMLInputElement>(`[name=${firstGap}]`)?.focus();
      return;
    }
    signIn.mutate(
      { email, password },
      { onSuccess: () => navigate({ href: next ?? "/dashboard" }) },
    );
  };

  const { error } = signIn;
  const isWrong = error instanceof ApiError && error.code === "invalid_credentials";
  return (
    <AuthFrame
      title="Sign in"
      lead="To your images and posts."
      aside={
        <>
          New here?{" "}
          <Link to="/sign-up" search={next ? { next } : {}} className="link">
            Create an account
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
        {error && (
          <Notice
            tone="bad"
            isAlert
            fact={isWrong ? "E-mail or password is wrong." : describeFormError(error).fact}
          >
            {isWrong ? "Check both and try again." : describeFormError(error).rest}
          </Notice>
        )}
        <Field label="E-mail" error={missing.email} isRequired>
          <Input
            name="email"
            type="email"
            autoComplete="username"
            inputMode="email"
            spellCheck={false}
          />
        </Field>
        <Field label="Password" error={missing.password} isRequired>
          <PasswordInput name="password" autoComplete="current-password" />
        </Field>
        <Button
          type="submit"
          variant="primary"
          size="lg"
          isWide
          isBusy={signIn.isPending}
          className="mt-2"
        >
          Sign in
        </Button>
      </form>
    </AuthFrame>
  );
}
