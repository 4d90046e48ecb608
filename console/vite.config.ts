import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The built files go into the Python package, which serves them under /console/.
export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "../src/zhiyu/server/console",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    target: "es2022",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { "/v1": process.env.ZHIYU_URL ?? "http://127.0.0.1:8420" } },
  test: { include: ["src/**/*.test.ts"] },
});
