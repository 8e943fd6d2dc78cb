import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { ChannelMark, PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { Button } from "@/components/ui/Button";
import { Notice } from "@/components/ui/feedback";
import { loginsQuery, useBeginLogin } from "@/lib/api/logins";
import { useBusiness } from "@/lib/business";

const LOGINS = ["facebook", "instagram"] as const;

/** The three ways to connect: Meta's two logins, as far as this server has them, and a token. */
export function ConnectButtons({ onToken }: { onToken: () => void }) {
  const business = useBusiness();
  const logins = useQuery(loginsQuery(business.id));
  const begin = useBeginLogin(business.id);
  const known = LOGINS.filter((name) => logins.data?.some(({ login }) => login === name));
  const isPractice = logins.data?.some((login) => login.is_practice) ?? false;
  return (
    <div className="flex flex-wrap gap-2 lg:flex-col lg:items-stretch">
      {known.map((login) => (
        <Button
          key={login}
          className="lg:justify-start"
          isBusy={begin.isPending && begin.variables.login === login}
          onClick={() => begin.mutate({ login })}
        >
          <ChannelMark platform={login} className="size-4.5" />
          Connect with {PLATFORM_NAMES[login]}
        </Button>
      ))}
      <Button
        icon={KeyRound}
        variant={known.length > 0 ? "ghost" : "secondary"}
        className="lg:justify-start"
        onClick={onToken}
      >
        Connect with a token
      </Button>
      {isPractice && (
        <p className="basis-full text-pretty text-caption text-ink-3">
          Practice: the logins are simulated on this machine, and lead to practice accounts.
        </p>
      )}
      {begin.error && (
        <Notice tone="bad" isAlert className="basis-full">
          {begin.error.message}
        </Notice>
      )}
    </div>
  );
}
