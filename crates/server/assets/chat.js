/* The chat page: takes the question, follows the answer, keeps the page usable when something is in
   the way. Without this script the form posts and the server renders the turn. */

import { readEvents } from "./events.js";
import { Turn } from "./answer.js";
import { element } from "./prose.js";
import { fillFeedback } from "./feedback.js";

const LONGEST = 2000;
/* Well past the server's own deadline of 30 s: only a dead connection gets there. */
const LONGEST_WAIT_MS = 90_000;

const chat = document.getElementById("chat");
const turns = document.getElementById("turns");
const composer = document.getElementById("composer");
const input = document.getElementById("question");
const send = document.getElementById("send");
const count = document.getElementById("question-count");
const wrong = document.getElementById("question-error");
const announcer = document.getElementById("announcer");

const rights = {
  people: chat.dataset.people === "yes",
  records: chat.dataset.records === "yes",
  tickets: chat.dataset.tickets === "yes",
};
let conversation = chat.dataset.conversation || null;
let busy = false;

/* Unicode code points, as the server counts them. */
const lengthOf = (text) => [...text].length;

function showCount() {
  const left = LONGEST - lengthOf(input.value);
  count.textContent = left === LONGEST ? "Up to 2,000 characters"
    : `${Math.abs(left).toLocaleString("en")} ${Math.abs(left) === 1 ? "character" : "characters"} ${left < 0 ? "too many" : "left"}`;
  count.classList.toggle("over", left < 0);
}

function complain(words) {
  wrong.textContent = words;
  input.toggleAttribute("aria-invalid", false);
  if (words) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}

function setBusy(now) {
  busy = now;
  send.disabled = now;
  send.textContent = now ? "Answering…" : "Ask";
}

/* What to say about a response that is no answer. */
async function explain(response) {
  const problem = await response.json().catch(() => ({}));
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const soon = Number.isFinite(wait) ? `Please wait ${wait === 1 ? "1 second" : `${wait} seconds`} and try again.` : "Please wait a little and try again.";
  switch (response.status) {
    case 401:
      return { title: "You are signed out", detail: "Sign in again, then ask your question once more.", signIn: true, id: problem.request_id };
    case 403:
      return { title: "Not allowed", detail: problem.detail ?? "Your role does not allow this.", id: problem.request_id };
    case 429:
      return { title: "Too many questions at once", detail: problem.help ? `${problem.help} ${soon}` : soon, retry: true, wait, id: problem.request_id };
    case 400: case 413: case 415: case 422:
      return { title: problem.title ?? "That question can’t be sent", detail: problem.detail ?? "Please change it and try again.", edit: true, id: problem.request_id };
    default:
      return { title: problem.title ?? "Something went wrong", detail: problem.detail ?? "The question was not answered. Please try again.", retry: true, answered: true, id: problem.request_id };
  }
}

/* One question from the click to the end. `sent` is {question, body, key}: when the connection broke,
   the same body goes out again under the same key, so that a question that did arrive is not asked
   twice. */
async function ask(sent, turn) {
  setBusy(true);
  announcer.textContent = "Working on your answer.";
  let trouble;
  try {
    const response = await fetch("/v1/interactions", {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "Accept": "text/event-stream",
        "Content-Type": "application/json",
        "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]')?.content ?? "",
        "Idempotency-Key": sent.key,
      },
      body: sent.body,
      signal: AbortSignal.timeout(LONGEST_WAIT_MS),
    });
    trouble = response.ok ? await follow(response, turn) : await explain(response);
  } catch {
    trouble = {
      title: navigator.onLine ? "The connection was lost" : "You are offline",
      detail: navigator.onLine
        ? "The answer did not arrive. Trying again does not ask twice."
        : "Check your connection, then try again. Your question is kept.",
      retry: true,
    };
  }
  setBusy(false);
  if (trouble) offerWayOut(trouble, sent, turn);
}

/* Follows the stream; undefined when it ended with the record. */
async function follow(response, turn) {
  if (!(response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
    finish(await response.json(), turn);
    return undefined;
  }
  for await (const { name, data } of readEvents(response.body)) {
    if (name === "disclosure") document.getElementById("disclosure").textContent = data.text;
    else if (name === "step") turn.step(data);
    else if (name === "token") turn.token(data);
    else if (name === "citation") turn.citation(data);
    else if (name === "restart") turn.restart();
    else if (name === "done") {
      finish(data, turn);
      return undefined;
    } else if (name === "error") {
      return { title: data.title ?? "Something went wrong", detail: data.detail ?? "The question was not answered.", retry: true, answered: true, id: data.request_id };
    }
  }
  return { title: "The answer broke off", detail: "The connection ended early. Trying again does not ask twice.", retry: true };
}

function finish(record, turn) {
  announcer.textContent = turn.done(record);
  if (record.conversation && record.conversation !== conversation) {
    conversation = record.conversation;
    composer.elements.namedItem("conversation").value = conversation;
    // A reload shows the same conversation.
    history.replaceState(null, "", `${location.pathname}?conversation=${encodeURIComponent(conversation)}`);
  }
  reveal(turn);
}

function offerWayOut({ title, detail, retry, wait, signIn, edit, answered, id }, sent, turn) {
  const actions = [];
  if (retry) {
    const again = element("button", { type: "button", class: "button button-small" }, "Try again");
    again.addEventListener("click", () => {
      if (busy) return;
      turn.reset();
      input.focus();
      // The server would repeat its stored failure under the old key.
      ask(answered ? { ...sent, key: crypto.randomUUID() } : sent, turn);
    });
    if (wait > 0) {
      again.disabled = true;
      setTimeout(() => { again.disabled = false; }, Math.min(wait, 3600) * 1000);
    }
    actions.push(again);
  }
  if (signIn) {
    const next = encodeURIComponent(location.pathname + location.search);
    actions.push(element("a", { class: "button button-small", href: `/signin?next=${next}` }, "Sign in"));
  }
  if (edit) {
    const back = element("button", { type: "button", class: "button button-secondary button-small" }, "Change the question");
    back.addEventListener("click", () => {
      turn.node.remove();
      input.value = sent.question;
      showCount();
      input.focus();
    });
    actions.push(back);
  }
  turn.problem(title, detail, actions, id);
  announcer.textContent = `${title}. ${detail}`;
  reveal(turn);
}

/* Brings a turn's beginning into view; a long answer is read from its start. */
function reveal(turn) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  turn.node.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}

function submit(text) {
  const question = text.trim();
  if (busy) return;
  if (question === "") return complain("Enter a question.");
  if (lengthOf(question) > LONGEST) return complain("Shorten the question to 2,000 characters.");
  complain("");
  document.getElementById("welcome")?.remove();
  const turn = new Turn(question, rights);
  turns.append(turn.node);
  input.value = "";
  showCount();
  reveal(turn);
  const body = JSON.stringify({ mode: chat.dataset.mode, question, ...(conversation ? { conversation } : {}) });
  ask({ question, body, key: crypto.randomUUID() }, turn);
}

composer.noValidate = true;
// The server counts code points where maxlength counts UTF-16 units, and cutting a paste silently
// would lose its end: the counter tells instead.
input.removeAttribute("maxlength");
input.addEventListener("input", () => {
  showCount();
  if (wrong.textContent) complain("");
});
input.addEventListener("keydown", (event) => {
  // While an input method composes a word, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit(input.value);
});
composer.addEventListener("submit", (event) => {
  event.preventDefault();
  submit(input.value);
});
document.querySelector(".suggestions")?.addEventListener("submit", (event) => {
  event.preventDefault();
  submit(event.submitter?.value ?? "");
  input.focus();
});
// A marker's target takes the focus, so that a screen reader reads the source.
turns.addEventListener("click", (event) => {
  const marker = event.target.closest("a.marker");
  if (marker) requestAnimationFrame(() => document.getElementById(marker.hash.slice(1))?.focus());
});

fillFeedback(turns);
showCount();
if (turns.lastElementChild) turns.lastElementChild.scrollIntoView({ block: "start" });
