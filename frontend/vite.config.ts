import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Where `npm run dev` finds the API; the built page is served by the API itself. */
const backend = process.env.BACKEND_URL ?? "http://127.0.0.1:8000";

/** Writes each text file of the build a second and a third time, packed: the server only has to choose. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    async writeBundle({ dir = "" }) {
      const assets = join(dir, "assets");
      const texts = (await readdir(assets)).filter((name) => /\.(js|css|svg)$/.test(name));
      await Promise.all(
        texts.map(async (name) => {
          const text = await readFile(join(assets, name));
          // Smaller ones fit into a packet anyway.
          if (text.length < 1024) return;
          await writeFile(join(assets, `${name}.br`), await promisify(brotliCompress)(text));
          await writeFile(join(assets, `${name}.gz`), await promisify(gzip)(text, { level: 9 }));
        }),
      );
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), packed()],
  resolve: { alias: { "@": root.replace(/\/$/, "") } },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": { target: backend, changeOrigin: false },
      "/practice": { target: backend, changeOrigin: false },
      "/files": { target: backend, changeOrigin: false },
    },
  },
  build: {
    outDir: "dist",
    // The content policy allows files of this origin only, so nothing is folded into data: addresses.
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  test: {
    environment: "jsdom",
    include: ["**/*.test.{ts,tsx}"],
    exclude: ["node_modules/**", "dist/**"],
    setupFiles: ["./testing/setup.ts"],
    restoreMocks: true,
    // A context of its own for each file as with the other pools, and jsdom is loaded once a thread, not once a file.
    pool: "vmThreads",
    testTimeout: 20_000,
  },
});
