import { type ReactNode, useState } from "react";
import { Notice } from "@/components/ui/feedback";
import { useChangeBusiness } from "@/lib/api/businesses";
import { useBusiness } from "@/lib/business";
import { mayManage } from "../roles";

/** Something that holds for the whole business, on or off; kept at once. */
export function BusinessSwitch({
  name,
  title,
  className = "",
  children,
}: {
  name: "ai_provider_fallback" | "label_ai_images";
  title: string;
  className?: string;
  children: ReactNode;
}) {
  const business = useBusiness();
  const change = useChangeBusiness(business.id);
  const [isOn, setOn] = useState(business[name]);
  return (
    <div className={`border-line border-t pt-4 ${className}`}>
      <label className="flex items-start gap-2.5">
        <input
          type="checkbox"
          checked={isOn}
          disabled={!mayManage(business.role) || change.isPending}
          onChange={() => {
            setOn(!isOn);
            change.mutate({ [name]: !isOn }, { onError: () => setOn(isOn) });
          }}
          className="mt-0.5 size-4 accent-(--accent)"
        />
        <span>
          <span className="block font-medium">{title}</span>
          <span className="block text-ink-2 text-small">{children}</span>
        </span>
      </label>
      {change.error && (
        <Notice tone="bad" isAlert className="mt-2">
          {change.error.message}
        </Notice>
      )}
    </div>
  );
}
