import assert from "node:assert/strict";
import { keepSession, sees, signInLink, trial } from "./house.mjs";

trial("whoever is not signed in is asked to, and a wrong code is refused", { stranger: true, expects: /status of 401/ }, async (page) => {
  await page.goto("/dashboard");
  assert.match(page.url(), /\/signin\?next=\/dashboard$/);
  await page.getByLabel("Sign-in code").fill("not-the-code");
  await page.getByRole("button", { name: "Sign in" }).click();
  await sees(page.getByRole("alert").getByText("That code is not right"));
});

trial("the printed link signs in, once", { stranger: true, expects: /status of 401/ }, async (page, context) => {
  await page.goto(signInLink);
  await sees(page.getByRole("heading", { level: 1, name: "Customer assistant" }));
  assert.ok(!page.url().includes("code="), "the code does not stay in the address");
  const [cookie] = await context.cookies();
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict");
  await keepSession(context);
  await page.goto(signInLink);
  await sees(page.getByRole("alert").getByText("used before"));
});
