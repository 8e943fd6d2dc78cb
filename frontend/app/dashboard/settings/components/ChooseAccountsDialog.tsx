import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ChannelMark, PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import {
  Badge,
  CureButton,
  EmptyState,
  ErrorState,
  Loading,
  Notice,
  Skeleton,
} from "@/components/ui/feedback";
import { toast } from "@/components/ui/Toast";
import { newIdempotencyKey } from "@/lib/api/client";
import { attemptQuery, useBeginLogin, useChooseAccounts } from "@/lib/api/logins";
import type { AccountChoice, LoginAttempt } from "@/lib/api/types";
import { plural } from "@/lib/format";

interface ChooseAccountsDialogProps {
  attemptId: number;
  onClose: () => void;
}

/** What a login at Meta brought, and which of it is to be connected. */
export function ChooseAccountsDialog({ attemptId, onClose }: ChooseAccountsDialogProps) {
  const query = useQuery(attemptQuery(attemptId));
  if (query.data && query.data.choices.length > 0) {
    return <Choices attempt={query.data} onClose={onClose} />;
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Connect with Meta"
      size="sm"
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>Close</Button>
          {query.data && <AgainButton attempt={query.data} />}
        </div>
      }
    >
      {query.isPending ? (
        <Loading label="Loading what the login brought">
          <div className="flex flex-col gap-3">
            <Skeleton className="h-10" />
            <Skeleton className="h-10" />
            <Skeleton className="h-10" />
          </div>
        </Loading>
      ) : query.isError ? (
        <ErrorState
          title="This login can't be used"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
        >
          {query.error.message}
        </ErrorState>
      ) : (
        <EmptyState title={emptyTitle(query.data)} className="px-0 py-4">
          {query.data.problem?.detail}
          {query.data.missing_in_words && ` Not allowed: ${query.data.missing_in_words}.`}
        </EmptyState>
      )}
    </Dialog>
  );
}

function emptyTitle({ problem }: LoginAttempt): string {
  if (problem?.code === "login_cancelled") return "You called it off";
  if (problem?.code === "no_accounts") return "There is nothing to connect";
  return "The login was not completed";
}

/** Leaves for Meta's page once more; what was declined is asked for again. */
function AgainButton({ attempt }: { attempt: LoginAttempt }) {
  const begin = useBeginLogin(attempt.business_id);
  return (
    <Button
      variant="primary"
      isBusy={begin.isPending}
      onClick={() => begin.mutate({ login: attempt.login, again: true })}
    >
      Log in again
    </Button>
  );
}

function keyOf({ platform, external_id }: AccountChoice): string {
  return `${platform}:${external_id}`;
}

function isPossible({ hindrance, missing_permissions }: AccountChoice): boolean {
  return hindrance === null && missing_permissions.length === 0;
}

function Choices({ attempt, onClose }: { attempt: LoginAttempt; onClose: () => void }) {
  const formId = useId();
  const begin = useBeginLogin(attempt.business_id);
  const choose = useChooseAccounts(attempt);
  const possible = attempt.choices.filter(isPossible);
  const [chosen, setChosen] = useState(() => new Set(possible.map(keyOf)));
  const wanted = possible.filter((choice) => chosen.has(keyOf(choice)));
  const toggle = (choice: AccountChoice) => {
    const next = new Set(chosen);
    if (!next.delete(keyOf(choice))) next.add(keyOf(choice));
    setChosen(next);
  };
  const submit = () =>
    choose.mutate(
      { choices: wanted, key: newIdempotencyKey() },
      {
        onSuccess: ({ channels }) => {
          const [first] = channels;
          toast({
            tone: "ok",
            title:
              channels.length === 1 && first
                ? `${first.name} is connected`
                : `${channels.length} channels are connected`,
          });
          onClose();
        },
      },
    );
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Choose what to connect"
      titleAside={attempt.is_practice ? "Practice" : undefined}
      description={`From ${PLATFORM_NAMES[attempt.login]}. Kept for a quarter of an hour.`}
      size="sm"
      isSticky
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={formId}
            variant="primary"
            isBusy={choose.isPending}
            disabled={wanted.length === 0}
          >
            {wanted.length === 0 ? "Connect" : `Connect ${plural(wanted.length, "channel")}`}
          </Button>
        </div>
      }
    >
      <form
        id={formId}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        className="flex flex-col gap-3"
      >
        {attempt.missing_in_words && (
          <Notice
            tone="warn"
            fact="Not everything was allowed."
            cure={
              <CureButton onPress={() => begin.mutate({ login: attempt.login, again: true })}>
                Ask Meta again
              </CureButton>
            }
          >
            Without the right to {attempt.missing_in_words}, some of this can't be connected.
          </Notice>
        )}
        {possible.length > 1 && (
          <p className="flex items-center justify-between text-ink-3 text-small">
            {wanted.length} of {possible.length} chosen
            <button
              type="button"
              className="link"
              onClick={() => setChosen(new Set(wanted.length > 0 ? [] : possible.map(keyOf)))}
            >
              {wanted.length > 0 ? "Choose none" : "Choose all"}
            </button>
          </p>
        )}
        <ul aria-label="Accounts" className="divide-y divide-line">
          {attempt.choices.map((choice) => (
            <ChoiceRow
              key={keyOf(choice)}
              choice={choice}
              isChosen={chosen.has(keyOf(choice))}
              onToggle={() => toggle(choice)}
            />
          ))}
        </ul>
        {(choose.error ?? begin.error) && (
          <Notice tone="bad" isAlert>
            {(choose.error ?? begin.error)?.message}
          </Notice>
        )}
      </form>
    </Dialog>
  );
}

interface ChoiceRowProps {
  choice: AccountChoice;
  isChosen: boolean;
  onToggle: () => void;
}

function ChoiceRow({ choice, isChosen, onToggle }: ChoiceRowProps) {
  const id = useId();
  const can = isPossible(choice);
  const why = choice.hindrance ?? (can ? null : "A permission that it needs was not given.");
  return (
    <li className="py-2.5">
      <label className={`flex items-center gap-3 ${can ? "cursor-pointer" : ""}`}>
        <input
          type="checkbox"
          checked={can && isChosen}
          disabled={!can}
          onChange={onToggle}
          aria-describedby={why ? id : undefined}
          className="size-4 shrink-0 accent-(--accent)"
        />
        <ChannelMark
          platform={choice.platform}
          className={`size-8 ${can ? "" : "opacity-60 grayscale"}`}
        />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{choice.name}</span>
          <span className="block truncate text-caption text-ink-3 tabular-nums">
            {choice.platform === "facebook" ? "Page" : "Instagram"} · {choice.external_id}
          </span>
        </span>
        {choice.channel_id !== null && <Badge tone="neutral">Connected: is renewed</Badge>}
      </label>
      {why && (
        <p id={id} className="mt-1 ml-7 text-pretty text-small text-warn">
          {why}
        </p>
      )}
    </li>
  );
}
