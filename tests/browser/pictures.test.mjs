/* The pictures of the documentation. They are kept only with SCREENSHOTS=1, but always taken, so that
   what they need is known to work. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ask, sees, trial } from "./house.mjs";

async function picture(page, name) {
  await page.evaluate(() => document.activeElement.blur());
  const path = join(process.env.CONTACTIQ_PICTURES, `${name}.png`);
  await page.screenshot({ path, animations: "disabled" });
  assert.ok((await stat(path)).size < 300_000, `${name}.png is below 300 KB`);
}

trial("picture: an answer with its sources", { colorScheme: "light" }, async (page) => {
  for (const earlier of ["How do I dispute a card payment?", "What do I need to open an account?"]) {
    await page.goto("/chat/customer");
    await ask(page, earlier);
  }
  await page.goto("/chat/customer");
  const turn = await ask(page, "What is the daily ATM limit?");
  await sees(turn.locator(".source"));
  await picture(page, "chat-1280-light");
});

trial("picture: a hand-over on a phone", { colorScheme: "dark", viewport: { width: 360, height: 780 } }, async (page) => {
  await page.goto("/chat/customer");
  const turn = await ask(page, "someone stole my card and is using it");
  await sees(turn.locator(".panel-escalated"));
  await picture(page, "chat-360-dark");
});

trial("picture: the dashboard after the demo's traffic", { colorScheme: "light" }, async (page) => {
  // A second process on the same data folder, as a person would run it beside the server.
  const { stdout } = await promisify(execFile)(process.env.CONTACTIQ_BIN, ["demo", "traffic"], { timeout: 60_000 });
  assert.match(stdout, /questions played and marked as demo/);
  await page.goto("/dashboard");
  await sees(page.getByText("Demo data included."));
  await picture(page, "dashboard-1280-light");
});
