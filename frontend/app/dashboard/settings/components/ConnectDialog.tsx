import { type FormEvent, useId, useState } from "react";
import { describeFormError } from "@/components/auth/formError";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Field } from "@/components/ui/Field";
import { Notice } from "@/components/ui/feedback";
import { Input, PasswordInput } from "@/components/ui/Input";
import { Segmented } from "@/components/ui/Segmented";
import { toast } from "@/components/ui/Toast";
import { useConnectChannel } from "@/lib/api/channels";
import { ApiError, newIdempotencyKey } from "@/lib/api/client";
import type { Channel, Platform } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

type Login = "facebook" | "instagram";

interface ConnectDialogProps {
  /** A channel that needs a new token; null connects another one. */
  again: Channel | null;
  onClose: () => void;
}

const PLATFORMS = (["instagram", "facebook"] as const).map((value) => ({
  value,
  label: PLATFORM_NAMES[value],
}));

/** Connects an account with its id and a token. The platform is asked before anything is kept. */
export function ConnectDialog({ again, onClose }: ConnectDialogProps) {
  const business = useBusiness();
  const connect = useConnectChannel(business.id);
  const formId = useId();
  const [platform, setPlatform] = useState<Platform>(again?.platform ?? "instagram");
  const [login, setLogin] = useState<Login>("facebook");
  const [accountId, setAccountId] = useState(again?.external_id ?? "");
  const [token, setToken] = useState("");
  const [isTried, setTried] = useState(false);
  const fields = connect.error instanceof ApiError ? connect.error.fields : {};
  const accountError =
    isTried && !accountId.trim() ? "Enter the id of the account." : fields.external_id;
  const tokenError =
    isTried && !token.trim() ? "Paste the token." : (fields.access_token ?? invalid(connect.error));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!accountId.trim() || !token.trim()) return;
    connect.mutate(
      {
        channel: {
          platform,
          external_id: accountId.trim(),
          access_token: token.trim(),
          login: platform === "instagram" ? login : "facebook",
        },
        key: newIdempotencyKey(),
      },
      {
        onSuccess: ({ name }) => {
          toast({ tone: "ok", title: `${name} is connected` });
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={again ? `Connect ${again.name} again` : "Connect a channel"}
      size="sm"
      isSticky
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" isBusy={connect.isPending}>
            Check and connect
          </Button>
        </div>
      }
    >
      <form id={formId} noValidate onSubmit={submit} className="flex flex-col gap-4">
        {!again && (
          <Segmented
            label="Platform"
            value={platform}
            onChange={setPlatform}
            options={PLATFORMS}
            className="self-start"
          />
        )}
        {platform === "instagram" && (
          <fieldset className="flex flex-col gap-1.5">
            <legend className="mb-1.5 font-semibold text-small">The token comes from</legend>
            <Segmented
              label="The token comes from"
              value={login}
              onChange={setLogin}
              options={[
                { value: "facebook", label: "Facebook Login" },
                { value: "instagram", label: "Instagram Login" },
              ]}
              className="self-start"
            />
          </fieldset>
        )}
        <Field
          label={platform === "facebook" ? "Page id" : "Account id"}
          hint={
            platform === "facebook"
              ? "A long number; on Facebook it stands in the Page's transparency section."
              : "The long number of the professional account, not its @name."
          }
          error={accountError}
          isRequired
        >
          <Input
            value={accountId}
            onChange={(event) => setAccountId(event.target.value)}
            readOnly={again !== null}
            autoComplete="off"
            spellCheck={false}
            maxLength={100}
          />
        </Field>
        <Field label="Access token" hint={tokenHint(platform, login)} error={tokenError} isRequired>
          <PasswordInput
            value={token}
            onChange={(event) => setToken(event.target.value)}
            autoComplete="off"
            spellCheck={false}
            maxLength={2000}
          />
        </Field>
        {connect.error && !accountError && !tokenError && (
          <Notice tone="bad" isAlert fact={describeFormError(connect.error).fact}>
            {describeFormError(connect.error).rest}
          </Notice>
        )}
        <p className="text-pretty text-ink-3 text-small">
          {PLATFORM_NAMES[platform]} is asked whether the two belong together. The token is kept
          encrypted and never shown again.
        </p>
      </form>
    </Dialog>
  );
}

/** The server speaks to somebody whose connection has ended; here it has not begun. */
function invalid(error: Error | null): string | undefined {
  return error instanceof ApiError && error.code === "token_invalid"
    ? "Meta does not accept this token. It may have ended, or belong to another app or account."
    : undefined;
}

function tokenHint(platform: Platform, login: Login): string {
  if (platform === "facebook") {
    return "A Page token with pages_manage_posts and pages_read_engagement.";
  }
  return login === "facebook"
    ? "The token of the Page that the account is linked to, with instagram_basic and instagram_content_publish."
    : "A token of the account itself, with instagram_business_basic and instagram_business_content_publish.";
}
