//! Personal data inside a document that comes in: whatever the bank publishes may be quoted to anybody.

use contactiq_domain::Passage;
use contactiq_guard::{Guard, GuardSettings, PersonalType, Published, Raw};

/// A passage with what looks like a customer's data. What it is stands nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    /// Number of the passage in its document.
    pub position: u32,
    /// The kinds that were recognised there, each once.
    pub kinds: Vec<PersonalType>,
}

/// What a bank publishes of itself: numbers to call, places, names of its people, codes of its branches.
const OF_THE_BANK: &[PersonalType] = &[
    PersonalType::Person,
    PersonalType::Phone,
    PersonalType::Email,
    PersonalType::Address,
    PersonalType::BankRouting,
    PersonalType::IpAddress,
];

/// The passages in which the rules of the guard recognise data of a kind that belongs to a customer alone. What was
/// learned of how customers write has no part in it.
#[must_use]
pub fn personal(title: &str, passages: &[Passage<Published>]) -> Vec<Personal> {
    let settings =
        GuardSettings { learned: None, injection: false, moderation: false, ..GuardSettings::default() };
    let guard = Guard::new(settings);
    let found = passages.iter().map(|passage| {
        let above = std::iter::once(title).chain(passage.headings.iter().map(String::as_str));
        // What a number is may stand above it. A passage is never as long as what a scan refuses.
        let whole: Vec<&str> = above.chain([passage.text.as_str()]).collect();
        let spans = guard.scan(&Raw::new(whole.join("\n"))).map_or_else(|_| Vec::new(), |scan| scan.spans);
        let mut kinds: Vec<PersonalType> =
            spans.into_iter().map(|span| span.kind).filter(|kind| !OF_THE_BANK.contains(kind)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Personal { position: passage.position, kinds }
    });
    found.filter(|found| !found.kinds.is_empty()).collect()
}
