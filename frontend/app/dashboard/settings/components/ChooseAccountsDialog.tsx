import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import {
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
import type { AccountChoice, Channel, LoginAttempt } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { ChoiceRow, isPossible } from "./ChoiceRow";

interface ChooseAccountsDialogProps {
  attemptId: number;
  /** The channel that the login was meant for. */
  again: Channel | undefined;
  onClose: () => void;
}

/** What a login at Meta brought, and which of it is to be connected. */
export function ChooseAccountsDialog({ attemptId, again, onClose }: ChooseAccountsDialogProps) {
  const query = useQuery(attemptQuery(attemptId));
  if (query.data && query.data.choices.length > 0) {
    return <Choices attempt={query.data} again={again} onClose={onClose} />;
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
          {query.data && <AgainButton attempt={query.data} again={again} />}
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
function AgainButton({ attempt, again }: { attempt: LoginAttempt; again: Channel | undefined }) {
  const begin = useBeginLogin(attempt.business_id);
  return (
    <Button
      variant="primary"
      isBusy={begin.isPending}
      onClick={() => begin.mutate({ login: attempt.login, again: true, channelId: again?.id })}
    >
      Log in again
    </Button>
  );
}

function keyOf({ platform, external_id }: Pick<AccountChoice, "platform" | "external_id">): string {
  return `${platform}:${external_id}`;
}

interface ChoicesProps {
  attempt: LoginAttempt;
  again: Channel | undefined;
  onClose: () => void;
}

function Choices({ attempt, again, onClose }: ChoicesProps) {
  const formId = useId();
  const begin = useBeginLogin(attempt.business_id);
  const logInAgain = () =>
    begin.mutate({ login: attempt.login, again: true, channelId: again?.id });
  const choose = useChooseAccounts(attempt);
  const possible = attempt.choices.filter(isPossible);
  const sought = again && attempt.choices.find((choice) => keyOf(choice) === keyOf(again));
  const listed = sought
    ? [sought, ...attempt.choices.filter((choice) => choice !== sought)]
    : attempt.choices;
  const [chosen, setChosen] = useState(
    // Whoever came for one channel is not made to connect others.
    () => new Set((again ? possible.filter((choice) => choice === sought) : possible).map(keyOf)),
  );
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
      title={again ? `Connect ${again.name} again` : "Choose what to connect"}
      titleAside={attempt.is_practice ? "Practice" : undefined}
      description={`What your login with ${PLATFORM_NAMES[attempt.login]} brought. It can be used for a quarter of an hour.`}
      size="sm"
      isSticky
      footer={
        <div className="ml-auto flex gap-2">
          <Button onClick={onClose}>Cancel</Button>
          {possible.length === 0 ? (
            <AgainButton attempt={attempt} again={again} />
          ) : (
            <Button
              type="submit"
              form={formId}
              variant="primary"
              isBusy={choose.isPending}
              disabled={wanted.length === 0}
            >
              {wanted.length === 0 ? "Connect" : `Connect ${plural(wanted.length, "channel")}`}
            </Button>
          )}
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
        {again && !sought && (
          <Notice
            tone="warn"
            fact={`${again.name} is not among them.`}
            cure={<CureButton onPress={logInAgain}>Log in with another account</CureButton>}
          >
            You logged in as {attempt.person ?? "somebody"}, who does not have {again.name} or left
            it out.
          </Notice>
        )}
        {attempt.missing_in_words && (
          <Notice
            tone="warn"
            fact="Not everything was allowed."
            cure={
              possible.length > 0 && <CureButton onPress={logInAgain}>Ask Meta again</CureButton>
            }
          >
            Without the right to {attempt.missing_in_words},{" "}
            {possible.length > 0
              ? "some of this can't be connected."
              : attempt.choices.length > 1
                ? "none of this can be connected."
                : "this can't be connected."}
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
          {listed.map((choice) => (
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
