import { PageHeader } from "@/components/frame/PageHeader";
import { useBusiness } from "@/lib/business";
import { AccountSection } from "./components/AccountSection";
import { ApiKeysSection } from "./components/ApiKeysSection";
import { BusinessSection } from "./components/BusinessSection";
import { ChannelsSection } from "./components/ChannelsSection";
import { ModelsSection } from "./components/ModelsSection";
import { PeopleSection } from "./components/PeopleSection";
import { SettingsNav } from "./components/SettingsNav";
import { SpendingSection } from "./components/SpendingSection";
import { StorageSection } from "./components/StorageSection";
import { StylesSection } from "./components/StylesSection";

/** What a business is set to: its name, who is in it, where it publishes, what AI may cost, where it keeps, its keys; and one's own account. */
export default function SettingsPage() {
  const business = useBusiness();
  return (
    <>
      <PageHeader title="Settings" fact={<span className="max-sm:hidden">{business.name}</span>} />
      {/* Another business is another form: nothing half-written goes with it. */}
      <div className="page-padding flex flex-col items-stretch gap-x-8 pb-12 min-[90rem]:flex-row min-[90rem]:items-start">
        <SettingsNav />
        <div key={business.id} className="w-full min-w-0 max-w-250">
          <BusinessSection />
          <PeopleSection />
          <ChannelsSection />
          <SpendingSection />
          <ModelsSection />
          <StylesSection />
          <StorageSection />
          <ApiKeysSection />
          <AccountSection />
        </div>
      </div>
    </>
  );
}
