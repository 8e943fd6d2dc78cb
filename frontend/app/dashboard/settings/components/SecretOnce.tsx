import { Check, Copy } from "lucide-react";
import { type RefObject, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Field } from "@/components/ui/Field";
import { Input } from "@/components/ui/Input";
import type { ApiKeyMade } from "@/lib/api/types";
import { copyText } from "@/lib/clipboard";

interface SecretOnceProps {
  made: ApiKeyMade;
  copyButton: RefObject<HTMLButtonElement | null>;
}

/** The secret of a key that was just made, to be taken along. */
export function SecretOnce({ made, copyButton }: SecretOnceProps) {
  const secret = made.secret ?? "";
  const [copied, setCopied] = useState<boolean | null>(null);
  return (
    <div className="flex flex-col gap-4">
      <p className="text-pretty text-ink-2">
        This is the only time that the secret of <strong>{made.api_key.name}</strong> is shown. Put
        it where your program reads its secrets, and nowhere else: whoever has it can do what the
        key may.
      </p>
      <Field
        label="Secret"
        error={
          copied === false
            ? "The browser did not let it be copied. Select it and copy it."
            : undefined
        }
      >
        <span className="flex flex-wrap gap-2">
          <Input
            readOnly
            value={secret}
            spellCheck={false}
            onFocus={(event) => event.target.select()}
            className="min-w-0 flex-1 basis-60 font-mono text-small"
          />
          <Button
            ref={copyButton}
            icon={copied ? Check : Copy}
            onClick={async () => setCopied(await copyText(secret))}
            onBlur={() => setCopied((was) => (was ? null : was))}
            className="max-sm:flex-1"
          >
            {copied ? "Copied" : "Copy"}
          </Button>
        </span>
      </Field>
      <div>
        <p className="text-ink-2 text-small">A program sends it with each request:</p>
        <code className="mt-1.5 block rounded-control bg-sunken px-3 py-2 font-mono text-caption [overflow-wrap:anywhere]">
          Authorization: Bearer {made.api_key.hint}…
        </code>
      </div>
      <p role="status" className="sr-only">
        {copied ? "The secret is copied." : "The key is made. Copy its secret now."}
      </p>
    </div>
  );
}
