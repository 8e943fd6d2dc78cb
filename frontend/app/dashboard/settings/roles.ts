import type { Role } from "@/lib/api/types";

/** From most to least. */
export const ROLES: ReadonlyArray<{ value: Role; label: string; may: string }> = [
  { value: "owner", label: "Owner", may: "may do everything, also make other owners" },
  { value: "admin", label: "Admin", may: "also manages people, channels and settings" },
  { value: "editor", label: "Editor", may: "adds images, writes and publishes posts" },
  { value: "viewer", label: "Viewer", may: "looks at everything and changes nothing" },
];

/** "Editor" */
export function roleName(role: Role): string {
  return ROLES.find(({ value }) => value === role)?.label ?? role;
}

/** Whether somebody may change the settings of a business. */
export function mayManage(role: Role): boolean {
  return role === "owner" || role === "admin";
}

/** The roles that a key of somebody with this role can have: their own, and those below. */
export function rolesUpTo(own: Role): typeof ROLES {
  return ROLES.slice(ROLES.findIndex(({ value }) => value === own));
}

/** Whether somebody may give, change or take away this role: owners are only for owners. */
export function mayTouch(own: Role, role: Role): boolean {
  return mayManage(own) && (role !== "owner" || own === "owner");
}
