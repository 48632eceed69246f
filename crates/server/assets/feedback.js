/* "Was this helpful?" and "Report a problem", under every answer (D6). */

import { element } from "./prose.js";

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/* A new block for an answer that was just given. */
export function feedbackFor(interaction) {
  const block = element("div", { class: "feedback" });
  fill(block, interaction);
  return block;
}

/* The blocks that the server left empty under earlier answers. */
export function fillFeedback(root) {
  for (const block of root.querySelectorAll(".feedback[data-interaction]")) {
    const given = block.dataset.given;
    if (given) thanks(block, given === "yes" ? "You said this was helpful." : "You said this was not helpful.", false);
    else fill(block, block.dataset.interaction);
  }
}

function fill(block, interaction) {
  const question = element("p", {}, "Was this helpful?");
  const yes = element("button", { type: "button", class: "button button-secondary button-small" }, "Yes");
  const no = element("button", { type: "button", class: "button button-secondary button-small" }, "No");
  for (const [button, word] of [[yes, "Yes"], [no, "No"]]) button.setAttribute("aria-label", `${word}, was this helpful?`);
  const report = element("button", { type: "button", class: "feedback-link", "aria-expanded": "false" }, "Report a problem");
  const row = element("div", { class: "feedback-row", role: "group", "aria-label": "Was this helpful?" }, question, yes, no, report);
  const failure = element("p", { class: "field-error", role: "alert" });
  const form = reportForm(interaction, block);
  form.hidden = true;
  block.replaceChildren(row, failure, form);

  const rate = async (helpful) => {
    yes.disabled = no.disabled = true;
    failure.textContent = "";
    const { problem } = await send(interaction, { helpful });
    yes.disabled = no.disabled = false;
    if (problem) failure.textContent = problem;
    else thanks(block, helpful ? "Thank you. You said this was helpful." : "Thank you. You said this was not helpful.", true, interaction);
  };
  yes.addEventListener("click", () => rate(true));
  no.addEventListener("click", () => rate(false));
  report.addEventListener("click", () => toggle(report, form));
}

function toggle(button, form) {
  form.hidden = !form.hidden;
  button.setAttribute("aria-expanded", String(!form.hidden));
  if (!form.hidden) form.querySelector("textarea").focus();
}

function reportForm(interaction, block) {
  const id = `problem-${interaction}`;
  const text = element("textarea", { id, rows: 3, maxlength: 2000, "aria-describedby": `${id}-hint` });
  const failure = element("p", { class: "field-error", role: "alert" });
  const submit = element("button", { type: "submit", class: "button button-small" }, "Send report");
  const cancel = element("button", { type: "button", class: "feedback-link" }, "Cancel");
  const form = element("form", { class: "feedback-form" },
    element("label", { for: id }, "What was wrong with this answer?"),
    element("p", { class: "hint", id: `${id}-hint` }, "Leave out names, account numbers and passwords."),
    failure, text,
    element("div", { class: "problem-actions" }, submit, cancel));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (words === "") {
      failure.textContent = "Say in a few words what was wrong.";
      text.focus();
      return;
    }
    submit.disabled = true;
    failure.textContent = "";
    const { problem, help } = await send(interaction, { helpful: false, problem: words });
    submit.disabled = false;
    const thank = "Thank you. Your report goes to the team that looks after these answers.";
    if (problem) failure.textContent = problem;
    else thanks(block, help ? `${help} ${thank}` : thank, true);
  });
  cancel.addEventListener("click", () => {
    form.hidden = true;
    const opener = block.querySelector("[aria-expanded]");
    opener?.setAttribute("aria-expanded", "false");
    opener?.focus();
  });
  return form;
}

/* Confirms in place and keeps the focus there, so that the next Tab goes on from here. After a rating
   a problem can still be reported. */
function thanks(block, words, focus, interaction) {
  const line = element("p", { class: "feedback-thanks", role: "status", tabindex: -1 }, words);
  block.replaceChildren(line);
  if (interaction) {
    const form = reportForm(interaction, block);
    form.hidden = true;
    const report = element("button", { type: "button", class: "feedback-link", "aria-expanded": "false" }, "Report a problem");
    report.addEventListener("click", () => toggle(report, form));
    block.replaceChildren(element("div", { class: "feedback-row" }, line, report), form);
  }
  if (focus) line.focus();
}

/* `problem` says why it was not taken; `help` is the bank's words for somebody in danger, shown first. */
async function send(interaction, body) {
  try {
    const response = await fetch(`/v1/interactions/${encodeURIComponent(interaction)}/feedback`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf(), "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify(body),
    });
    if (response.status === 401) return { problem: "You are signed out. Sign in again to send it." };
    const said = await response.json().catch(() => ({}));
    if (response.ok) return { help: said.help };
    return { problem: said.detail ?? "That could not be sent. Please try again." };
  } catch {
    return { problem: "There is no connection. Please try again." };
  }
}
