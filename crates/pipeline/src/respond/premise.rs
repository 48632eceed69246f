//! A question that rests on something: "Why is the fee $200?", "Since the account has no fee, …". What
//! it takes for granted is held against the passages; where they say otherwise, they are the answer.
//!
//! An amount of the person's own ("I want to send $5,000") takes nothing for granted. In doubt the
//! question rests on nothing, and is answered like any other.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::{
    figure::{Figure, figures},
    grounding::{contradicts, topics},
    statement::{Statement, statements},
};
use crate::turn::Asked;

/// A statement speaks of the same thing when it holds this share of the premise's words, weighted.
const SAME_THING: f64 = 0.75;
/// A statement with the very figure stands for a premise in other words from this share on.
const SOMETHING: f64 = 0.3;
/// A statement that is this much farther from the premise speaks of something else.
const CLOSE: f64 = 0.06;

/// What a question takes for granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Premise {
    /// The words that state it.
    pub(super) said: String,
    /// Its figures; none where it affirms or denies.
    pub(super) figures: Vec<Figure>,
    /// Whether it is stated as something known ("the $35 inactivity fee") rather than heard or guessed: then
    /// the question can't be answered where no document knows it.
    pub(super) named: bool,
}

/// What the passages say of a premise.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// There is none, or nothing speaks against it.
    Stands,
    /// Statements that say otherwise, the best first: passage in `Asked::found`, sentence in it.
    Corrected(Vec<(usize, usize)>),
    /// It states a figure for something of which the passages say none.
    Unfounded,
}

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
    Regex::new(source).expect("a constant pattern")
}

/// What opens a clause that is taken for granted; the clause follows.
static OPENERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?:^|[,;:.!?-]\s*|\b(?:and|but|so|hi|hello|hey|also|that)[\s,]+)",
        r"(?:(?P<why>why|how come)\b",
        r"|(?P<since>since|because|given that|given|seeing that|seeing as|now that|considering)\b",
        r"|as (?P<as>you|the|there|it|your|all|both|every|this|closing|opening)\b",
        r"|(?P<heard>(?:(?:i|we)\s+(?:have |has |had |just |once |always |also )?(?:read|heard|saw|seen|thought|believe|believed|understand|understood|assumed?|was told|were told|been told|got told)|(?:he|she|they|someone|somebody|my \w+|a (?:friend|colleague|mate|customer|client)|the (?:customer|client|site|website|app|page|branch|ad|leaflet|brochure)|your (?:site|website|app|page|ad|leaflet|brochure))\s+(?:have |has |had |just |once |always |also )?(?:read|heard|saw|thought|believes?|was told|says?|said|told me|claims?|claimed|assumes?|advertises?))(?: somewhere| online| that| me)*)\b",
        r"|(?P<confirm>(?:is it|it is|it's) (?:true|correct|right)(?: that)?|(?:can|could) you (?:please )?confirm(?: that)?|please confirm(?: that)?|am i right(?: that| in thinking(?: that)?)?)\b)",
    ))
});

/// "…, right?": what stands before it is taken for granted.
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?P<said>.*?),?\s+(?:right|correct|yes|isn't it|aren't there|is it not|doesn't it|don't you|is that (?:right|correct|true))\s*\?+$",
    )
});

/// A figure as it is written.
const FIGURE: &str = r"(?:[$£€¥₹]\s?\d[\d,]*(?:\.\d+)?k?|\d[\d,]*(?:\.\d+)?(?:\s?%|\s?(?:am|pm)\b|[\s-](?:per ?cent|dollars?|bucks|(?:business |working |calendar )?(?:minutes?|hours?|days?|weeks?|months?|years?))\b)?)";

static A_FIGURE: LazyLock<Regex> = LazyLock::new(|| pattern(FIGURE));

/// "the $200 annual fee", "your 10-day wait".
static DEFINITE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:the|that|this|your|those)\s+(?P<said>{FIGURE}\s+(?:[a-z-]+\s+){{0,3}}?(?:fees?|charges?|rates?|limits?|cost|costs|price|penalty|bonus|minimum|maximum|cap|period|wait|deadline|notice|term)\b(?:\s+(?:for|on|of|to|at|with|when)\s+(?:[a-z-]+\s*){{1,5}})?)"
    ))
});

/// What a span of time before it measures, and is no name.
const WAITS: &[&str] = &["wait", "deadline", "notice", "delay", "limit", "fee", "charge"];

/// Somebody's own doing: the figure is theirs.
static OWN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:i|we|i'm|we're|i've|we've|i'll|he|she|he's|she's|they|customer|client|member|my \w+|our \w+)\s+(?:\w+\s+){0,4}?",
        r"(?:want|wants|wanted|need|needs|send|sending|sent|transfer\w*|deposit\w*|withdr\w+|spend|spends|spent|borrow\w*|pay|paying|paid|earn\w*|owe\w*|move|moving|moved|buy|buying|bought|have|has|had|save|saved|saving|put|putting|invest\w*|lost|got|get|gets|receive\w*|cash\w*|make|making|made|hold\w*|keep\w*|plan\w*|try|trying|tried|live|lived|work|worked|waited|wait|waiting|opened|closed|ordered|booked|lodged|am|turn|turned|was|were|been)\b",
        r"|^(?:i|we|he|she|they)(?:'m|'re|'ve|'ll|'d|'s)?\s",
    ))
});

/// What happened to somebody is for a person to look up, not for the documents to correct.
static HAPPENED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:was|were|am|is|are|did|has|have|had|can|can't|cannot|couldn't|could|do|don't|does|doesn't) (?:i|my|he|she|his|her|our|their)\b|\b(?:me|my|mine)\b|\bi (?:can't|cannot|couldn't)\b",
    )
});

/// What a question takes for granted, if anything.
pub(super) fn of(question: &str) -> Option<Premise> {
    let lower = question.to_lowercase().replace('’', "'");
    let lower = MUST.replace_all(&lower, "must");
    let lower = lower.trim();
    for opener in OPENERS.captures_iter(lower) {
        let whole = opener.get(0)?;
        let from = opener.name("as").map_or(whole.end(), |subject| subject.start());
        let why = opener.name("why").is_some();
        let said = clause(&lower[from..], why);
        let told = opener.name("heard").is_some() || opener.name("confirm").is_some();
        if let Some(premise) = premise(said, why, told) {
            return Some(Premise { named: opener.name("heard").is_none(), ..premise });
        }
    }
    if let Some(premise) =
        TAG.captures(lower).and_then(|c| premise(last_clause(c.name("said")?.as_str()), false, true))
    {
        return Some(premise);
    }
    let definite = DEFINITE.captures(lower)?;
    let said = definite.name("said")?;
    let after = lower[said.end()..].trim_start();
    let span = !said.as_str().contains(['$', '£', '€', '¥', '₹', '%']);
    // "the 12-month term" is the name of a product.
    let named = span && !WAITS.iter().any(|wait| said.as_str().contains(wait));
    let theirs = ["i ", "he ", "she ", "they ", "that was", "from my", "on my"]
        .iter()
        .any(|own| after.starts_with(own));
    let figures = figures(said.as_str());
    (!theirs && !named && !figures.is_empty()).then(|| Premise {
        said: without_figures(said.as_str()),
        figures,
        named: true,
    })
}

/// A duty is the bank's rule, not somebody's doing.
static MUST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:have|has|had|need|needs|got|'ve got) to\b|\b(?:am|are|is) (?:required|supposed) to\b")
});

/// The clause at the beginning of this text.
fn clause(text: &str, to_the_end: bool) -> &str {
    // A comma between digits is part of a figure.
    let end = text.char_indices().find(|(at, c)| {
        let next = text[at + c.len_utf8()..].chars().next();
        let inside = matches!(c, ',' | '.') && next.is_some_and(|n| n.is_ascii_digit());
        !inside && (matches!(c, '?' | '!' | ';' | '.') || (*c == ',' && !to_the_end))
    });
    text[..end.map_or(text.len(), |(at, _)| at)].trim()
}

fn last_clause(text: &str) -> &str {
    text.rsplit(['?', '!', ';']).next().unwrap_or(text).trim()
}

fn premise(said: &str, why: bool, told: bool) -> Option<Premise> {
    let figures = figures(said);
    // "why was I charged $15", "since I have $5,000"; but "I heard I must pay $15".
    let own = OWN.is_match(said) || HAPPENED.is_match(said);
    if own && !(told && said.contains("must ")) {
        return None;
    }
    if figures.is_empty() {
        // A bare "why do you …" may ask after anything; only what the bank charges, has or allows is held
        // against the documents.
        let states = STATES.is_match(said);
        return (states || (told && !why)).then(|| Premise { said: said.to_owned(), figures, named: false });
    }
    Some(Premise { said: without_figures(said), figures, named: false })
}

/// What a bank affirms or denies of its products.
static STATES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:fees?|charges?|charged|free|costs?|waived|interest|limit|limits|minimum|insurance|insured|included|covered|allowed|available|required|optional|accepted|cashback|bonus|refundable)\b",
    )
});

fn without_figures(said: &str) -> String {
    A_FIGURE.replace_all(said, " ").into_owned()
}

/// Holds a premise against the passages.
pub(super) fn check(premise: &Premise, asked: &Asked<'_>) -> Verdict {
    let index = &asked.knowledge.index;
    let stems: BTreeSet<String> =
        topics(&premise.said).into_iter().filter(|s| !FILLERS.contains(&s.as_str())).collect();
    if stems.is_empty() {
        return Verdict::Stands;
    }
    let total: f64 = stems.iter().map(|s| index.weight_of(s)).sum::<f64>().max(1e-9);
    let all = statements(asked);
    let near =
        |s: &Statement| stems.iter().filter(|w| s.holds(w)).map(|w| index.weight_of(w)).sum::<f64>() / total;
    let mut ranked: Vec<(f64, &Statement)> = all.iter().map(|s| (near(s), s)).collect();
    // Of two that are as near, the sentence is said better than the cell.
    ranked.sort_by(|a, b| {
        b.0.total_cmp(&a.0).then(a.1.is_cell.cmp(&b.1.is_cell)).then(a.1.place().cmp(&b.1.place()))
    });
    if premise.figures.is_empty() { affirmed(premise, &ranked) } else { figured(premise, &ranked) }
}

/// Words of a premise that say nothing of what it speaks of.
const FILLERS: &[&str] = &[
    "actual", "bank", "come", "current", "everi", "long", "now", "onli", "realli", "say", "still", "suppos",
    "take", "today",
];

fn figured(premise: &Premise, ranked: &[(f64, &Statement)]) -> Verdict {
    let kinds: BTreeSet<&str> = premise.figures.iter().map(kind).collect();
    let stated: Vec<&(f64, &Statement)> =
        ranked.iter().filter(|(_, s)| s.figures.iter().any(|f| kinds.contains(kind(f)))).collect();
    let carries =
        |s: &Statement| premise.figures.iter().any(|claim| s.figures.iter().any(|f| f.is_the_same(claim)));
    let known = || ranked.iter().any(|(near, s)| *near >= SOMETHING && carries(s));
    let Some((nearest, _)) = stated.first().filter(|(nearest, _)| *nearest >= SAME_THING) else {
        // What was only heard is answered by what the documents do say.
        return if known() || !premise.named { Verdict::Stands } else { Verdict::Unfounded };
    };
    let close: Vec<&Statement> =
        stated.iter().filter(|(near, _)| *near >= nearest - CLOSE).map(|(_, s)| *s).collect();
    if close.iter().any(|s| carries(s)) {
        return Verdict::Stands;
    }
    Verdict::Corrected(places(close.into_iter()))
}

fn affirmed(premise: &Premise, ranked: &[(f64, &Statement)]) -> Verdict {
    let conditional = CONDITION.is_match(&premise.said);
    // A cell with "none" denies only where no other cell speaks of the thing as well: of the columns one is meant.
    let other_cell =
        ranked.iter().filter(|(_, s)| s.is_cell && !s.denies).map(|(near, _)| *near).fold(0.0, f64::max);
    let counts = |near: f64, s: &Statement| !s.is_cell || (s.denies && near > other_cell + CLOSE);
    let same: Vec<&Statement> =
        ranked.iter().filter(|(near, s)| *near >= SAME_THING && counts(*near, s)).map(|(_, s)| *s).collect();
    let plain: Vec<&str> = same
        .iter()
        .map(|s| s.text.as_str())
        .filter(|text| conditional || !CONDITION.is_match(&text.to_lowercase()))
        .collect();
    if !contradicts(&premise.said, &plain) {
        return Verdict::Stands;
    }
    let others = same.iter().filter(|s| contradicts(&premise.said, &[s.text.as_str()]));
    Verdict::Corrected(places(others.copied()))
}

/// What holds under a condition neither affirms nor denies what is said without one.
static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:if|unless|when|until|provided|as long as|except|in the first|for the first|first year)\b")
});

fn places<'a>(statements: impl Iterator<Item = &'a Statement>) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for place in statements.map(Statement::place) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.truncate(2);
    places
}

/// Figures of one kind answer one question: 48 hours and 2 days are both a time.
fn kind(figure: &Figure) -> &str {
    match figure.unit.dimension() {
        Some("second" | "minute" | "hour" | "day" | "week" | "fortnight" | "month" | "year") => "span",
        Some(dimension) => dimension,
        None => "number",
    }
}

#[cfg(test)]
mod tests;
