import { PageHeader } from "@/components/frame/PageHeader";

export default function HomePage() {
  return <PageHeader title="Home" />;
}
