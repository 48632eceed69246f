/* The house's stable words as people read them; the pages' `wording.rs` says the same. */

export const stepNames = {
  guard: "Check the message",
  understand: "Understand the question",
  route: "Choose the way",
  retrieve: "Search the documents",
  respond: "Write the answer",
  score: "Judge confidence",
  escalate: "Decide on a hand-over",
  record: "Record",
};

/* Shown while the step after the named one runs. */
const underWay = {
  guard: "Understanding your question…",
  understand: "Choosing where to look…",
  route: "Searching the documents…",
  retrieve: "Writing the answer…",
  respond: "Checking how sure the answer is…",
  score: "Checking whether a person should help…",
};

export const afterStep = (step) => underWay[step] ?? "Nearly done…";

const triggers = {
  security_fraud: "Fraud or security",
  emotional_distress: "Someone in distress",
  legal_hardship: "Hardship or legal matter",
  explicit_human_request: "Asked for a person",
  financial_advice: "Financial advice",
  account_specific: "About a particular account",
  human_only: "Topic kept for staff",
  repeated_misunderstanding: "Not understood twice",
  conflicting_evidence: "Documents disagree",
  insufficient_evidence: "Not in the documents",
  low_confidence: "Not sure enough",
};

const categories = {
  automatable: "may be answered from documents",
  sensitive: "general how-to only",
  human_only: "people only",
};

const routings = {
  escalate: "To a person",
  answer: "To the documents",
  guide: "To guidance",
  refuse: "Refused at the door",
};

const panels = {
  blocked: "This message was not accepted",
  failed: "Something went wrong",
  interrupted: "This answer was not finished",
};

export const triggerName = (trigger) => triggers[trigger] ?? plain(trigger);
export const categoryName = (category) => categories[category] ?? plain(category);
export const routingName = (routing) => routings[routing] ?? plain(routing);

/* No heading promises a person whom the bank's configuration does not provide. */
export function panelHeading(outcome, peopleAvailable) {
  if (outcome === "escalated") {
    return peopleAvailable ? "A person will help" : "This assistant can’t settle this";
  }
  return panels[outcome] ?? null;
}

/* The same bounds as `turn.rs`. */
export function confidenceOf(value) {
  const number = Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
  const [word, kind] = number >= 0.85 ? ["High", "high"] : number >= 0.68 ? ["Medium", "medium"] : ["Low", "low"];
  return { word, kind, number: number.toFixed(2), percent: Math.round(number * 100) };
}

/* `2026-10-01` is `1 October 2026`. */
export function day(iso) {
  const date = new Date(`${iso}T00:00:00Z`);
  const shape = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return Number.isNaN(date.getTime()) ? iso : date.toLocaleDateString("en-GB", shape);
}

export const percent = (share) => (Number.isFinite(share) ? `${Math.round(share * 100)}%` : "–");

export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/* `card_dispute_process` is `Card dispute process`. */
export function plain(name) {
  const spaced = String(name ?? "").replace(/[_-]/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/* As the person was told it: the last eight characters, because the beginning of a UUIDv7 is the time,
   which neighbours share. */
export const ticketNumber = (id) => `T-${String(id ?? "").slice(-8).toUpperCase()}`;

export const counted = (n, one, many) => `${n} ${n === 1 ? one : many}`;
