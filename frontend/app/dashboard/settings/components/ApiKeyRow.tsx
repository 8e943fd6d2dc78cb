import { X } from "lucide-react";
import { useState } from "react";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { Notice } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { Moment } from "@/components/ui/Moment";
import { useRevokeApiKey } from "@/lib/api/apiKeys";
import type { ApiKey } from "@/lib/api/types";
import { useBusiness, useSession } from "@/lib/business";
import { roleName } from "../roles";

/** One key: what it is for, what it may, when it was used, and its end. */
export function ApiKeyRow({ apiKey }: { apiKey: ApiKey }) {
  const { user } = useSession();
  const { id: businessId, timezone } = useBusiness();
  const revoke = useRevokeApiKey(businessId);
  const [isAsking, setAsking] = useState(false);
  const isYours = apiKey.made_by_id === user.id;
  const isOver = apiKey.expires_at !== null && Date.parse(apiKey.expires_at) <= Date.now();
  return (
    <li className="py-3">
      <div className="flex items-start gap-x-3">
        <div className="min-w-0 flex-1">
          <p className="flex flex-wrap items-baseline gap-x-2">
            <span className="font-medium [overflow-wrap:anywhere]">{apiKey.name}</span>
            <code className="font-mono text-caption text-ink-3">{apiKey.hint}…</code>
          </p>
          <p className="text-pretty text-caption text-ink-3">
            {roleName(apiKey.role)} · made by {isYours ? "you" : apiKey.made_by}{" "}
            <Moment at={apiKey.created_at} timezone={timezone} />
          </p>
          <p className="text-pretty text-caption text-ink-3">
            {apiKey.last_used_at ? (
              <>
                Last used <Moment at={apiKey.last_used_at} timezone={timezone} />
              </>
            ) : (
              "Never used"
            )}
            {" · "}
            {apiKey.expires_at === null ? (
              "never expires"
            ) : (
              <span className={isOver ? "text-bad" : undefined}>
                {isOver ? "expired " : "expires "}
                <Moment at={apiKey.expires_at} timezone={timezone} />
              </span>
            )}
          </p>
        </div>
        <IconButton label={`Revoke ${apiKey.name}`} icon={X} onClick={() => setAsking(true)} />
      </div>
      {revoke.error && (
        <Notice tone="bad" isAlert className="mt-2">
          {revoke.error.message}
        </Notice>
      )}
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => revoke.mutate(apiKey.id, { onSettled: () => setAsking(false) })}
        isBusy={revoke.isPending}
        title={`Revoke ${apiKey.name}?`}
        confirmLabel="Revoke"
      >
        Whatever uses this key is refused from its next request on. That cannot be undone; a new key
        can be made at any time.
      </ConfirmDialog>
    </li>
  );
}
