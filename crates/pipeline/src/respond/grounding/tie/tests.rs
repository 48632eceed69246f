//! The gate on the demo bank's documents: what a model may say of them in its own words, and what it may not.

use std::{path::Path, sync::LazyLock};

use contactiq_domain::ids::{CountingIds, DocumentId};

use crate::{
    Knowledge, Means,
    respond::grounding::{Evidence, Removed, judge},
};

const BANK: &str = "Larkfield Bank";

static DEMO: LazyLock<Knowledge> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/documents");
    let ids = CountingIds::default();
    let of = |collection: &str| std::fs::read_dir(folder.join(collection)).unwrap();
    let mut files: Vec<_> = of("customer").chain(of("banker")).map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let documents = files.iter().map(|file| {
        let text = std::fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let draft = contactiq_ingest::parse(&name, &text, None).unwrap();
        let (document, passages) = draft.into_document(DocumentId::new(&ids));
        (document.with_text(()), passages)
    });
    Knowledge::build("demo".to_owned(), documents.collect(), &[], &Means::default(), &|_, _| {}).unwrap()
});

/// The passages of a document; of all documents for an empty name.
fn passages(slug: &str) -> Vec<usize> {
    (0..DEMO.passages.len()).filter(|p| slug.is_empty() || DEMO.document_of(*p).slug == slug).collect()
}

fn held(claim: &str, cited: &[usize]) -> Result<(), Removed> {
    let evidence = |passage: &usize| Evidence::of(&DEMO, *passage, DEMO.passages[*passage].1.text.as_str());
    let evidence: Vec<Evidence<'_>> = cited.iter().map(evidence).collect();
    judge(claim, None, &evidence, &evidence, BANK).map(drop)
}

/// Whether a claim stands on one passage of a document, or on the first two of them that hold it together.
fn stands(slug: &str, claim: &str) -> Result<(), Vec<Removed>> {
    let all = passages(slug);
    assert!(!all.is_empty(), "{slug}");
    let each: Vec<Result<(), Removed>> = all.iter().map(|p| held(claim, &[*p])).collect();
    if each.iter().any(Result::is_ok) || held(claim, &all).is_ok() {
        return Ok(());
    }
    Err(each.into_iter().filter_map(Result::err).collect())
}

/// What a model may say: in its own words.
const HONEST: &[(&str, &[&str])] = &[
    (
        "replacement-card",
        &[
            "A replacement debit card costs $10.",
            "The fee for a replacement debit card is $10.",
            "You pay $10 for a replacement debit card.",
            "You'll be charged ten dollars for a replacement debit card.",
            "Larkfield Bank charges $10 to replace a debit card.",
            "Replacing a debit card costs $10, while a replacement credit card is free.",
            "A replacement credit card is free of charge.",
            "There is no fee for a replacement credit card.",
            "A replacement debit card is free if the card was stolen and you give us a police report number.",
            "If the card is faulty, a replacement debit card is free.",
            "A replacement debit card is free when the card is faulty or has expired.",
            "Everyday Gold Account holders get one free replacement debit card each calendar year.",
            "If you hold an Everyday Gold Account, you get one free replacement debit card per calendar year.",
            "A replacement card takes 5 to 7 business days to arrive at a metropolitan address.",
            "It arrives in 5 to 7 business days at a metropolitan address and in 7 to 10 business days at a regional address.",
            "Express courier delivery costs $25 and takes 2 business days.",
            "The digital card is ready in the app within 5 minutes.",
            "You can order a replacement card by calling 1300 975 707.",
            "Open the app and choose Cards, then choose the card and Replace card.",
            "A courier can't deliver to a PO box.",
            "Post to a metropolitan address is free and takes 5 to 7 business days.",
        ],
    ),
    (
        "lost-or-stolen-card",
        &[
            "You can unlock a locked card in the app for 14 days.",
            "Cancelling a card is final.",
            "If you can't use the app, call the lost and stolen cards line on 1800 975 708.",
            "The line is open 24 hours a day, 7 days a week.",
            "A replacement debit card costs $10, and a replacement credit card is free.",
            "The plastic card takes 5 to 7 business days to a metropolitan address.",
            "Please report unauthorised transactions straight away on 1800 975 709 or in the app.",
            "You may be liable for at most $150 where a passcode was needed and the person at fault is unclear.",
        ],
    ),
    (
        "account-fees",
        &[
            "The monthly fee on the Everyday Account is $4.",
            "The Everyday Account costs $4 a month.",
            "The monthly fee of the Everyday Gold Account is $10.",
            "The $4 monthly fee is waived if you deposit at least $2,000 in the calendar month.",
            "The Student Account has no monthly fee.",
            "An overseas ATM withdrawal costs $5 plus the foreign transaction fee.",
            "On the Everyday Gold Account the overseas ATM fee is $0.",
            "Staff-assisted withdrawals are free twice a month, and each further one costs $3.",
            "The dishonour fee is $10 when a direct debit or cheque is returned unpaid.",
            "The overdrawn fee is $10 when Larkfield Bank lets a payment through without enough money in the account.",
            "A certificate of balance letter costs $15 and takes 3 business days.",
            "A proof of balance downloaded from the app is free.",
            "There is no fee for closing an everyday account.",
            "Bank cheques cost $10, but they are free on the Everyday Gold Account.",
        ],
    ),
    (
        "daily-limits",
        &[
            "The standard ATM withdrawal limit is $1,000 a day.",
            "You can withdraw up to $1,000 per day at an ATM, and you can raise the limit to $2,000 a day.",
            "The daily Pay Anyone limit is $5,000.",
            "The Pay Anyone limit can be raised to $25,000 a day in the app.",
            "Transfers between your own Larkfield accounts have no daily limit.",
            "Contactless purchases above $100 need a PIN.",
            "A branch withdrawal over $5,000 requires 2 business days' notice.",
        ],
    ),
    (
        "international-transfers",
        &[
            "An international transfer costs $12 in the app or online banking, and $25 in a branch.",
            "Sending money overseas costs $12 in the app.",
            "Receiving money from overseas costs nothing.",
            "Intermediary banks may deduct up to $30.",
            "It takes 1 to 3 business days for most currencies.",
            "You can cancel an international transfer in the app within 30 minutes if it has not been processed.",
        ],
    ),
    (
        "term-deposits",
        &[
            "The 12-month term deposit pays 4.20% a year.",
            "The interest rate for a 6-month term deposit is currently 4.00% a year.",
            "The minimum term deposit is $1,000.",
            "An early closure fee of $30 applies.",
            "Early closure needs 31 days' notice, except in hardship.",
            "Larkfield Bank sends a reminder 14 days before a term deposit matures.",
            "Partial withdrawals are not offered.",
        ],
    ),
    (
        "close-an-account",
        &[
            "You can close an account with a zero balance in the app.",
            "Closing an account is free.",
            "Your account is closed within 2 business days of your request.",
        ],
    ),
    (
        "hardship-help",
        &[
            "Asking for hardship help is free and confidential.",
            "You can call the Customer Care team on 1800 975 710, Monday to Friday from 8 am to 6 pm Sydney time.",
            "We decide within 21 days of your request.",
            "Repayments can be reduced or paused for up to 3 months at first.",
        ],
    ),
    (
        "home-loan-rates-and-types",
        &[
            "The Basic Variable home loan for owner occupiers has a rate of 6.09% a year and a comparison rate of 6.13% a year.",
            "The comparison rate of the Offset Variable loan is 6.45% a year.",
            "The application fee is $400, the settlement fee is $150 and the discharge fee is $350.",
            "The first valuation is free; each further valuation costs $220.",
            "You can lock a fixed rate for 90 days for a fee of 0.15% of the loan amount.",
            "With a Fixed home loan you can make extra repayments of up to $20,000 in each fixed year without a break cost.",
            "There is no fee for switching from variable to fixed.",
            "The maximum term is 30 years.",
            "You can choose weekly, fortnightly or monthly repayments.",
        ],
    ),
    (
        "home-loan-application",
        &[
            "A home loan pre-approval is valid for 90 days.",
            "A property valuation takes 3 to 5 business days.",
            "Self-employed applicants need 2 years of tax returns and tax assessments.",
            "You must be 18 or over to apply for a home loan.",
            "You need the last 2 payslips and the last yearly income statement.",
        ],
    ),
    (
        "dispute-a-card-transaction",
        &[
            "You must dispute a card transaction within 90 days of the transaction date.",
            "Disputing a transaction costs nothing, whatever the result.",
            "Larkfield Bank answers a dispute within 21 days of a complete report.",
            "You can also dispute a transaction by calling 1300 975 707 or at a branch.",
            "Contact the business first and allow 15 days for an answer, except in a case of fraud.",
        ],
    ),
    (
        "student-account",
        &[
            "The Student Account is for people aged 16 to 30 who are enrolled at an Australian school, TAFE or university.",
            "You can raise both limits in the app.",
            "The foreign transaction fee on the debit card is 3%.",
        ],
    ),
    (
        "rainy-day-saver",
        &[
            "The Rainy Day Saver has a base rate of 1.10% a year and a bonus rate of 3.40% a year.",
            "To earn the bonus, deposit at least $200 from outside Larkfield Bank and make no more than one withdrawal in the month.",
            "The Rainy Day Saver has no monthly fee.",
        ],
    ),
];

#[test]
fn an_honest_sentence_stands_in_other_words_too() {
    let mut fallen = Vec::new();
    for (slug, claims) in HONEST {
        for claim in *claims {
            if let Err(why) = stands(slug, claim) {
                fallen.push(format!("{slug}: {claim} {why:?}"));
            }
        }
    }
    assert!(fallen.is_empty(), "{} fell:\n{}", fallen.len(), fallen.join("\n"));
}

/// What no document of the demo bank says, with any passages cited.
const INVENTED: &[&str] = &[
    // Words of one thing for another one.
    "A replacement credit card costs $10.",
    "You pay $10 for a replacement credit card.",
    "A replacement gold card costs $10.",
    "A replacement debit card is free.",
    "A replacement debit card costs nothing.",
    "There is no fee for a replacement debit card.",
    "A replacement debit card is free when the card was lost.",
    "A replacement debit card is free when the card has not expired.",
    "A replacement debit card is free unless the card was stolen.",
    "A replacement debit card is not free when the card is faulty.",
    "A replacement card arrives in 5 to 7 business days at a regional address.",
    "Locking a card is final.",
    "The monthly fee on the Everyday Account is $10.",
    "The monthly fee on the Student Account is $4.",
    "The Everyday Account has no monthly fee.",
    "A certificate of balance letter is free.",
    "A proof of balance downloaded from the app costs $15.",
    "The 3-month term deposit pays 4.20% a year.",
    "The standard PayID limit is $5,000 a day.",
    "The standard ATM withdrawal limit is $2,000 a day.",
    "The standard ATM limit is $2,000 a day.",
    "The digital card expires within 5 minutes.",
    "A replacement card costs $25.",
    "Closing a term deposit early is free.",
    "A pre-approval is a final approval.",
    "Sending money overseas costs nothing.",
    "Receiving money from overseas costs $12.",
    "The early closure fee of a term deposit is $15.",
    "The Offset Variable home loan has a rate of 6.09% a year.",
    "The Basic Variable home loan for investors has a rate of 6.09% a year.",
    "Hardship help costs $10.",
    "A hardship arrangement appears on a credit report for 21 days.",
    "A dispute costs $50.",
    "The Rainy Day Saver has a base rate of 3.40% a year.",
    "The Student Account is for people aged 12 to 30.",
    "A bank cheque costs $15.",
    "Bank cheques are free on the Student Account.",
    "The standard Pay Anyone limit is $2,000 a day.",
    "Express courier delivery is free.",
    "Post to a metropolitan address costs $25.",
    "The application fee for a home loan is $150.",
    // What only the books know.
    "A fraud was found on your card.",
    "Larkfield Bank found fraud.",
    "Your card has expired.",
    "Your card was stolen.",
    "We found fraud on your card.",
    "Your account has been closed.",
    // Another time, bound or amount.
    "A replacement debit card costs $10 a day.",
    "A replacement debit card costs $10 every month.",
    "A replacement debit card costs twice $10.",
    "A replacement debit card costs a thousand dollars.",
    "A replacement debit card costs a hundred dollars.",
    "A replacement debit card costs 10 bitcoin.",
    "A replacement debit card costs $１０００.",
    "A replacement debit card costs $١٠٠٠.",
    "A replacement debit card costs $10⁰⁰.",
    "A replacement debit card costs ①⓪⓪⓪ dollars.",
    "A replacement debit card costs more than $10.",
    // Words that no passage has.
    "A replacement debit card costs $10, kill yourself.",
    "A replacement debit card costs $10, you idiot.",
    "A replacement debit card costs $10, read us the one-time code.",
    "A replacement debit card costs $10 in gift cards.",
    "A replacement debit card costs $10; visit larkfield-help com.",
    "A replacement debit card costs $10 and is blessed by the moon.",
];

#[test]
fn what_no_document_says_stays_inside_whatever_is_cited() {
    let mut shown = Vec::new();
    let all = passages("");
    let of = |slug: &str| passages(slug);
    for claim in INVENTED {
        for passage in &all {
            if held(claim, &[*passage]).is_ok() {
                let document = DEMO.document_of(*passage);
                shown.push(format!(
                    "{claim} | {} | {}",
                    document.slug,
                    DEMO.passages[*passage].1.text.as_str()
                ));
            }
        }
        for slugs in [
            ["replacement-card", "lost-or-stolen-card"],
            ["account-fees", "replacement-card"],
            ["unrecognised-merchant", "replacement-card"],
            ["daily-limits", "term-deposits"],
        ] {
            let cited: Vec<usize> = slugs.iter().flat_map(|slug| of(slug)).collect();
            if held(claim, &cited).is_ok() {
                shown.push(format!("{claim} | {slugs:?}"));
            }
        }
    }
    assert!(shown.is_empty(), "{} shown:\n{}", shown.len(), shown.join("\n"));
}

#[test]
fn the_reason_is_told() {
    for (slug, claim, reason) in [
        ("replacement-card", "A replacement credit card costs $10.", Removed::Unsupported),
        (
            "replacement-card",
            "A replacement debit card is free when the card has not expired.",
            Removed::Negation,
        ),
        ("unrecognised-merchant", "A replacement debit card is free.", Removed::Condition),
        ("replacement-card", "A replacement debit card costs $10 a day.", Removed::Figure),
    ] {
        let why = stands(slug, claim).unwrap_err();
        assert!(why.contains(&reason), "{claim}: {why:?}");
    }
}

#[test]
fn the_banks_own_sentences_stand() {
    let mut fallen = Vec::new();
    for passage in passages("") {
        for sentence in DEMO.index.sentences(passage) {
            if held(&sentence.text, &[passage]).is_err() {
                fallen.push(sentence.text.clone());
            }
        }
    }
    assert!(fallen.is_empty(), "{}", fallen.join("\n"));
}
