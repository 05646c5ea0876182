// A browser and its pages.

import { serve } from "./server.js";
import { browserPath, puppeteer } from "./places.js";

export const BROWSERS = ["chromium", "firefox"];

const CHROMIUM = {
  browser: "chrome",
  executablePath: () => browserPath("chromium", "chromium-browser", "google-chrome"),
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-component-update"],
};

const FIREFOX = {
  browser: "firefox",
  executablePath: () => browserPath("firefox", "firefox-esr"),
  args: [],
};

/** Has Firefox put downloads into a folder without a question. Chromium is told later. */
const downloadsTo = (folder) => ({
  "browser.download.dir": folder,
  "browser.download.folderList": 2,
  "browser.download.useDownloadDir": true,
  "browser.download.alwaysOpenPanel": false,
});

/**
 * Starts a browser with an empty profile, and the server of its pages. What a page does may take
 * `milliseconds`; what it downloads goes to the folder `downloads`.
 */
export async function start(name, { milliseconds = 120_000, downloads } = {}) {
  const { executablePath, ...options } = name === "firefox" ? FIREFOX : CHROMIUM;
  const server = await serve();
  const browser = await puppeteer.launch({
    ...options,
    executablePath: executablePath(),
    headless: true,
    extraPrefsFirefox: downloads && downloadsTo(downloads),
    protocolTimeout: milliseconds,
  });
  return {
    browser,
    origin: server.origin,
    /** A tab with our page, ready. */
    async open(path = "/") {
      const page = await browser.newPage();
      if (downloads && name === "chromium") {
        const protocol = await page.createCDPSession();
        await protocol.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
      }
      await page.goto(server.origin + path);
      if (["/", "/bare", "/cloud", "/convert", "/imported"].includes(path)) await ready(page);
      return page;
    },
    async stop() {
      await browser.close();
      await server.close();
    },
  };
}

/** Waits until a page or a frame of it has loaded what it needs. */
export async function ready(page) {
  await page.waitForFunction(() => globalThis.modelport !== undefined, { timeout: 60_000 });
}
