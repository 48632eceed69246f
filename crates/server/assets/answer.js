/* One turn on the page: the question, the answer as it grows, and what stands under it once it is
   done. The server renders earlier turns with the same classes (`chat.html`, `parts.html`). */

import { element, prose } from "./prose.js";
import { feedbackFor } from "./feedback.js";
import {
  afterStep, categoryName, confidenceOf, day, duration, panelHeading, percent, plain, routingName, ticketNumber, stepNames,
  triggerName,
} from "./words.js";

let turnsMade = 0;

export class Turn {
  #anchor = `live-${++turnsMade}`;
  #text = "";
  #citations = [];
  #drawing = 0;

  constructor(question, rights) {
    this.rights = rights;
    this.progress = element("p", { class: "progress" }, "Checking your message…");
    this.words = element("div", { class: "prose" });
    this.answer = element("div", { class: "answer" }, element("p", { class: "who" }, "Assistant"), this.progress, this.words);
    const asked = element("div", { class: "question" },
      element("h2", { class: "who" }, "You asked"),
      element("p", { class: "question-text" }, question));
    this.node = element("article", { class: "turn", "aria-label": "Question and answer", "aria-busy": "true" }, asked, this.answer);
  }

  step({ step }) {
    this.progress.textContent = afterStep(step);
  }

  token({ text }) {
    this.#text += text;
    // Many tokens come between two frames; they are drawn once.
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  citation(citation) {
    this.#citations.push(citation);
  }

  /* What was shown is withdrawn: a check of the model's output failed, and it begins again. */
  restart() {
    this.#text = "";
    this.#citations = [];
    this.#draw();
    this.progress.textContent = "That draft was withdrawn. Writing it again…";
  }

  /* Back to the state before the first event, for a retry. */
  reset() {
    this.restart();
    this.progress.textContent = "Trying again…";
    this.answer.className = "answer";
    this.answer.replaceChildren(this.answer.firstChild, this.progress, this.words);
    this.node.setAttribute("aria-busy", "true");
  }

  /* Shows the record and returns the words for the screen reader. */
  done(record) {
    this.#text = record.answer ?? this.#text;
    this.#citations = record.citations ?? this.#citations;
    this.node.id = `turn-${record.id}`;
    this.#anchor = record.id;
    this.node.setAttribute("aria-busy", "false");
    this.progress.remove();
    const heading = panelHeading(record.outcome, this.rights.people);
    // What is told of an escalation begins with why, in a paragraph of its own: the panel shows it in bold.
    const told = record.outcome === "escalated" ? this.#text.split("\n\n") : [];
    const said = told.length > 1 ? told[0] : "";
    if (said) this.#text = this.#text.slice(said.length);
    this.#draw();
    if (heading) {
      this.answer.classList.add("panel", `panel-${record.outcome}`);
      const reason = said ? element("p", { class: "panel-reason" }, said) : null;
      this.words.before(...[element("h3", { class: "panel-title" }, heading), reason].filter(Boolean));
    }
    const sure = record.outcome === "resolved" ? confidenceOf(record.confidence) : null;
    this.answer.append(...[
      this.#citations.some((c) => c.content_type === "synthetic") ? syntheticNote() : null,
      heading && record.ticket ? ticketLine(record.ticket, this.rights) : null,
      sure ? confidence(sure) : null,
      this.#citations.length > 0 ? sources(this.#citations, this.#anchor) : null,
      why(record, this.rights),
      ["resolved", "guided", "escalated"].includes(record.outcome) ? feedbackFor(record.id) : null,
    ].filter(Boolean));
    const parts = [heading, said, this.words.innerText, sure ? `Confidence ${sure.word}.` : null];
    return parts.filter(Boolean).join(" ");
  }

  /* A problem in place of the answer, with what can be done about it. */
  problem(title, detail, actions, requestId) {
    this.node.setAttribute("aria-busy", "false");
    this.progress.remove();
    this.#text = "";
    this.#draw();
    this.answer.classList.add("panel", "panel-failed");
    const reference = requestId ? element("p", { class: "hint" }, "Request ", element("code", {}, requestId)) : null;
    const row = element("div", { class: "problem-actions" }, ...actions);
    this.answer.append(...[element("h3", { class: "panel-title" }, title), element("p", {}, detail), reference, row].filter(Boolean));
  }

  #draw() {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    // While the answer grows, a marker that is not yet whole stays back.
    const whole = this.node.getAttribute("aria-busy") === "true" ? this.#text.replace(/\[\d{0,2}$/, "") : this.#text;
    this.words.replaceChildren(...prose(whole, this.#anchor));
  }
}

const syntheticNote = () =>
  element("p", { class: "hint" }, "Part of this answer comes from an illustrative example, not from the bank’s terms.");

function ticketLine(ticket, rights) {
  const number = ticketNumber(ticket);
  const shown = rights.tickets ? element("a", { href: `/tickets/${ticket}` }, number) : element("strong", {}, number);
  return element("p", { class: "ticket-number" }, "Reference ", shown);
}

function confidence({ word, kind, number, percent: width }) {
  const svg = "http://www.w3.org/2000/svg";
  const meter = document.createElementNS(svg, "svg");
  for (const [name, value] of [["class", "meter"], ["width", 96], ["height", 8], ["aria-hidden", "true"]]) {
    meter.setAttribute(name, value);
  }
  for (const [kindOf, length] of [["meter-track", "96"], ["meter-fill", `${width}%`]]) {
    const bar = document.createElementNS(svg, "rect");
    for (const [name, value] of [["class", kindOf], ["width", length], ["height", 8], ["rx", 4]]) bar.setAttribute(name, value);
    meter.append(bar);
  }
  const words = element("span", { class: "confidence-words" }, "Confidence: ", element("strong", {}, word), ` (${number})`);
  return element("div", { class: `confidence confidence-${kind}` }, words, meter);
}

function sources(citations, anchor) {
  const items = citations.map((c) => {
    // The slug comes from the server, but a link is built from its parts all the same.
    const path = String(c.document).split("/").map(encodeURIComponent).join("/");
    const link = element("a", { href: `/documents/${path}?version=${Number(c.version)}#passage-${Number(c.passage)}` }, c.title);
    const badge = c.content_type === "synthetic" ? element("span", { class: "badge badge-note" }, "Illustrative example") : null;
    const asAt = c.as_at ? element("span", { class: "muted" }, `as at ${day(c.as_at)}`) : null;
    const head = element("p", { class: "source-head" },
      element("span", { class: "source-number", "aria-hidden": "true" }, String(c.number)), link, asAt, badge);
    const headings = (c.headings ?? []).join(" › ");
    return element("li", { class: "source", id: `${anchor}-source-${c.number}`, value: c.number, tabindex: -1 },
      head,
      headings ? element("p", { class: "source-path" }, headings) : null,
      element("blockquote", {}, c.quote));
  });
  return element("section", { class: "sources", "aria-label": "Sources" },
    element("h3", { class: "sources-title" }, "Sources"),
    element("ol", { class: "source-list" }, ...items));
}

function why(record, rights) {
  const fact = (name, value) => (value ? element("div", {}, element("dt", {}, name), element("dd", {}, value)) : null);
  const facts = element("dl", { class: "facts" },
    fact("Intent", `${plain(record.intent)} (${categoryName(record.category)})`),
    fact("Probability", percent(record.intent_probability)),
    fact("Why this intent", record.classification_reason),
    fact("Sent", routingName(record.routing)),
    fact("Ended so because", record.reason),
    fact("Passages found", String(record.retrieved_passages ?? "–")),
    fact("Written by", record.model),
    fact("Personal data", record.pii_detected ? "Found and masked before anything was kept" : null));
  const rules = (record.triggers ?? []).map((hit) => element("li", {},
    `${triggerName(hit.trigger)} `,
    element("span", { class: "muted" }, "(", element("code", {}, hit.rule), `, score ${Number(hit.score).toFixed(2)})`)));
  const rows = (record.steps ?? []).map((s) => element("tr", {},
    element("th", { scope: "row" }, stepNames[s.step] ?? plain(s.step)),
    element("td", {}, plain(s.outcome)),
    element("td", {}, s.detail ?? ""),
    element("td", { class: "number" }, duration(s.ms))));
  const head = ["Step", "Decided", "Why"].map((name) => element("th", { scope: "col" }, name));
  const trace = element("table", { class: "table table-compact" },
    element("caption", {}, `What each step decided, ${duration(record.processing_time_ms)} in all`),
    element("thead", {}, element("tr", {}, ...head, element("th", { scope: "col", class: "number" }, "Time"))),
    element("tbody", {}, ...rows));
  return element("details", { class: "why" },
    element("summary", {}, "Why this answer"),
    facts,
    ...(rules.length > 0 ? [element("h3", {}, "Rules that fired"), element("ul", { class: "rules" }, ...rules)] : []),
    element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Steps" }, trace),
    rights.records ? element("p", {}, element("a", { href: `/interactions/${record.id}` }, "Open the whole record")) : null);
}
