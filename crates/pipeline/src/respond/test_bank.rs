//! A small bank for the tests of this step, written for them.

use contactiq_domain::{Mode, Role, ids::CountingIds, ids::DocumentId};
use time::macros::date;

use crate::{Filter, Found, Knowledge, Means, Sought, retrieve};

const CARDS: &str = "# Cards and their fees

| Feature | Basic | Silver | Travel |
|---|---|---|---|
| Annual fee | $30 | $80 | $150 |
| Purchase rate | 11.5% | 17.25% | 19% |
| Cash advance fee | $3 | $3 | $3 |
| Travel insurance | No | No | Yes |

The Silver card has an annual fee of $80. The annual fee on the Travel card is $150. There is no over-limit fee on any card.

## Replacement

A replacement card costs $12. It arrives in 4 business days. An urgent replacement card costs $25 and arrives the next day.

## Card limits

The daily ATM limit is $1,500. The ATM limit can be changed in the app. Tap payments up to $100 need no PIN.
";

const ACCOUNTS: &str = "# Everyday accounts

## Fees

The Plain Account has a monthly fee of $6. The monthly fee on the Plain Account is waived if at least $1,500 is deposited in the month. The Youth Account has no monthly fee. Closing an account is free. A paper statement costs $2.50.

## Savings

The Bonus Saver pays 3.75% a year. The minimum monthly deposit for the bonus is $50. A term deposit is held for at least 3 months. Breaking a term deposit costs $40.

## Opening

Opening an account takes 2 business days. You must be aged 14 or over. Branches open at 9:30 am and close at 4 pm on weekdays.
";

const PAYMENTS: &str = "# Payments

## Sending abroad

An international transfer costs $18 in the app and takes 3 business days. A recall of an international transfer costs $35. Receiving money from abroad is free.

## Limits

The daily transfer limit is $5,000. The limit can be raised to $25,000 by phone.

## Disputes

A dispute must be lodged within 90 days. We answer a dispute within 30 days. Lodging a dispute is free.
";

const OLD: &str = "---
valid_until: 2025-06-30
---
# Old savings

The Bonus Saver pays 5.5% a year.
";

const STAFF: &str = "# Loans for staff

| Loan | Establishment fee | Longest term |
|---|---|---|
| Home loan | $600 | 30 years |
| Car loan | $250 | 7 years |
| Bridging loan | $900 | 1 year |

A late fee of $20 applies to every loan. Hand form LN-3 to the Loan Desk.
";

/// Its knowledge, without vectors.
pub(crate) fn knowledge() -> Knowledge {
    knowledge_of(&[
        ("cards", "customer", CARDS),
        ("accounts", "customer", ACCOUNTS),
        ("payments", "customer", PAYMENTS),
        ("old-savings", "customer", OLD),
        ("loans", "banker", STAFF),
    ])
}

/// The knowledge of a bank with these documents: slug, collection and Markdown of each.
pub(crate) fn knowledge_of(files: &[(&str, &str, &str)]) -> Knowledge {
    let ids = CountingIds::default();
    let documents = files.iter().map(|(slug, collection, text)| {
        let collection = collection.parse().ok();
        let draft = contactiq_ingest::parse(&format!("{slug}.md"), text.as_bytes(), collection).unwrap();
        let (document, passages) = draft.into_document(DocumentId::new(&ids));
        (document.with_text(()), passages)
    });
    Knowledge::build("test".to_owned(), documents.collect(), &[], &Means::default(), &|_, _| {}).unwrap()
}

/// What is found for a question.
pub(crate) fn found(knowledge: &Knowledge, mode: Mode, question: &str) -> Vec<Found> {
    let filter = Filter {
        collections: mode.collections(),
        role: Role::Admin,
        day: date!(2026 - 11 - 24),
        product: None,
    };
    let sought = Sought { text: question, vector: None, k: retrieve::PASSAGES };
    retrieve::search(knowledge, &filter, &sought)
}
