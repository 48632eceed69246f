//! Likely questions of a passage, made from its headings, rows, lists and sentences by rules of
//! English grammar: what people ask is nearer to a question than to the statement that answers it.
//! They find passages and are never quoted.

use crate::text::{Kind, sentences};

/// Questions a passage has at most: each costs an encoding and a vector.
const MOST: usize = 12;
/// A heading or subject of more words is a sentence.
const LONGEST_NAME: usize = 9;
/// A statement of more words makes no question that anybody would ask.
const LONGEST_STATEMENT: usize = 32;

/// The questions that a passage answers, most telling first, each once. `place` is the title of the
/// document and the headings above the passage, outermost first.
#[must_use]
pub fn likely_questions(place: &[&str], text: &str) -> Vec<String> {
    let mut made = Made { questions: Vec::new() };
    let subject = place.first().copied().unwrap_or_default();
    if let Some(heading) = place.iter().skip(1).next_back().or_else(|| place.first()) {
        made.add(of_heading(heading, if place.len() > 1 { subject } else { "" }));
    }
    let mut lead = String::new();
    for span in sentences(text) {
        let sentence = span.of(text).trim();
        match span.kind {
            Kind::Row => of_row(sentence, place).into_iter().for_each(|q| made.add(Some(q))),
            Kind::Item => made.add(of_item(&lead, sentence)),
            _ => {
                lead = sentence.strip_suffix(':').map_or_else(String::new, str::to_owned);
                of_statement(sentence).into_iter().for_each(|q| made.add(Some(q)));
            }
        }
    }
    made.questions
}

struct Made {
    questions: Vec<String>,
}

impl Made {
    fn add(&mut self, question: Option<String>) {
        let Some(question) = question else { return };
        let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.questions.len() < MOST && !self.questions.iter().any(|q| q.eq_ignore_ascii_case(&question)) {
            self.questions.push(question);
        }
    }
}

/// Verbs that a heading of instructions begins with.
const TASKS: &[&str] = &[
    "add", "apply", "activate", "ask", "avoid", "block", "book", "cancel", "change", "check", "choose",
    "claim", "close", "collect", "complain", "confirm", "contact", "convert", "create", "deposit", "dispute",
    "download", "export", "find", "fix", "get", "give", "go", "handle", "hide", "increase", "join", "keep",
    "link", "lock", "lodge", "log", "lower", "make", "manage", "move", "open", "opt", "order", "pay",
    "prepare", "protect", "raise", "read", "receive", "recover", "register", "remove", "renew", "repay",
    "replace", "report", "request", "reset", "resolve", "return", "save", "search", "see", "send", "set",
    "share", "show", "sign", "start", "stop", "submit", "switch", "talk", "tell", "top", "track", "transfer",
    "travel", "turn", "unblock", "unlock", "update", "upload", "use", "verify", "view", "withdraw", "write",
];

/// A heading as the question that it answers.
fn of_heading(heading: &str, subject: &str) -> Option<String> {
    let heading = heading.trim().trim_end_matches([':', '.']);
    let words: Vec<&str> = heading.split_whitespace().collect();
    if words.is_empty() || words.len() > LONGEST_NAME {
        return None;
    }
    if heading.ends_with('?') {
        return Some(mine(heading));
    }
    let first = words[0].to_lowercase();
    let about = if subject.is_empty() { String::new() } else { format!(" ({subject})") };
    if first == "how" && words.get(1).is_some_and(|w| w.eq_ignore_ascii_case("to")) {
        return Some(format!("How do I {}?{about}", mine(&words[2..].join(" "))));
    }
    if ["how", "what", "when", "where", "who", "why", "which", "if"].contains(&first.as_str()) {
        return Some(format!("{}?{about}", mine(heading)));
    }
    if TASKS.contains(&first.as_str()) {
        return Some(format!("How do I {}?{about}", mine(&lower_first(heading))));
    }
    Some(format!("What about {}?{about}", mine(&lower_first(heading))))
}

/// `Send at a branch | Fee: $25 | Time: 2 days`: a question a cell.
fn of_row(row: &str, place: &[&str]) -> Vec<String> {
    let mut cells = row.split(" | ");
    let Some(name) = cells.next().map(str::trim).filter(|n| count(n) <= LONGEST_NAME && !n.is_empty()) else {
        return Vec::new();
    };
    let context = place.last().map_or_else(String::new, |p| format!(" ({p})"));
    let name = lower_first(name);
    cells
        .filter_map(|cell| cell.split_once(": "))
        .map(|(header, value)| {
            let lower = header.to_lowercase();
            let is = |words: &[&str]| words.iter().any(|w| lower.contains(w));
            if is(&["fee", "cost", "charge", "price", "amount"]) && value.contains(['$', '£', '€', '₹'])
            {
                format!("How much does {name} cost?{context}")
            } else if is(&["time", "how long", "days", "duration"]) {
                format!("How long does {name} take?{context}")
            } else if is(&["when", "date", "due"]) {
                format!("When is {name}?{context}")
            } else if is(&["who", "owner", "contact", "responsible"]) {
                format!("Who is responsible for {name}?{context}")
            } else {
                format!("What is the {} for {name}?{context}", lower_first(header))
            }
        })
        .collect()
}

/// An item under "A card is free when:", "You need:", "You can:".
fn of_item(lead: &str, item: &str) -> Option<String> {
    let item = item.trim_start_matches(['-', '*', '•', ' ']).trim_end_matches(['.', ';', ',']);
    if lead.is_empty() || count(item) > LONGEST_STATEMENT / 2 || count(lead) > LONGEST_STATEMENT / 2 {
        return None;
    }
    let lower = lead.to_lowercase();
    if lower.ends_with(" if") || lower.ends_with(" when") || lower.ends_with(" unless") {
        return Some(format!("What if {}?", mine(&lower_first(item))));
    }
    if let Some(rest) = lower.strip_prefix("you can") {
        return Some(format!("Can I{} {}?", mine(rest), mine(&lower_first(item))));
    }
    if lower.starts_with("you need") || lower.contains("bring") || lower.contains("provide") {
        return Some(format!("Do I need {}?", mine(&lower_first(item))));
    }
    None
}

/// Verbs that are turned round with "does" or "do" and keep their object in the question's first word.
const MEASURES: &[(&str, &str, &str)] = &[
    (" costs ", "How much does ", " cost?"),
    (" cost ", "How much do ", " cost?"),
    (" takes ", "How long does ", " take?"),
    (" take ", "How long do ", " take?"),
    (" lasts ", "How long does ", " last?"),
    (" expires ", "When does ", " expire?"),
    (" closes ", "When does ", " close?"),
    (" opens ", "When does ", " open?"),
    (" arrives ", "When does ", " arrive?"),
    (" starts ", "When does ", " start?"),
    (" ends ", "When does ", " end?"),
];

/// What a statement answers.
fn of_statement(sentence: &str) -> Vec<String> {
    let sentence = sentence.trim_end_matches(['.', '!']);
    if count(sentence) > LONGEST_STATEMENT || sentence.ends_with(':') || sentence.ends_with('?') {
        return Vec::new();
    }
    let plain = lower_first(sentence);
    let mut questions = Vec::new();
    if let Some(task) = plain.strip_prefix("to ").and_then(|rest| rest.split_once(", ")).map(|(task, _)| task)
    {
        questions.push(format!("How do I {}?", mine(task)));
    } else if let Some((condition, _)) = plain.strip_prefix("if ").and_then(|rest| rest.split_once(", ")) {
        questions.push(format!("What happens if {}?", mine(condition)));
    } else if let Some(rest) = plain.strip_prefix("you can't ").or_else(|| plain.strip_prefix("you cannot "))
    {
        questions.push(format!("Can I {}?", mine(rest)));
    } else if let Some(rest) = plain.strip_prefix("you can ") {
        questions.push(format!("Can I {}?", mine(rest)));
        questions.push(format!("How do I {}?", mine(rest)));
    } else if let Some(rest) = plain.strip_prefix("you must ").or_else(|| plain.strip_prefix("you need to "))
    {
        questions.push(format!("Do I have to {}?", mine(rest)));
    } else if let Some(rest) = plain.strip_prefix("you need ") {
        questions.push(format!("What do I need: {}?", mine(rest)));
    } else if let Some(rest) = plain.strip_prefix("there is no ") {
        questions.push(format!("Is there a {}?", mine(rest)));
    } else if let Some(measured) = measured(&plain) {
        questions.push(measured);
    } else if let Some((subject, rest)) = turned(&plain, " is ", "Is") {
        questions.push(if rest.contains(|c: char| c.is_ascii_digit()) || rest.contains('%') {
            format!("What is {subject}?")
        } else {
            format!("Is {subject} {rest}?")
        });
    } else if let Some((subject, rest)) = turned(&plain, " are ", "Are") {
        questions.push(format!("Are {subject} {rest}?"));
    } else if let Some((subject, rest)) = turned(&plain, " can ", "Can") {
        questions.push(format!("Can {subject} {rest}?"));
    } else if let Some((subject, rest)) = turned(&plain, " must ", "Must") {
        questions.push(format!("Must {subject} {rest}?"));
    }
    questions
}

fn measured(plain: &str) -> Option<String> {
    let (at, verb, opening, end) = MEASURES
        .iter()
        .filter_map(|(verb, opening, end)| plain.find(verb).map(|at| (at, *verb, *opening, *end)))
        .min_by_key(|(at, ..)| *at)?;
    let subject = &plain[..at];
    let figure = plain[at + verb.len()..].contains(|c: char| c.is_ascii_digit());
    let usable = figure && (1..=LONGEST_NAME).contains(&count(subject));
    usable.then(|| format!("{opening}{}{end}", mine(subject)))
}

/// Subject and rest around the first auxiliary, both from the asker's side.
fn turned(plain: &str, auxiliary: &str, _question: &str) -> Option<(String, String)> {
    let (subject, rest) = plain.split_once(auxiliary)?;
    let usable = (1..=LONGEST_NAME).contains(&count(subject)) && !subject.contains(',');
    usable.then(|| (mine(subject), mine(rest)))
}

/// From the bank's side to the asker's: "your card" becomes "my card".
fn mine(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', '.', ';', ':', '?', ')']);
        let end = &word[bare.len()..];
        let turned = match bare.to_ascii_lowercase().as_str() {
            "you" => "I",
            "your" => "my",
            "yours" => "mine",
            "yourself" => "myself",
            "you're" => "I'm",
            "you'll" => "I'll",
            "you've" => "I've",
            "we" | "us" => "you",
            "our" => "your",
            _ => return word.to_owned(),
        };
        format!("{turned}{end}")
    };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// Lower case where it is no name: a first word of one capital and small letters.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_steps_and_conditions_become_what_people_ask() {
        let made = likely_questions(
            &["Debit cards", "Order a replacement"],
            "A replacement debit card costs $10. It takes 5 days. You can block your card in the app. \
             To unblock it, call us. If your card is stolen, tell us at once.",
        );
        for question in [
            "How do I order a replacement? (Debit cards)",
            "How much does a replacement debit card cost?",
            "Can I block my card in the app?",
            "How do I unblock it?",
            "What happens if my card is stolen?",
        ] {
            assert!(made.iter().any(|m| m == question), "{question} in {made:?}");
        }
    }

    #[test]
    fn rows_ask_for_their_cells_and_items_for_their_lead_in() {
        let rows = likely_questions(
            &["International transfers", "Fees"],
            "Send at a branch | Fee: $25 | Time: 2 business days\nDaily limit | Who: the branch manager",
        );
        for question in [
            "How much does send at a branch cost? (Fees)",
            "How long does send at a branch take? (Fees)",
            "Who is responsible for daily limit? (Fees)",
        ] {
            assert!(rows.iter().any(|m| m == question), "{question} in {rows:?}");
        }
        let items =
            likely_questions(&["Cards"], "A card is free when:\n- the old one is faulty\n- you turn 18");
        assert!(items.iter().any(|m| m == "What if I turn 18?"), "{items:?}");
    }

    #[test]
    fn a_heading_that_asks_is_kept_and_nothing_is_asked_twice_or_without_end() {
        let made = likely_questions(&["Help", "How do you close your account?"], "");
        assert_eq!(made, ["How do I close my account?"]);
        let long = "You can pay. ".repeat(500);
        assert_eq!(likely_questions(&["A"], &long).iter().filter(|q| *q == "Can I pay?").count(), 1);
        let many: String = (0..500).map(|i| format!("Fee {i} costs ${i}. ")).collect();
        assert!(likely_questions(&["A"], &many).len() <= MOST);
        assert!(likely_questions(&[], "").is_empty());
    }
}
