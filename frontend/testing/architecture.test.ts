import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const FOLDERS = ["app", "components", "lib"];

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|css)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

it("colours are named in styles/tokens.css and nowhere else", () => {
  const found = FOLDERS.flatMap(filesBelow).flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => /["'[(]#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch)a?\(/i.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
