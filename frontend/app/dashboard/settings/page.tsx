import { PageHeader } from "@/components/frame/PageHeader";
import { useBusiness } from "@/lib/business";
import { BusinessSection } from "./components/BusinessSection";
import { ChannelsSection } from "./components/ChannelsSection";
import { PeopleSection } from "./components/PeopleSection";
import { StorageSection } from "./components/StorageSection";

/** What a business is set to: its name and time zone, who is in it, where it publishes, where it keeps. */
export default function SettingsPage() {
  const business = useBusiness();
  return (
    <>
      <PageHeader title="Settings" fact={<span className="max-sm:hidden">{business.name}</span>} />
      {/* Another business is another form: nothing half-written goes with it. */}
      <div key={business.id} className="page-padding max-w-250 pb-12">
        <BusinessSection />
        <PeopleSection />
        <ChannelsSection />
        <StorageSection />
      </div>
    </>
  );
}
