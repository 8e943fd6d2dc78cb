import { useNavigate } from "@tanstack/react-router";
import { LogOut, Monitor, Moon, Plus, Settings, Sun } from "lucide-react";
import { lazy, type ReactElement, Suspense, useState } from "react";
import { Menu, MenuChoice, MenuItem, MenuSeparator } from "@/components/ui/Menu";
import { toast } from "@/components/ui/Toast";
import { useSignOut } from "@/lib/api/session";
import { chooseBusiness, useBusiness, useSession } from "@/lib/business";
import { setTheme, useTheme } from "@/lib/theme";

const NewBusinessDialog = lazy(() => import("./NewBusinessDialog"));

interface BusinessMenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  side?: "top" | "bottom";
  align?: "start" | "end";
  isWide?: boolean;
  isOpenAtFirst?: boolean;
}

/** Which business, or another one; which theme, and the way out. */
export default function BusinessMenu({
  trigger,
  side,
  align,
  isWide,
  isOpenAtFirst,
}: BusinessMenuProps) {
  const { user, businesses } = useSession();
  const business = useBusiness();
  const theme = useTheme();
  const signOut = useSignOut();
  const navigate = useNavigate();
  const [isMaking, setMaking] = useState(false);

  const leave = () =>
    signOut.mutate(undefined, {
      // A new page, so that nothing of this person stays in its memory.
      onSuccess: () => window.location.assign("/sign-in"),
      onError: (error) =>
        toast({ tone: "bad", title: "You are still signed in", description: error.message }),
    });

  return (
    <>
      <Menu
        trigger={trigger}
        {...(side && { side })}
        {...(align && { align })}
        isWide={isWide ?? false}
        isOpenAtFirst={isOpenAtFirst ?? false}
      >
        <MenuChoice
          label={businesses.length > 1 ? "Businesses" : "Business"}
          value={business.id}
          onChange={chooseBusiness}
          options={businesses.map(({ id, name, timezone }) => ({
            value: id,
            label: (
              <>
                <span className="block truncate font-medium">{name}</span>
                <span className="block truncate text-caption text-ink-3">{timezone}</span>
              </>
            ),
          }))}
        />
        <MenuItem icon={Plus} onSelect={() => setMaking(true)}>
          New business…
        </MenuItem>
        <MenuSeparator />
        <MenuChoice
          label="Theme"
          value={theme}
          onChange={setTheme}
          options={[
            { value: "system", label: "Like the system", icon: Monitor },
            { value: "light", label: "Light", icon: Sun },
            { value: "dark", label: "Dark", icon: Moon },
          ]}
        />
        <MenuSeparator />
        <p className="truncate px-2.5 pt-1.5 pb-1 text-caption text-ink-3">{user.email}</p>
        <MenuItem icon={Settings} onSelect={() => navigate({ to: "/dashboard/settings" })}>
          Settings
        </MenuItem>
        <MenuItem icon={LogOut} onSelect={leave}>
          Sign out
        </MenuItem>
      </Menu>
      {isMaking && (
        <Suspense fallback={null}>
          <NewBusinessDialog onClose={() => setMaking(false)} />
        </Suspense>
      )}
    </>
  );
}
