import { Menu as Base } from "@base-ui/react/menu";
import { Check, type LucideIcon } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { cn } from "./cn";

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactElement<Record<string, unknown>>;
  align?: "start" | "center" | "end";
  side?: "top" | "bottom" | "right";
  /** As wide as its trigger at least. */
  isWide?: boolean;
  /** Open from the moment it appears. */
  isOpenAtFirst?: boolean;
  children: ReactNode;
}

/** Actions or choices behind a button. */
export function Menu({
  trigger,
  align = "start",
  side = "bottom",
  isWide,
  isOpenAtFirst = false,
  children,
}: MenuProps) {
  return (
    <Base.Root defaultOpen={isOpenAtFirst}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} side={side} sideOffset={6} className="z-50 outline-none">
          <Base.Popup
            className={cn(
              "appear appear-scale min-w-48 origin-(--transform-origin) rounded-card border border-line bg-surface p-1 shadow-float outline-none dark:bg-raised",
              "max-h-(--available-height) overflow-y-auto",
              isWide && "w-(--anchor-width)",
            )}
          >
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

const ITEM =
  "flex min-h-8 cursor-pointer select-none items-center gap-2.5 rounded-small px-2.5 py-1.5 outline-none data-highlighted:bg-ink/6 data-disabled:opacity-45";

interface MenuItemProps {
  icon?: LucideIcon;
  onSelect: () => void;
  isDangerous?: boolean;
  isDisabled?: boolean;
  children: ReactNode;
}

/** One action. */
export function MenuItem({
  icon: Icon,
  onSelect,
  isDangerous,
  isDisabled,
  children,
}: MenuItemProps) {
  return (
    <Base.Item
      onClick={onSelect}
      disabled={isDisabled ?? false}
      className={cn(ITEM, isDangerous && "text-bad")}
    >
      {Icon && <Icon aria-hidden className={cn("size-4", !isDangerous && "text-ink-3")} />}
      {children}
    </Base.Item>
  );
}

interface MenuChoiceProps<Value extends string | number> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: ReadonlyArray<{ value: Value; label: ReactNode; icon?: LucideIcon }>;
}

/** One of a list, inside a menu. */
export function MenuChoice<Value extends string | number>({
  label,
  value,
  onChange,
  options,
}: MenuChoiceProps<Value>) {
  return (
    <Base.RadioGroup value={value} onValueChange={(next: Value) => onChange(next)}>
      <Base.Group>
        <Base.GroupLabel className="px-2.5 pt-1.5 pb-1 font-medium text-caption text-ink-3">
          {label}
        </Base.GroupLabel>
        {options.map((option) => (
          <Base.RadioItem key={option.value} value={option.value} closeOnClick className={ITEM}>
            {option.icon && <option.icon aria-hidden className="size-4 shrink-0 text-ink-3" />}
            <span className="min-w-0 flex-1">{option.label}</span>
            <Base.RadioItemIndicator>
              <Check aria-hidden className="size-4 text-accent" />
            </Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.Group>
    </Base.RadioGroup>
  );
}

/** A quiet line between groups. */
export function MenuSeparator() {
  return <Base.Separator className="mx-1 my-1 h-px bg-line" />;
}
