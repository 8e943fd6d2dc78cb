import { PageHeader } from "@/components/frame/PageHeader";

export default function ImagesPage() {
  return <PageHeader title="Images" />;
}
