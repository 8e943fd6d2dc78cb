/** Every zone this browser knows, and UTC. */
export function knownTimezones(): string[] {
  const zones = Intl.supportedValuesOf("timeZone");
  return zones.includes("UTC") ? zones : ["UTC", ...zones];
}

/** The zone of this device; UTC where the browser hides it. */
export function guessTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** "Europe/Berlin" → "Berlin, Europe": the place comes first, for people who look for their city. */
export function timezoneLabel(zone: string): string {
  const [region, ...place] = zone.replaceAll("_", " ").split("/");
  return place.length ? `${place.reverse().join(", ")}, ${region}` : zone;
}
