import assert from "node:assert/strict";
import { ask, finished, pressUntil, sees, trial } from "./house.mjs";

const CARD = "What does a replacement card cost?";

trial("the disclosure is in sight before anything can be asked", {}, async (page) => {
  await page.goto("/chat/customer");
  const disclosure = await page.locator("#disclosure").boundingBox();
  const question = await page.locator("#question").boundingBox();
  assert.match(await page.locator("#disclosure").innerText(), /automated assistant/i);
  assert.ok(disclosure.y > 0 && disclosure.y + disclosure.height < Math.min(900, question.y));
});

trial("a question is asked, answered and checked in its document with the keyboard alone", {}, async (page) => {
  await page.goto("/chat/customer");
  await pressUntil(page, "Tab", "#question");
  await page.keyboard.type(CARD);
  const answering = page.waitForResponse("**/v1/interactions");
  await pressUntil(page, "Tab", "#send");
  await page.keyboard.press("Enter");
  assert.match((await answering).headers()["content-type"], /^text\/event-stream/);
  const turn = await finished(page);
  assert.match(await turn.locator(".prose").innerText(), /\$10\b.*\[1\]/s);
  await sees(turn.getByText("Confidence:"));
  assert.match(await page.locator("#announcer").innerText(), /\$10/, "a screen reader hears the answer");

  await pressUntil(page, "Shift+Tab", "a.marker[aria-label='Source 1']");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.matches("li.source"));
  const quote = await turn.locator(".source blockquote").first().innerText();
  assert.match(quote, /\$10\b/);
  await pressUntil(page, "Tab", ".source a");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/documents\/customer\/[a-z-]+\?version=\d+#passage-\d+$/);
  const passage = page.locator(".passage:target");
  assert.ok((await passage.innerText()).includes(quote), "the passage holds what was quoted");
  const box = await passage.boundingBox();
  assert.ok(box.y >= 0 && box.y < 800, "the passage is in sight");

  await page.goBack();
  await sees(page.locator("article.turn blockquote").getByText(quote));
});

trial("a helpful answer is said to be helpful, and it is remembered", {}, async (page) => {
  await page.goto("/chat/customer");
  const turn = await ask(page, CARD);
  await turn.getByRole("button", { name: "Yes, was this helpful?" }).click();
  await sees(turn.getByRole("status").getByText("Thank you. You said this was helpful."));
  await page.reload();
  await sees(page.getByText("You said this was helpful."));
});

trial("a problem with an answer is reported", {}, async (page) => {
  await page.goto("/chat/customer");
  await page.getByRole("button", { name: "What is the daily ATM limit?" }).click();
  const turn = await finished(page);
  await turn.getByRole("button", { name: "Report a problem" }).click();
  await turn.getByRole("button", { name: "Send report" }).click();
  await sees(turn.getByText("Say in a few words what was wrong."));
  await turn.getByLabel("What was wrong with this answer?").fill("It leaves out the limit abroad.");
  await turn.getByRole("button", { name: "Send report" }).click();
  await sees(turn.getByText("Your report goes to the team"));
});

trial("a stolen card goes to people, with a ticket that they take and close", {}, async (page) => {
  await page.goto("/chat/customer");
  const turn = await ask(page, "someone stole my card and is using it");
  await sees(turn.locator(".panel-escalated").getByRole("heading", { name: "A person will help" }));
  const number = await turn.locator(".ticket-number a").innerText();
  assert.match(number, /^T-[0-9A-F]{8}$/);
  assert.ok((await turn.locator(".prose").innerText()).includes(number), "the words name the same ticket");

  await page.goto("/tickets");
  await page.getByRole("link", { name: number }).click();
  await sees(page.getByRole("heading", { name: `Ticket ${number}` }));
  await sees(page.getByText("Fraud or security"));
  await page.getByRole("button", { name: "Take this ticket" }).click();
  await sees(page.getByRole("status").getByText("You have taken this ticket."));
  await page.getByRole("button", { name: "Close this ticket" }).click();
  await sees(page.getByRole("status").getByText("This ticket is closed."));
  assert.equal(await page.getByRole("button", { name: /this ticket/ }).count(), 0);
});

trial("the staff assistant answers with a citation", {}, async (page) => {
  await page.goto("/chat/banker");
  const turn = await ask(page, "Which documents does a self-employed home-loan applicant need?");
  assert.match(await turn.locator(".prose").innerText(), /tax returns.*\[1\]/s);
  await sees(turn.locator(".source a"));
});

trial("a conversation goes on where it was left", {}, async (page) => {
  await page.goto("/chat/customer");
  await ask(page, CARD);
  await ask(page, "How do I dispute a card payment?");
  await page.reload();
  assert.equal(await page.locator("article.turn").count(), 2);
  await sees(page.locator(".conversation-list a[aria-current]").getByText(CARD));
});
