// What this build has: every backend for browsers.

export * from "./pages.js";
