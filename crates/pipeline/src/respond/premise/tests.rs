//! Each kind thirty times: a wrong figure, a wrong affirmation or denial, and questions that take
//! nothing for granted or something that is true.

use contactiq_domain::Mode;

use super::*;
use crate::respond::test_bank;

/// The question, and what stands in the sentence or row that corrects it.
const WRONG_FIGURE: [(&str, &str); 30] = [
    ("Why is the annual fee on the Silver card $200?", "$80"),
    ("Why is the annual fee for the Travel card $99?", "$150"),
    ("How come the Basic card's annual fee is $80?", "$30"),
    ("Why does a replacement card cost $20?", "$12"),
    ("Why is a replacement card 15 dollars?", "$12"),
    ("Since an international transfer costs $30, can I do it in a branch?", "$18"),
    ("Because an international transfer costs $25, is there another way?", "$18"),
    ("I heard that the recall of an international transfer costs $60. Is there a way round?", "$35"),
    ("I read that a dispute is lodged within 30 days. What if I'm late?", "90 days"),
    ("Is it true that a dispute must be lodged within 60 days?", "90 days"),
    ("Is it correct that the daily ATM limit is $1,000?", "$1,500"),
    ("The daily ATM limit is $2,000, right?", "$1,500"),
    ("The daily transfer limit is $10,000, correct?", "$5,000"),
    ("Given that the daily transfer limit is $2,000, how do I raise it?", "$5,000"),
    ("Now that the monthly fee on the Plain Account is $9, how do I avoid it?", "$6"),
    ("Why is the monthly fee of the Plain Account $12?", "$6"),
    ("My friend said the Plain Account has a monthly fee of $4. How is it waived?", "$6"),
    ("How do I avoid the $10 monthly fee on the Plain Account?", "$6"),
    ("How do I get out of the $90 annual fee on the Silver card?", "$80"),
    ("Can you confirm that a paper statement costs $5?", "$2.50"),
    ("Your website says a paper statement costs $1. Where do I order one?", "$2.50"),
    ("I was told breaking a term deposit costs $100. Who decides that?", "$40"),
    ("Why does breaking a term deposit cost $75?", "$40"),
    ("Since the Bonus Saver pays 6% a year, when is it paid?", "3.75%"),
    ("Why does the Bonus Saver pay 2% a year?", "3.75%"),
    ("Why is the purchase rate on the Travel card 25%?", "19%"),
    ("I thought the minimum monthly deposit for the bonus was $20. Does it count?", "$50"),
    ("Why does an international transfer take 10 days?", "3 business days"),
    ("Since opening an account takes 5 business days, can I begin online?", "2 business days"),
    ("Is it true that I must be aged 18 or over to open an account?", "14"),
];

/// The same of what is affirmed or denied.
const WRONG_CLAIM: [(&str, &str); 30] = [
    ("Since the Youth Account has a monthly fee, can it be waived?", "no monthly fee"),
    ("Why is there a monthly fee on the Youth Account?", "no monthly fee"),
    ("Why does the Youth Account have a monthly fee?", "no monthly fee"),
    ("The Youth Account has a monthly fee, right?", "no monthly fee"),
    ("Is it true that the Youth Account has a monthly fee?", "no monthly fee"),
    ("I heard the Youth Account has a monthly fee. How much is it?", "no monthly fee"),
    ("Since the Plain Account has no monthly fee, do I need a minimum deposit?", "$6"),
    ("Why does the Plain Account have no monthly fee?", "$6"),
    ("Why is there no monthly fee on the Plain Account?", "$6"),
    ("The Plain Account has no monthly fee, correct?", "$6"),
    ("Because the Plain Account has no monthly fee, is it the cheapest?", "$6"),
    ("I read that the Plain Account has no monthly fee. Is that for everyone?", "$6"),
    ("Since closing an account is not free, how much is it?", "free"),
    ("Why do you charge a fee for closing an account?", "free"),
    ("Why is there a fee for closing an account?", "free"),
    ("Is it true that closing an account costs a fee?", "free"),
    ("Given that closing an account isn't free, what do you charge?", "free"),
    ("Since receiving money from abroad is not free, what is the charge?", "free"),
    ("Why is there a charge for receiving money from abroad?", "free"),
    ("I was told that receiving money from abroad costs a fee. How much?", "free"),
    ("Why do you charge for receiving money from abroad?", "free"),
    ("Because lodging a dispute is not free, what does it cost?", "free"),
    ("Why is there a charge for lodging a dispute?", "free"),
    ("The site says lodging a dispute costs a fee. Is it high?", "free"),
    ("Since there is an over-limit fee on the card, how high is it?", "no over-limit fee"),
    ("Why is there an over-limit fee on every card?", "no over-limit fee"),
    ("Is it right that there is an over-limit fee on any card?", "no over-limit fee"),
    ("Since the annual fee on the Travel card is waived, who gets it?", "$150"),
    ("Why is there no annual fee on the Travel card?", "$150"),
    ("Since the Silver card has no annual fee, is it the best one?", "$80"),
];

/// Nothing is taken for granted, or what is true.
const STANDS: [&str; 44] = [
    "So I say close it down, how quick is it gone?",
    "What is the 3 month term deposit rate?",
    "What's the 2 year fixed rate?",
    "Which fee applies, the monthly one or the annual one?",
    "I want to send $5,000 abroad, what's the fee?",
    "What does it cost if I transfer $300 overseas?",
    "We have $50,000 in savings. Which rate do we get?",
    "I'm buying a car for $20,000, can I pay it in one go?",
    "If I withdraw $800 at an ATM, is there a fee?",
    "My son is 13. Can he open an account?",
    "I lodged a dispute 40 days ago, when will I hear?",
    "Since I deposit $2,000 a month, is the monthly fee waived?",
    "Because I earn $40,000, can I get the Silver card?",
    "I was charged $15 yesterday, what was it for?",
    "Why was I charged $15?",
    "Why did my transfer of $200 fail?",
    "Why is my account overdrawn by $30?",
    "Why can't I log in?",
    "Why can I only send $500 a day?",
    "Can I send $7,000 today?",
    "Is $1,500 the most that I can take out in a day?",
    "How do I raise my limit to $10,000?",
    "How do I raise the limit?",
    "What's the annual fee on the Silver card?",
    "Why is the annual fee on the Silver card $80?",
    "Why does a replacement card cost $12?",
    "Since an international transfer costs $18 in the app, what does a recall cost?",
    "Is it true that a dispute must be lodged within 90 days?",
    "The daily ATM limit is $1,500, right?",
    "How do I avoid the $6 monthly fee on the Plain Account?",
    "Since the Youth Account has no monthly fee, who can open it?",
    "Why is closing an account free?",
    "Is it true that closing an account is free?",
    "Why do you charge a fee for a paper statement?",
    "As a student, which account has no fee?",
    "When is the monthly fee on the Plain Account waived?",
    "Is receiving money from abroad free?",
    "Do you charge for lodging a dispute?",
    "I have 3 cards, is there a fee for each?",
    "She wants to borrow $30,000 over 5 years, what are the fees?",
    "Customer has 2 accounts and wants to close one. Is there a fee?",
    "I waited 10 days for my card, where is it?",
    "What happens to the $20 that I paid twice?",
    "Does the Travel card include insurance, since I'm going away for 20 days?",
];

fn verdict(question: &str) -> (Option<Premise>, Verdict, String) {
    let knowledge = test_bank::knowledge();
    let found = test_bank::found(&knowledge, Mode::Customer, question);
    let asked = Asked { knowledge: &knowledge, query: question, vector: None, found: &found };
    let premise = of(question);
    let verdict = premise.as_ref().map_or(Verdict::Stands, |p| check(p, &asked));
    let said = match &verdict {
        Verdict::Corrected(places) => places
            .iter()
            .map(|(f, s)| knowledge.index.sentences(found[*f].passage)[*s].text.clone())
            .collect::<Vec<_>>()
            .join(" / "),
        _ => String::new(),
    };
    (premise, verdict, said)
}

fn each_is_corrected(cases: &[(&str, &str)]) {
    let mut missed = Vec::new();
    for (question, expected) in cases {
        let (premise, verdict, said) = verdict(question);
        if !said.contains(expected) {
            missed.push(format!("{question}: {premise:?} {verdict:?} {said}"));
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), cases.len(), missed.join("\n"));
}

#[test]
fn a_wrong_figure_is_corrected() {
    each_is_corrected(&WRONG_FIGURE);
}

#[test]
fn a_wrong_affirmation_or_denial_is_corrected() {
    each_is_corrected(&WRONG_CLAIM);
}

#[test]
fn the_persons_own_amounts_and_true_premises_stand() {
    let mut alarms = Vec::new();
    for question in STANDS {
        let (premise, verdict, said) = verdict(question);
        if verdict != Verdict::Stands {
            alarms.push(format!("{question}: {premise:?} {verdict:?} {said}"));
        }
    }
    assert!(alarms.is_empty(), "{} of {}:\n{}", alarms.len(), STANDS.len(), alarms.join("\n"));
}

#[test]
fn a_figure_for_what_the_documents_do_not_state_is_unfounded() {
    for question in [
        "Why is the locker rental $70?",
        "Since a courier delivery costs $45, is it tracked?",
        "Is it true that the airport lounge costs $30?",
        "How do I avoid the $25 inactivity fee?",
    ] {
        assert_eq!(verdict(question).1, Verdict::Unfounded, "{question}");
    }
}
