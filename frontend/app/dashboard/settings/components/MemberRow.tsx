import { LogOut, X } from "lucide-react";
import { useState } from "react";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { Notice } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { Select } from "@/components/ui/Input";
import { Avatar } from "@/components/ui/surface";
import { useChangeRole, useRemoveMember } from "@/lib/api/businesses";
import type { Member, Role } from "@/lib/api/types";
import { chooseBusiness, useBusiness, useSession } from "@/lib/business";
import { mayTouch, ROLES, roleName } from "../roles";

/** One person: who, what they may do, and the way out. */
export function MemberRow({ member }: { member: Member }) {
  const { user, businesses } = useSession();
  const business = useBusiness();
  const change = useChangeRole(business.id);
  const remove = useRemoveMember(business.id);
  const [isAsking, setAsking] = useState(false);
  const isYou = member.user_id === user.id;
  const mayChange = mayTouch(business.role, member.role);
  // Whoever leaves their last business would stand before nothing.
  const mayRemove = isYou ? businesses.length > 1 : mayChange;
  const error = change.error ?? remove.error;

  const end = () =>
    remove.mutate(member.user_id, {
      onSuccess: () => {
        const next = businesses.find(({ id }) => id !== business.id);
        if (isYou && next) chooseBusiness(next.id);
      },
      onSettled: () => setAsking(false),
    });
  return (
    <li className="py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Avatar name={member.name} className="size-9" />
        <span className="min-w-30 flex-1">
          <span className="block truncate font-medium">
            {member.name}
            {isYou && <span className="ml-1.5 font-normal text-ink-3">you</span>}
          </span>
          <span className="block truncate text-caption text-ink-3">{member.email}</span>
        </span>
        {mayChange ? (
          <Select
            label={`Role of ${member.name}`}
            value={member.role}
            disabled={change.isPending}
            onChange={(role) => change.mutate({ userId: member.user_id, role: role as Role })}
          >
            {ROLES.filter(({ value }) => mayTouch(business.role, value)).map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        ) : (
          <span className="text-ink-2 text-small">{roleName(member.role)}</span>
        )}
        {mayRemove && (
          <IconButton
            label={isYou ? `Leave ${business.name}` : `Remove ${member.name}`}
            icon={isYou ? LogOut : X}
            onClick={() => setAsking(true)}
          />
        )}
      </div>
      {error && (
        <Notice tone="bad" isAlert className="mt-2">
          {error.message}
        </Notice>
      )}
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={end}
        isBusy={remove.isPending}
        title={isYou ? `Leave ${business.name}?` : `Remove ${member.name}?`}
        confirmLabel={isYou ? "Leave" : "Remove"}
      >
        {isYou
          ? "You no longer see its images, posts and channels. Somebody who manages it can take you in again."
          : `${member.name} no longer gets into ${business.name}, from the next click on. What they made stays.`}
      </ConfirmDialog>
    </li>
  );
}
