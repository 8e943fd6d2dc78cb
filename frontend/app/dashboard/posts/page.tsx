import { PageHeader } from "@/components/frame/PageHeader";

export default function PostsPage() {
  return <PageHeader title="Posts" />;
}
