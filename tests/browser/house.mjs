/* What every test needs: the browser, a signed-in page, a watch over the console, a question asked. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { chromium } from "playwright-core";

export const base = process.env.CONTACTIQ_URL;
export const signInLink = process.env.CONTACTIQ_SIGN_IN;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
  ],
});
after(() => browser.close());

/* The cookies of the session, once the first test has signed in: the link works a single time. */
let session;
export const keepSession = async (context) => {
  session = await context.storageState();
};

/* A test with a page of its own. It fails too when the console shows an error, when the content
   security policy refuses something or when a dialog opens. `options` are Playwright's for a context,
   and: `stranger` for a page that is not signed in, `expects` for a console error that belongs to
   the test. */
export function trial(name, options, body) {
  const { stranger = false, expects, ...forContext } = options;
  test(name, { timeout: 120_000 }, async () => {
    const context = await browser.newContext({
      baseURL: base,
      viewport: { width: 1280, height: 900 },
      reducedMotion: "reduce",
      storageState: stranger ? undefined : session,
      ...forContext,
    });
    context.setDefaultTimeout(10_000);
    const seen = [];
    await watch(context, seen);
    try {
      await body(await context.newPage(), context);
    } finally {
      await context.close();
    }
    assert.deepEqual(seen.filter((line) => !expects?.test(line)), [], "the console is clean and no dialog opens");
  });
}

async function watch(context, seen) {
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`refused by the content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  context.on("page", (page) => {
    page.on("pageerror", (error) => seen.push(`${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) seen.push(`${page.url()}: ${message.text()}`);
    });
    page.on("dialog", (dialog) => {
      seen.push(`${page.url()}: a dialog says ${dialog.message()}`);
      dialog.dismiss();
    });
  });
}

/* Asks in the open chat and returns the turn, finished. */
export async function ask(page, question) {
  await page.fill("#question", question);
  await page.press("#question", "Enter");
  return finished(page);
}

/* The last turn, once it is no longer busy. */
export async function finished(page) {
  const turn = page.locator("article.turn").last();
  await turn.and(page.locator("[aria-busy=false]")).waitFor();
  return turn;
}

/* Presses a key until the focus is on an element that matches. */
export async function pressUntil(page, key, selector) {
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press(key);
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  assert.fail(`${key} never reaches ${selector}`);
}

export async function sees(locator) {
  await locator.first().waitFor({ state: "visible" });
}

export const noSidewaysScrolling = async (page) => {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${page.url()} is ${wide} pixels too wide`);
};
