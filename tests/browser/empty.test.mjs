/* Before the first question. */

import { sees, trial } from "./house.mjs";

trial("an empty dashboard says how to fill it", {}, async (page) => {
  await page.goto("/dashboard");
  await sees(page.getByRole("heading", { name: "No interactions in this period" }));
  await sees(page.getByText("contactiq demo traffic"));
});

trial("without tickets the list says when one appears", {}, async (page) => {
  await page.goto("/tickets");
  await sees(page.getByText("A ticket appears as soon as"));
});
