import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Where `npm run dev` finds the API; the built page is served by the API itself. */
const backend = process.env.BACKEND_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), tailwindcss()],
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
