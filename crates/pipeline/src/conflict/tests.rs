use contactiq_domain::{
    ContentType, Timestamp,
    ids::{CountingIds, DocumentId},
};
use contactiq_store::rulings::{Side, Verdict};
use time::macros::date;

use super::*;

/// A document with one passage a pair of heading and text.
struct Page {
    slug: &'static str,
    title: &'static str,
    parts: Vec<(&'static str, &'static str)>,
}

fn page(slug: &'static str, title: &'static str, text: &'static str) -> Page {
    Page { slug, title, parts: vec![("", text)] }
}

fn bank(pages: &[Page]) -> Numbered {
    let ids = CountingIds::default();
    let each = |page: &Page| {
        let document = Document {
            id: DocumentId::new(&ids),
            slug: page.slug.into(),
            collection: Collection::Customer,
            title: page.title.into(),
            url: String::new(),
            content_type: ContentType::Public,
            product: String::new(),
            owner: String::new(),
            role: None,
            valid_from: None,
            valid_until: None,
            version: 1,
            content_hash: String::new(),
            text: (),
        };
        let passages = (0..)
            .zip(&page.parts)
            .map(|(position, (heading, text))| Passage {
                position,
                headings: Some(*heading).filter(|h| !h.is_empty()).map(str::to_owned).into_iter().collect(),
                text: Published::by_bank(*text),
            })
            .collect();
        (document, passages)
    };
    numbered(pages.iter().map(each).collect())
}

fn of(pages: &[Page]) -> Vec<Conflict> {
    let (documents, passages) = bank(pages);
    find(&documents, &passages, &[])
}

/// Whether two documents with these titles and texts contradict each other.
fn conflict(one: (&'static str, &'static str), other: (&'static str, &'static str)) -> bool {
    let found = of(&[page("one", one.0, one.1), page("other", other.0, other.1)]);
    assert!(found.len() < 2, "{found:?}");
    !found.is_empty()
}

#[test]
fn two_figures_for_one_thing_are_a_conflict_in_sentences_rows_and_across() {
    for (one, other) in [
        (("Lost cards", "A replacement card costs $10."), ("Travel", "A replacement card costs $15.")),
        (
            ("Statements", "A printed statement copy from a branch costs $5."),
            ("Tax papers and statements", "A printed statement copy ordered from a branch costs $7.50."),
        ),
        (
            (
                "Handling of captured cards",
                "A captured card is kept for 5 business days before it is destroyed.",
            ),
            ("Cash machines", "A captured card is kept for 10 days before it is destroyed."),
        ),
        (
            ("Fees and charges", "Replacement card | Fee: $10 | Delivery: 5 business days"),
            ("Lost cards", "Replacement card | Fee: $12 | Delivery: 5 business days"),
        ),
        (
            ("Fees and charges", "Replacement card | Amount: $10"),
            ("Lost cards", "The price of a replacement card is $15."),
        ),
        (
            ("Fees and charges", "Replacement card | Amount: $10 | Delivery: 5 business days"),
            ("Lost cards", "A replacement card arrives within 7 business days."),
        ),
        (
            ("Term deposits", "6 months | Rate: 4.10%\n12 months | Rate: 4.30%"),
            ("Term deposit rates", "6 months | Rate: 4.10%\n12 months | Rate: 4.50%"),
        ),
        (
            ("Compare accounts", "Classic account | Monthly fee: $5 | Free withdrawals: 5"),
            ("Classic account", "The monthly fee is $4."),
        ),
        (
            ("Cash", "Withdrawal at a branch | Daily limit: $2,000"),
            ("Branches", "Withdrawal at a branch | Daily limit: 3000 dollars"),
        ),
        // What costs nothing claims a figure too.
        (("Lost cards", "A replacement card is free of charge."), ("Fees", "A replacement card costs $5.")),
        (("Lost cards", "There is no fee for a replacement card."), ("Fees", "Replacement card | Fee: £5")),
        (("Lost cards", "Replacement card | Fee: free"), ("Fees", "A replacement card costs $5.")),
        (
            ("Saver", "There is no monthly fee for the saver account."),
            ("Fees", "The monthly fee for the saver account is $4."),
        ),
    ] {
        assert!(conflict(one, other), "{one:?} {other:?}");
        assert!(conflict(other, one), "{other:?} {one:?}");
    }
}

#[test]
fn different_things_are_no_conflict() {
    for (one, other) in [
        // The same figure, written otherwise.
        (("Lost cards", "A replacement card costs $10."), ("Fees", "Replacement card | Fee: 10.00 dollars")),
        (("Lost cards", "A replacement card is free of charge."), ("Fees", "Replacement card | Fee: $0.00")),
        (("Lost cards", "There is no fee for a replacement card."), ("Fees", "Replacement card | Fee: nil")),
        // Free for some, or at times, or another thing.
        (
            ("Lost cards", "A replacement card is free for students."),
            ("Fees", "A replacement card costs $5."),
        ),
        (
            ("Lost cards", "A replacement card is free if we made a mistake."),
            ("Fees", "A replacement card costs $5."),
        ),
        (("Lost cards", "The first replacement card is free."), ("Fees", "A replacement card costs $5.")),
        (
            ("Accounts", "You cannot withdraw early without a charge."),
            ("Fees", "Withdrawing early costs $20."),
        ),
        (("Accounts", "You are free to close your account."), ("Fees", "Closing your account costs $10.")),
        (
            ("Lost cards", "A replacement debit card is no longer free of charge."),
            ("Fees", "A replacement debit card costs $5."),
        ),
        (("Lost cards", "A replacement card is not free."), ("Fees", "A replacement card costs $5.")),
        (("Lost cards", "A free replacement card is on its way."), ("Fees", "A replacement card costs $5.")),
        // Products that each fill in the same form.
        (("Classic account", "The monthly fee is $5."), ("Gold account", "The monthly fee is $10.")),
        (("Classic account", "Monthly fee | Amount: $5"), ("Gold account", "Monthly fee | Amount: $10")),
        (
            (
                "Classic account",
                "The account has a monthly fee of $5, waived if you deposit $2,000 each month.",
            ),
            (
                "Gold account",
                "The account has a monthly fee of $10, waived if you deposit $5,000 each month.",
            ),
        ),
        (
            ("Credit cards", "The card has an annual fee of $99."),
            ("Gold credit card", "The card has an annual fee of $150."),
        ),
        (("Car loans", "Early repayment | Fee: $150"), ("Personal loans", "Early repayment | Fee: $175")),
        // One speaks of fewer things than the other.
        (
            ("Transfers", "The fee for a transfer by phone is $5."),
            ("Transfers", "The fee for an international transfer by phone is $25."),
        ),
        (
            ("Branches", "A large withdrawal needs 1 day of notice."),
            ("Cash", "A large withdrawal for a business needs 3 days of notice."),
        ),
        (
            ("Authority", "A branch manager may waive up to $200."),
            ("Waivers", "A regional manager may waive up to $500."),
        ),
        // Other columns, rows and terms.
        (("Fees", "Replacement card | Fee: $10"), ("Limits", "Replacement card | Daily limit: $500")),
        (("Term deposits", "6 months | Rate: 4.10%"), ("Term deposit rates", "12 months | Rate: 4.30%")),
        (
            ("Term deposits", "6 months | Rate: 4.10%"),
            ("Term deposit rates", "A term deposit pays a rate of 4.30%."),
        ),
        // A sentence of two cases.
        (
            ("Fees", "Bank cheque | Basic account: $10 | Gold account: $0"),
            ("Cheques", "A bank cheque costs $10 and is free for holders of a gold account."),
        ),
        (
            ("Compare accounts", "Overseas ATM fee | Basic account: $5 | Gold account: $0"),
            ("Travel", "The $5 overseas ATM fee is waived on the gold account."),
        ),
        // Both may be true.
        (
            ("Cards", "A replacement card takes at least 2 days."),
            ("Lost cards", "A replacement card takes at most 5 days."),
        ),
        // Other times.
        (
            ("Rates 2024", "The savings account pays 4% interest."),
            ("Rates 2026", "The savings account pays 5% interest."),
        ),
        (
            ("Savings", "As at July 2025 the savings account pays 4% interest."),
            ("Rates", "As at July 2026 the savings account pays 5% interest."),
        ),
        // Made up to show something.
        (
            ("Lost cards", "A replacement card costs $10."),
            ("Example of a bill", "A replacement card costs $12."),
        ),
        (
            ("Lost cards", "A replacement card costs $10."),
            ("Travel", "For example, a replacement card costs $12."),
        ),
    ] {
        assert!(!conflict(one, other), "{one:?} {other:?}");
        assert!(!conflict(other, one), "{other:?} {one:?}");
    }
}

#[test]
fn sections_of_one_document_each_have_figures_of_their_own() {
    let one = |parts: Vec<(&'static str, &'static str)>| {
        of(&[Page { slug: "cards", title: "Debit cards", parts }]).len()
    };
    assert_eq!(
        one(vec![("Costs", "A replacement card costs $10."), ("Costs", "A replacement card costs $12.")]),
        1
    );
    for parts in [
        vec![("Under 18", "The daily limit is $200."), ("Over 18", "The daily limit is $1,000.")],
        vec![("Tier 1", "The monthly fee is $5."), ("Tier 2", "The monthly fee is $10.")],
        vec![
            ("Fees", "An international transfer costs $20."),
            ("Premium", "An international transfer costs $10."),
        ],
        vec![("Fees", "Cards | Service: New | Fee: $5"), ("Fees", "Cards | Service: Express | Fee: $20")],
    ] {
        assert_eq!(one(parts.clone()), 0, "{parts:?}");
    }
}

#[test]
fn front_matter_keeps_documents_apart() {
    let pages = || {
        bank(&[
            page("a", "Lost cards", "A replacement card costs $10."),
            page("b", "Travel", "A replacement card costs $15."),
        ])
    };
    let found = |change: &dyn Fn(&mut [Document<()>])| {
        let (mut documents, passages) = pages();
        change(&mut documents);
        find(&documents, &passages, &[]).len()
    };
    assert_eq!(found(&|_| ()), 1);
    assert_eq!(found(&|d| d[1].collection = Collection::Banker), 1, "staff read both");
    assert_eq!(found(&|d| d[1].content_type = ContentType::Synthetic), 0);
    assert_eq!(found(&|d| (d[0].product, d[1].product) = ("debit-card".into(), "credit-card".into())), 0);
    assert_eq!(found(&|d| (d[0].product, d[1].product) = ("debit-card".into(), "general".into())), 1);
    assert_eq!(
        found(&|d| (d[0].valid_until, d[1].valid_from) =
            (Some(date!(2026 - 01 - 31)), Some(date!(2026 - 02 - 01)))),
        0
    );
    assert_eq!(
        found(&|d| (d[0].valid_until, d[1].valid_from) =
            (Some(date!(2026 - 02 - 01)), Some(date!(2026 - 02 - 01)))),
        1
    );
}

#[test]
fn an_id_is_of_the_two_sentences_and_of_nothing_else() {
    let lost = || page("lost", "Lost cards", "A replacement card costs $10.");
    let travel = || page("travel", "Travel", "A replacement card costs $15.");
    let id = |pages: &[Page]| of(pages).first().map(|c| c.id.clone()).unwrap();
    let plain = id(&[lost(), travel()]);
    assert_eq!((plain.len(), plain.chars().all(|c| c.is_ascii_hexdigit())), (16, true));
    let more = Page {
        parts: vec![("Hello", "Welcome."), ("Costs", "A replacement card costs $15. It is blue.")],
        ..travel()
    };
    assert_eq!(id(&[page("x", "Cheques", "A cheque costs $3."), more, lost()]), plain);
    assert_ne!(id(&[lost(), page("travel", "Travel", "A replacement card costs $16.")]), plain);
    assert_ne!(id(&[lost(), page("trips", "Travel", "A replacement card costs $15.")]), plain);
    let shown = &of(&[travel(), lost()])[0];
    assert_eq!(
        (&*shown.one.figures, &*shown.other.figures),
        (&["$10".to_owned()][..], &["$15".to_owned()][..])
    );
}

fn ruling(conflict: &Conflict, verdict: Verdict) -> Ruling {
    let side =
        |document: &str, place: &Place| Side { document: document.into(), sentence: place.sentence.clone() };
    Ruling {
        conflict: conflict.id.clone(),
        collection: Collection::Customer,
        one: side("lost", &conflict.one),
        other: side("travel", &conflict.other),
        verdict,
        note: None,
        by: "fees desk".into(),
        at: Timestamp::from_micros(0),
    }
}

#[test]
fn what_is_ruled_against_is_gone_while_both_sentences_stand() {
    let pages = |price: &'static str| {
        [
            page("lost", "Lost cards", price),
            Page {
                parts: vec![
                    (
                        "Abroad",
                        "Tell us first.\n- Take two cards.\nA replacement card costs $15. It is blue.",
                    ),
                    ("Costs", "A replacement card costs $15."),
                ],
                ..page("travel", "Travel", "")
            },
        ]
    };
    let (documents, passages) = bank(&pages("A replacement card costs $10."));
    let found = find(&documents, &passages, &[]).remove(0);
    let left = |verdict, price| {
        let (documents, passages) = bank(&pages(price));
        let kept = without_overruled(&documents, passages, &[ruling(&found, verdict)]);
        kept.into_iter().filter(|(d, _)| *d == 1).map(|(_, p)| p.text.as_str().to_owned()).collect::<Vec<_>>()
    };
    let whole = [
        "Tell us first.\n- Take two cards.\nA replacement card costs $15. It is blue.",
        "A replacement card costs $15.",
    ];
    let price = "A replacement card costs $10.";
    assert_eq!(
        left(Verdict::Prefer("lost".into()), price),
        ["Tell us first.\n- Take two cards.\nIt is blue."]
    );
    assert_eq!(left(Verdict::Prefer("travel".into()), price), whole);
    assert_eq!(left(Verdict::NotAConflict, price), whole);
    assert_eq!(left(Verdict::Prefer("lost".into()), "A replacement card costs $11."), whole);

    // The preferred document is removed: what was called wrong does not answer again, and the owner sees it.
    let alone = &pages(price)[1..];
    let (rest, passages_left) = bank(alone);
    let rulings = [ruling(&found, Verdict::Prefer("lost".into()))];
    let kept = without_overruled(&rest, passages_left.clone(), &rulings);
    let kept: Vec<&str> = kept.iter().map(|(_, passage)| passage.text.as_str()).collect();
    assert_eq!(kept, ["Tell us first.\n- Take two cards.\nIt is blue."]);
    assert_eq!(ruled::orphaned(&rest, &passages_left, &rulings).len(), 1);
    assert!(ruled::orphaned(&documents, &passages, &rulings).is_empty());

    let ruled = find(&documents, &passages, &[ruling(&found, Verdict::NotAConflict)]);
    assert_eq!((ruled.len(), ruled[0].is_open()), (1, false));
    // Another product makes it none; the ruling stays in sight while it holds a sentence back.
    let mut apart = documents.clone();
    (apart[0].product, apart[1].product) = ("debit-card".into(), "credit-card".into());
    assert!(find(&apart, &passages, &[]).is_empty());
    let held = find(&apart, &passages, &[ruling(&found, Verdict::Prefer("lost".into()))]);
    assert_eq!((held.len(), &held[0].id, &held[0].one), (1, &found.id, &found.one));
}

#[test]
fn a_footer_of_every_page_and_one_that_says_otherwise_are_seen() {
    let footer = "We answer a written complaint within 5 days.";
    let names: Vec<String> = (0..200).map(|n| format!("page-{n}")).collect();
    let (mut documents, passages) = bank(
        &(0..200)
            .map(|n| {
                page(
                    "page",
                    "Pages",
                    if n == 70 { "We answer a written complaint within 9 days." } else { footer },
                )
            })
            .collect::<Vec<_>>(),
    );
    for (document, name) in documents.iter_mut().zip(&names) {
        document.slug.clone_from(name);
    }
    let found = find(&documents, &passages, &[]);
    assert!(!found.is_empty() && found.len() < 100, "{}", found.len());
    assert!(found.iter().all(|c| [&c.one, &c.other].iter().any(|p| p.document == 70)));
}

/// The knowledge of these pages, each with a name of its own.
fn knowledge(pages: &[Page], rulings: &[Ruling]) -> crate::Knowledge {
    let (documents, passages) = bank(pages);
    let each = documents.into_iter().enumerate().map(|(number, document)| {
        let own = passages.iter().filter(|(of, _)| *of == number).map(|(_, p)| p.clone()).collect();
        (document, own)
    });
    let means =
        crate::Means { encoder: None, synonyms: contactiq_nlu::index::Synonyms::default(), before: None };
    crate::Knowledge::build("1".to_owned(), each.collect(), rulings, &means, &|_, _| ()).unwrap()
}

#[test]
fn a_common_statement_is_contested_in_every_document_that_makes_it() {
    let (five, nine) =
        ("We answer a written complaint within 5 days.", "We answer a written complaint within 9 days.");
    let titles: Vec<&'static str> = (0..220).map(|n| &*format!("About {n}").leak()).collect();
    let pages: Vec<Page> =
        (0..220).map(|n| page(titles[n], titles[n], if n < 200 { five } else { nine })).collect();
    let knowledge = knowledge(&pages, &[]);
    for (document, said) in [(0, five), (150, five), (199, five), (200, nine), (219, nine)] {
        assert!(
            knowledge.contradiction(Mode::Customer, document, said, date!(2026 - 01 - 01)).is_some(),
            "{document}"
        );
    }
}

#[test]
fn a_ruling_on_one_conflict_leaves_another_one_open() {
    let pages = [
        page("abroad", "Abroad", "A replacement card costs $12."),
        page("fees", "Fees", "A replacement card costs $10."),
        page("travel", "Travel", "A replacement card costs $15."),
    ];
    let (documents, passages) = bank(&pages);
    let found = find(&documents, &passages, &[]);
    let of = |a: usize, b: usize| {
        found.iter().find(|c| [c.one.document, c.other.document] == [a, b]).expect("it is found")
    };
    let ruled = knowledge(&pages, &[ruling(of(0, 1), Verdict::Prefer("fees".into()))]);
    let against = |document: usize, said: &str| {
        let place = ruled.contradiction(Mode::Customer, document, said, date!(2026 - 01 - 01));
        place.map(|place| place.sentence.clone())
    };
    assert_eq!(against(2, "A replacement card costs $15.").as_deref(), Some("A replacement card costs $10."));
    assert_eq!(against(1, "A replacement card costs $10.").as_deref(), Some("A replacement card costs $15."));
}
