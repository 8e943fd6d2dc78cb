import { Tag } from "lucide-react";
import type { ReactElement } from "react";
import { Menu, MenuItem } from "@/components/ui/Menu";
import type { TagList } from "@/lib/api/types";
import { formatCount } from "@/lib/format";

interface TagMenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  isOpenAtFirst?: boolean;
  tags: TagList["tags"];
  onChoose: (tag: string) => void;
}

/** As many as can be looked through; the search finds the others. */
const SHOWN = 60;

/** The tags of the library, most used first. */
export default function TagMenu({ trigger, isOpenAtFirst = false, tags, onChoose }: TagMenuProps) {
  return (
    <Menu align="end" trigger={trigger} isOpenAtFirst={isOpenAtFirst}>
      {tags.slice(0, SHOWN).map(({ tag, count }) => (
        <MenuItem key={tag} icon={Tag} onSelect={() => onChoose(tag)}>
          <span className="min-w-0 max-w-56 flex-1 truncate">{tag}</span>
          <span className="text-caption text-ink-3 tabular-nums">{formatCount(count)}</span>
        </MenuItem>
      ))}
    </Menu>
  );
}
