import type { ReactElement } from "react";
import { Menu, MenuChoice } from "@/components/ui/Menu";
import type { ImageSort } from "@/lib/api/images";

interface OrderMenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  isOpenAtFirst?: boolean;
  sort: ImageSort;
  options: ReadonlyArray<{ value: ImageSort; label: string }>;
  onChange: (sort: ImageSort) => void;
}

/** In which order the library stands. */
export default function OrderMenu({
  trigger,
  isOpenAtFirst = false,
  sort,
  options,
  onChange,
}: OrderMenuProps) {
  return (
    <Menu align="end" trigger={trigger} isOpenAtFirst={isOpenAtFirst}>
      <MenuChoice label="Order" value={sort} onChange={onChange} options={options} />
    </Menu>
  );
}
