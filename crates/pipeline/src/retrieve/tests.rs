//! What is found, for whom, on which day, and in which order.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use contactiq_domain::{
    ContentType, Document, Passage,
    ids::{CountingIds, DocumentId},
};
use contactiq_guard::Published;
use time::macros::date;

use super::*;
use crate::{Dictionary, EscalationRules, Means, Shelf, SynonymFile, Taxonomy};

const TODAY: Date = date!(2026 - 06 - 15);

struct Bank {
    ids: CountingIds,
    documents: Vec<(Document<()>, Vec<Passage<Published>>)>,
}

impl Bank {
    fn new() -> Bank {
        Bank { ids: CountingIds::default(), documents: Vec::new() }
    }

    fn with(mut self, slug: &str, text: &str, change: impl FnOnce(&mut Document<()>)) -> Bank {
        let mut document = Document {
            id: DocumentId::new(&self.ids),
            slug: slug.to_owned(),
            collection: Collection::Customer,
            title: "Help".to_owned(),
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
        change(&mut document);
        let passage = Passage { position: 0, headings: Vec::new(), text: Published::by_bank(text) };
        self.documents.push((document, vec![passage]));
        self
    }

    fn knowledge(&self) -> Knowledge {
        let synonyms = include_str!("../../../../defaults/synonyms.toml");
        let means = Means { synonyms: SynonymFile::parse(synonyms).unwrap().synonyms, ..Means::default() };
        Knowledge::build("k1".to_owned(), self.documents.clone(), &[], &means, &|_, _| ()).unwrap()
    }

    fn find(&self, question: &str, change: impl FnOnce(&mut Filter<'_>)) -> Vec<String> {
        let mut filter =
            Filter { collections: &[Collection::Customer], role: Role::Customer, day: TODAY, product: None };
        change(&mut filter);
        let knowledge = self.knowledge();
        let found = search(&knowledge, &filter, &Sought { text: question, vector: None, k: 5 });
        found.iter().map(|f| knowledge.documents[f.document].slug.clone()).collect()
    }
}

const BOTH: &[Collection] = &[Collection::Banker, Collection::Customer];
const COPY: &str = "A replacement card costs $10 and comes by post in 5 to 7 business days to your address. It is active \
    when it arrives, and the lost one is blocked at once.";

#[test]
fn a_question_that_shares_no_word_but_by_a_synonym_finds_its_passage() {
    let bank = Bank::new()
        .with("loans", "The highest loan-to-value ratio is 95 %.", |_| {})
        .with("machines", "An ATM of ours is free.", |_| {})
        .with("hours", "Every branch is open from 9 am.", |_| {});
    assert_eq!(bank.find("maximum LVR?", |_| {}), ["loans"]);
    assert_eq!(bank.find("is a hole in the wall near me", |_| {}), ["machines"]);
    assert_eq!(bank.find("branch", |_| {}), ["hours"]);
}

#[test]
fn copies_take_one_place_and_the_best_for_the_mode_is_kept() {
    let bank = Bank::new()
        .with("open", COPY, |_| {})
        .with("staff", COPY, |d| {
            d.collection = Collection::Banker;
            d.title = "Help for staff".to_owned();
        })
        .with("newer", &COPY.replace("your address", "your own address"), |d| {
            d.valid_from = Some(date!(2026 - 01 - 01));
        })
        .with("dearer", &COPY.replace("$10", "$15"), |_| {});
    let question = "what does a replacement card cost";
    let mut customers = bank.find(question, |_| {});
    customers.sort_unstable();
    assert_eq!(customers, ["dearer", "newer"]);
    let mut staff = bank.find(question, |f| (f.collections, f.role) = (BOTH, Role::Banker));
    staff.sort_unstable();
    assert_eq!(staff, ["dearer", "staff"]);
}

#[test]
fn of_two_copies_the_later_one_is_kept_and_what_is_not_valid_does_not_count() {
    let bank =
        Bank::new().with("first", COPY, |_| {}).with("second", COPY, |_| {}).with("expired", COPY, |d| {
            d.valid_from = Some(date!(2026 - 06 - 01));
            d.valid_until = Some(date!(2026 - 06 - 14));
        });
    assert_eq!(bank.find("replacement card", |_| {}), ["second"]);
    assert_eq!(bank.find("replacement card", |f| f.day = date!(2026 - 06 - 14)), ["expired"]);
}

#[test]
fn the_same_words_about_another_thing_are_no_copy() {
    let text = "There is no annual fee, and additional cards are free of charge for everybody.";
    let title = |title: &'static str| move |d: &mut Document<()>| d.title = title.to_owned();
    let bank =
        Bank::new().with("gold", text, title("Gold card")).with("platinum", text, title("Platinum card"));
    assert_eq!(bank.find("annual fee", |_| {}).len(), 2);
    let product = |product: &'static str| move |d: &mut Document<()>| d.product = product.to_owned();
    let bank = Bank::new().with("car", text, product("car-loan")).with("home", text, product("home-loan"));
    assert_eq!(bank.find("annual fee", |_| {}).len(), 2);
}

#[test]
fn a_product_that_is_named_is_not_displaced_by_another() {
    let product = |product: &'static str| move |d: &mut Document<()>| d.product = product.to_owned();
    let bank = Bank::new()
        .with("car", "The establishment fee of the loan is $400. It is paid once.", product("car-loan"))
        .with(
            "home",
            "There is an establishment fee of $600, which a customer pays when the loan begins, by transfer.",
            product("home-loan"),
        )
        .with("all", "A fee is told before you pay it, as the establishment of any contract asks.", |_| {});
    assert_eq!(bank.find("establishment fee", |_| {})[0], "car", "nothing is named");
    assert_eq!(bank.find("establishment fee of a home loan", |_| {})[0], "home");
    let by_a_synonym = bank.find("establishment fee of a mortgage", |_| {});
    let place = |slug: &str| by_a_synonym.iter().position(|found| found == slug);
    assert!(place("home").is_some() && place("home") < place("car"), "{by_a_synonym:?}");
    let only = bank.find("establishment fee", |f| f.product = Some("home-loan"));
    assert_eq!(only.len(), 2);
    assert!(!only.contains(&"car".to_owned()), "{only:?}");
}

#[test]
fn a_document_of_a_role_is_found_by_that_role_and_those_above() {
    let bank = Bank::new()
        .with("desk", "The override code is asked of the desk.", |d| {
            d.collection = Collection::Banker;
            d.role = Some(Role::Supervisor);
        })
        .with("open", "The override of a limit is asked of a supervisor.", |d| {
            d.collection = Collection::Banker
        });
    let found = |role| bank.find("override code", |f| (f.collections, f.role) = (BOTH, role));
    assert_eq!(found(Role::Supervisor), ["desk", "open"]);
    assert_eq!(found(Role::Admin), ["desk", "open"]);
    for role in [Role::Banker, Role::Service, Role::Customer] {
        assert_eq!(found(role), ["open"], "{role}");
    }
}

/// The record of a question names the words that were put in.
#[test]
fn a_word_is_put_in_only_from_a_document_that_the_asker_may_read() {
    let bank = Bank::new()
        .with("deal", "Project Nightingale: Nightingale is bought in May.", |d| {
            d.collection = Collection::Banker;
            d.role = Some(Role::Supervisor);
        })
        .with("open", "Their card is their own. A thief is a thief. Their PIN is theirs.", |_| {})
        .with("coming", "The Albatross card: the Albatross has no fee.", |d| {
            d.valid_from = Some(TODAY.next_day().unwrap());
        });
    let knowledge = bank.knowledge();
    let taxonomy = Taxonomy::parse(include_str!("../../../../defaults/intents.toml")).unwrap();
    let rules = EscalationRules::parse(include_str!("../../../../defaults/triggers.toml")).unwrap();
    let read_as = |question: &str, role, day| {
        let filter = Filter { collections: BOTH, role, day, product: None };
        let dictionary = Dictionary { taxonomy: &taxonomy, rules: &rules, encoder: None };
        knowledge.spelled(dictionary, &filter, question).map(|c| c.read_as)
    };
    let deal = "what is nightingal";
    assert_eq!(read_as(deal, Role::Supervisor, TODAY), Some(vec!["nightingale".to_owned()]));
    assert_eq!(read_as(deal, Role::Banker, TODAY), None);
    // A stop word is everybody's, and goes before a word that is more like it than it should be.
    assert_eq!(read_as("i lost thier", Role::Banker, TODAY), Some(vec!["their".to_owned()]));
    let coming = "fee of the albatros";
    assert_eq!(read_as(coming, Role::Admin, TODAY), None);
    assert!(read_as(coming, Role::Customer, TODAY.next_day().unwrap()).is_some());
}

#[test]
fn a_version_made_from_the_one_before_is_as_one_made_anew() {
    let bank = Bank::new().with("a", COPY, |_| {}).with("b", "Every branch is open from 9 am.", |_| {});
    let before = bank.knowledge();
    let mut changed = Bank { documents: bank.documents[..1].to_vec(), ids: CountingIds::default() };
    changed = changed.with("c", "Know your customer (KYC) checks are done at a braanch.", |_| {});
    let means = Means { before: Some(Arc::new(before)), ..Means::default() };
    let next = Knowledge::build("k2".to_owned(), changed.documents.clone(), &[], &means, &|_, _| ()).unwrap();
    let anew =
        Knowledge::build("k2".to_owned(), changed.documents.clone(), &[], &Means::default(), &|_, _| ())
            .unwrap();
    for number in 0..2 {
        assert_eq!(next.index.entry(number).questions, anew.index.entry(number).questions);
    }
    let filter = Filter { collections: BOTH, role: Role::Admin, day: TODAY, product: None };
    for question in ["replacement card", "open branch", "KYC", "a replacemnt"] {
        let spelled = |k: &Knowledge| k.spelling.correct(question, |_| false, |_| true);
        assert_eq!(spelled(&next), spelled(&anew), "{question}");
        let found = |k: &Knowledge| {
            let sought = Sought { text: question, vector: None, k: 5 };
            search(k, &filter, &sought).iter().map(|f| (f.passage, f.bm25)).collect::<Vec<_>>()
        };
        assert_eq!(found(&next), found(&anew), "{question}");
    }
}

/// Readers take whole versions, also while they are swapped, and never wait for one to be made.
#[test]
fn readers_in_a_loop_see_whole_versions_only() {
    let version = |number: usize| {
        let text = format!("Version {number} says {number} for the card.");
        let bank = (0..20).fold(Bank::new(), |b, n| b.with(&format!("{number}-{n}"), &text, |_| {}));
        let means = Means::default();
        Knowledge::build(format!("k{number}"), bank.documents, &[], &means, &|_, _| ()).unwrap()
    };
    let shelf = Shelf::new(version(0));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0_usize;
                    let mut last = 0_usize;
                    while !stop.load(Ordering::Relaxed) || seen == 0 {
                        let knowledge = shelf.current();
                        let number: usize = knowledge.version[1..].parse().unwrap();
                        assert!(number >= last, "never an older one again");
                        last = number;
                        let filter =
                            Filter { collections: BOTH, role: Role::Admin, day: TODAY, product: None };
                        let sought = Sought { text: "the card", vector: None, k: 5 };
                        let found = search(&knowledge, &filter, &sought);
                        assert!(!found.is_empty());
                        for one in found {
                            let own = format!("says {number} for");
                            assert!(knowledge.passages[one.passage].1.text.as_str().contains(&own));
                            assert!(
                                knowledge.documents[one.document].slug.starts_with(&format!("{number}-"))
                            );
                        }
                        seen += 1;
                    }
                    seen
                })
            })
            .collect();
        for number in 1..30 {
            shelf.swap(version(number));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
    });
    assert_eq!(shelf.current().version, "k29");
}
