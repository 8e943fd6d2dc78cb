import { useQuery } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { ErrorState, Loading, Progress, Skeleton } from "@/components/ui/feedback";
import { libraryTotalsQuery } from "@/lib/api/images";
import { useCheckStorage } from "@/lib/api/storage";
import { uploadOptionsQuery } from "@/lib/api/uploads";
import { useBusiness } from "@/lib/business";
import { formatBytes, plural } from "@/lib/format";
import { mayManage } from "../roles";
import { Facts } from "./Facts";
import { Section } from "./Section";
import { StorageChecks } from "./StorageChecks";

const STORES: Record<string, string> = {
  local: "A folder on the server",
  s3: "An S3 bucket",
  cloudinary: "Cloudinary",
};

/** Where the pictures lie, how much there is, and whether the store does all that it must. */
export function StorageSection() {
  const business = useBusiness();
  const totals = useQuery(libraryTotalsQuery(business.id));
  const options = useQuery(uploadOptionsQuery(business.id));
  const check = useCheckStorage(business.id);
  const isManager = mayManage(business.role);
  const store = options.data?.storage_provider;
  return (
    <Section
      id="storage"
      title="Storage"
      words="Where the pictures lie. Which store it is, whoever runs this server decides."
      action={
        isManager && (
          <Button icon={ShieldCheck} onClick={() => check.mutate()} isBusy={check.isPending}>
            {check.data ? "Check it again" : "Check the storage"}
          </Button>
        )
      }
    >
      {totals.isError ? (
        <ErrorState
          title="The storage could not be looked at"
          onRetry={() => totals.refetch()}
          isRetrying={totals.isFetching}
          isCompact
        >
          {totals.error.message}
        </ErrorState>
      ) : totals.isPending || options.isPending ? (
        <Loading label="Loading the storage">
          <div className="flex flex-col gap-3">
            <Skeleton className="h-5 w-2/3" />
            <Skeleton className="h-5 w-1/2" />
          </div>
        </Loading>
      ) : (
        <Facts
          facts={[
            ...(store ? [["Kept in", STORES[store] ?? store] as const] : []),
            [
              "In use",
              `${formatBytes(totals.data.bytes)} in ${plural(totals.data.images, "image")}`,
            ],
            ...(totals.data.trashed > 0
              ? [["In the trash", plural(totals.data.trashed, "image")] as const]
              : []),
          ]}
        />
      )}
      {check.isPending && (
        <div className="mt-5 border-line border-t pt-4">
          <p role="status" className="mb-2 text-ink-2 text-small">
            Writing, reading and deleting a small file. This takes some seconds.
          </p>
          <Progress label="Checking the storage" value={null} />
        </div>
      )}
      {check.isError && (
        <div className="mt-5 border-line border-t pt-4">
          <ErrorState
            title="The storage could not be checked"
            onRetry={() => check.mutate()}
            isCompact
          >
            {check.error.message} Nothing was changed.
          </ErrorState>
        </div>
      )}
      {check.data && !check.isPending && <StorageChecks report={check.data} />}
    </Section>
  );
}
