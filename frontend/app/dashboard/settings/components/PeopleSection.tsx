import { useQuery } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { membersQuery } from "@/lib/api/businesses";
import { useBusiness } from "@/lib/business";
import { mayManage } from "../roles";
import { AddMemberDialog } from "./AddMemberDialog";
import { MemberRow } from "./MemberRow";
import { Section } from "./Section";

/** Who is in the business, and what each may do. */
export function PeopleSection() {
  const business = useBusiness();
  const query = useQuery(membersQuery(business.id));
  const [isAdding, setAdding] = useState(false);
  return (
    <Section
      id="people"
      title="People"
      words="Who works here, and what each may do."
      action={
        mayManage(business.role) && (
          <Button icon={UserPlus} onClick={() => setAdding(true)}>
            Add a person
          </Button>
        )
      }
    >
      {query.isPending ? (
        <Loading label="Loading people">
          <div className="flex flex-col gap-4">
            <Skeleton className="h-9" />
            <Skeleton className="h-9" />
          </div>
        </Loading>
      ) : query.isError ? (
        <ErrorState
          title="The people could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
        >
          {query.error.message}
        </ErrorState>
      ) : (
        <ul aria-label="People" className="-my-3 divide-y divide-line">
          {query.data.map((member) => (
            <MemberRow key={member.user_id} member={member} />
          ))}
        </ul>
      )}
      <AddMemberDialog isOpen={isAdding} onClose={() => setAdding(false)} />
    </Section>
  );
}
