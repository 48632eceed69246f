/* The pages behind the chat, after the questions of the other tests. */

import assert from "node:assert/strict";
import { sees, trial } from "./house.mjs";

trial("the dashboard counts what was asked", {}, async (page) => {
  await page.goto("/dashboard");
  await page.getByLabel("Include demo traffic").uncheck();
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await page.getByText("Demo data included.").count(), 0);
  const figure = async (name) => {
    const tile = page.locator(".tile", { has: page.getByText(name, { exact: true }) });
    return Number.parseFloat(await tile.locator(".tile-value").innerText());
  };
  for (const name of ["Conversations", "Interactions", "Containment rate", "Escalation rate", "Average confidence", "Helpful"]) {
    assert.ok((await figure(name)) > 0, `${name} is ${await figure(name)}`);
  }
  const trend = page.locator(".chart-wide");
  await trend.getByText("Show the numbers").click();
  assert.equal(await trend.locator("tbody tr").count(), 31, "every day of 30 days has its row");
});

trial("the dashboard's filter asks for one assistant and one week", {}, async (page) => {
  await page.goto("/dashboard");
  await page.getByLabel("Assistant").selectOption("banker");
  await page.getByLabel("Period").selectOption("7d");
  await page.getByRole("button", { name: "Show" }).click();
  assert.match(page.url(), /mode=banker&period=7d&demo=1$/);
  await sees(page.locator(".tile").getByText("Interactions", { exact: true }));
});

trial("the documents are listed, and one can be read", {}, async (page) => {
  await page.goto("/documents");
  assert.ok((await page.locator("#customer tbody tr").count()) >= 40);
  assert.ok((await page.locator("#banker tbody tr").count()) >= 30);
  await page.getByRole("link", { name: "Replace a debit or credit card" }).click();
  await sees(page.getByRole("heading", { level: 1, name: "Replace a debit or credit card" }));
  await sees(page.getByText("A replacement debit card costs $10."));
});

trial("the whole record of an answer can be read", {}, async (page) => {
  await page.goto("/chat/customer");
  await page.locator(".conversation-list a").first().click();
  await page.getByText("Why this answer").last().click();
  await page.getByRole("link", { name: "Open the whole record" }).last().click();
  await sees(page.getByRole("heading", { level: 1, name: "Interaction" }));
  await sees(page.getByRole("heading", { name: "How it was decided" }));
});

trial("an address that is nowhere gets a page that leads back", { expects: /status of 404/ }, async (page) => {
  await page.goto("/nowhere");
  await sees(page.getByRole("heading", { name: "Page not found" }));
  await page.getByRole("link", { name: "Go to the start page" }).click();
  await sees(page.locator("#disclosure"));
});

trial("styles and scripts are asked for again and not sent again", {}, async (page, context) => {
  const first = await context.request.get("/assets/base.css");
  assert.equal(first.headers()["cache-control"], "no-cache");
  const again = await context.request.get("/assets/base.css", { headers: { "If-None-Match": first.headers().etag } });
  assert.equal(again.status(), 304);
});
