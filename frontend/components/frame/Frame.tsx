import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import {
  ChevronsUpDown,
  Home,
  Image,
  type LucideIcon,
  Menu as MenuIcon,
  Plus,
  Send,
  Settings,
  WifiOff,
} from "lucide-react";
import { lazy, type ReactNode, useEffect, useRef } from "react";
import { useComposer } from "@/components/publish/useComposer";
import { Notice } from "@/components/ui/feedback";
import { MenuOnDemand } from "@/components/ui/MenuOnDemand";
import { libraryTotalsQuery } from "@/lib/api/images";
import { useBusiness, useMayWrite, useSession } from "@/lib/business";
import { formatCount } from "@/lib/format";
import { useIsWide } from "@/lib/useMediaQuery";
import { useOnline } from "@/lib/useOnline";
import { Brand } from "./BrandMark";
import { InsideFrame } from "./insideFrame";
import { PracticeNotice } from "./PracticeNotice";

const loadMenu = () => import("./BusinessMenu");
const BusinessMenu = lazy(loadMenu);

/** Only screens that exist. */
const PLACES = [
  { to: "/dashboard", label: "Home", icon: Home, isExact: true },
  { to: "/dashboard/images", label: "Images", icon: Image, isExact: false },
  { to: "/dashboard/posts", label: "Posts", icon: Send, isExact: false },
] as const;

const SETTINGS = {
  to: "/dashboard/settings",
  label: "Settings",
  icon: Settings,
  isExact: false,
} as const;

interface FrameProps {
  /** What goes on meanwhile: in the rail, or above the bottom bar. */
  works?: ReactNode;
  children: ReactNode;
}

/** The rail on a wide screen, the bottom bar on a narrow one, and the page between them. */
export function Frame({ works, children }: FrameProps) {
  const main = useRef<HTMLElement>(null);
  const isWide = useIsWide();
  const isOnline = useOnline();
  useFocusOnNavigation(main);
  return (
    <div className="md:grid md:min-h-dvh md:grid-cols-[14rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="-translate-y-16 fixed top-2 left-2 z-50 rounded-control bg-ink px-3 py-2 font-medium text-on-ink focus:translate-y-0"
      >
        Skip to the page
      </a>
      <Rail works={isWide && works} />
      <main
        id="main"
        ref={main}
        tabIndex={-1}
        className="min-w-0 pb-[calc(4rem+env(safe-area-inset-bottom))] md:pb-0"
      >
        {!isOnline && (
          <div className="page-padding pt-3" role="status">
            <Notice tone="warn" icon={WifiOff} fact="You are offline.">
              What you wrote is still here. It goes on when the connection is back.
            </Notice>
          </div>
        )}
        <InsideFrame value>{children}</InsideFrame>
      </main>
      {!isWide && (
        <div className="fixed right-3 bottom-[calc(4.25rem+env(safe-area-inset-bottom))] z-20">
          {works}
        </div>
      )}
      <BottomBar />
    </div>
  );
}

/** After a change of page, the keyboard and the screen reader begin at the page, not at the rail. */
function useFocusOnNavigation(main: React.RefObject<HTMLElement | null>) {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const last = useRef(path);
  useEffect(() => {
    if (last.current && path && last.current !== path) main.current?.focus({ preventScroll: true });
    last.current = path;
  }, [path, main]);
}

function Rail({ works }: { works: ReactNode }) {
  const { practice } = useSession();
  const business = useBusiness();
  const totals = useQuery(libraryTotalsQuery(business.id));
  const switcher = (
    <button
      type="button"
      className="flex w-full items-center gap-2 rounded-control border border-line bg-surface py-2 pr-2.5 pl-3 text-left transition-colors duration-150 hover:border-line-strong data-popup-open:border-line-strong motion-reduce:transition-none"
    >
      <span className="min-w-0 flex-1">
        <span className="block truncate font-semibold">{business.name}</span>
        <span className="block truncate text-caption text-ink-3">{business.timezone}</span>
      </span>
      <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-ink-3" />
    </button>
  );
  return (
    <aside className="sticky top-0 hidden h-dvh flex-col border-line border-r p-3 md:flex">
      <Link to="/dashboard" className="mb-3 flex h-11 items-center rounded-control px-2">
        <Brand />
      </Link>
      <MenuOnDemand trigger={switcher} load={loadMenu}>
        <BusinessMenu isWide trigger={switcher} isOpenAtFirst />
      </MenuOnDemand>
      <nav aria-label="Main" className="mt-4 flex flex-col gap-0.5">
        {PLACES.map((place) => (
          <RailLink
            key={place.to}
            {...place}
            count={place.label === "Images" ? totals.data?.images : undefined}
          />
        ))}
      </nav>
      <div className="mt-auto flex flex-col gap-3">
        {works}
        <RailLink {...SETTINGS} />
        <PracticeNotice practice={practice} />
      </div>
    </aside>
  );
}

interface PlaceProps {
  to: (typeof PLACES)[number]["to"] | typeof SETTINGS.to;
  label: string;
  icon: LucideIcon;
  isExact: boolean;
}

function RailLink({
  to,
  label,
  icon: Icon,
  isExact,
  count,
}: PlaceProps & { count?: number | undefined }) {
  return (
    <Link
      to={to}
      activeOptions={{ exact: isExact, includeSearch: false }}
      className="flex h-9 items-center gap-3 rounded-control border border-transparent px-2.5 font-medium text-ink-2 transition-colors duration-150 hover:text-ink aria-[current=page]:border-line aria-[current=page]:bg-surface aria-[current=page]:text-ink motion-reduce:transition-none"
    >
      <Icon aria-hidden className="size-4" strokeWidth={2} />
      <span className="flex-1">{label}</span>
      {count ? (
        <span className="font-normal text-caption text-ink-3 tabular-nums">
          {formatCount(count)}
        </span>
      ) : null}
    </Link>
  );
}

function BottomBar() {
  const composer = useComposer();
  const mayWrite = useMayWrite();
  const [home, images, posts] = PLACES;
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 grid auto-cols-fr grid-flow-col items-center border-line border-t bg-bg pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      <BarLink {...home} />
      <BarLink {...images} />
      {mayWrite && (
        <button
          type="button"
          onClick={() => composer.openNew()}
          className="mx-auto flex h-10 w-14 items-center justify-center rounded-card bg-ink text-on-ink active:bg-ink/80"
        >
          <Plus aria-hidden className="size-5" />
          <span className="sr-only">New post</span>
        </button>
      )}
      <BarLink {...posts} />
      <MenuOnDemand trigger={BAR_MENU_BUTTON} load={loadMenu}>
        <BusinessMenu side="top" align="end" trigger={BAR_MENU_BUTTON} isOpenAtFirst />
      </MenuOnDemand>
    </nav>
  );
}

const BAR_ITEM =
  "flex h-14 flex-col items-center justify-center gap-0.5 text-caption font-medium text-ink-3 aria-[current=page]:text-ink";

const BAR_MENU_BUTTON = (
  <button type="button" className={BAR_ITEM}>
    <MenuIcon aria-hidden className="size-5" strokeWidth={1.75} />
    Menu
  </button>
);

function BarLink({ to, label, icon: Icon, isExact }: PlaceProps) {
  return (
    <Link to={to} activeOptions={{ exact: isExact, includeSearch: false }} className={BAR_ITEM}>
      <Icon aria-hidden className="size-5" strokeWidth={1.75} />
      {label}
    </Link>
  );
}
