import { defineConfig } from "vitest/config";

const SERVER = "http://127.0.0.1:8000";

export default defineConfig(({ command }) => ({
  // Django serves what is built under its static address; the development server stands at the root.
  base: command === "build" ? "/static/" : "/",
  build: { manifest: true, target: "es2022" },
  server: { proxy: { "/api": SERVER, "/login": SERVER, "/logout": SERVER, "/static": SERVER } },
  test: { include: ["src/**/*.test.ts"] },
}));
