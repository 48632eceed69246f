//! Sentences of people of a bank and of everyday life, made of templates, with what is personal in them marked.

use super::{
    Labelled, Random,
    texts::Texts,
    values::{self, own},
};
use crate::PersonalType as P;

/// Which part of templates and lists is used: a model is measured with templates and names that it never saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Four fifths of each list and of the templates.
    Train,
    /// The last fifth.
    Held,
}

/// Makes sentences; the same texts and seed make the same ones.
pub struct Generator<'t> {
    texts: &'t Texts,
    part: Part,
    random: Random,
}

/// Shares of the kinds of sentences, of 100.
const PERSONS: usize = 36;
const ADDRESSES: usize = 20;
const SECRETS: usize = 14;

impl<'t> Generator<'t> {
    /// Begins with a seed.
    #[must_use]
    pub fn new(texts: &'t Texts, part: Part, seed: u64) -> Generator<'t> {
        Generator { texts, part, random: Random::new(seed) }
    }

    /// The next sentence.
    pub fn sentence(&mut self) -> Labelled {
        let file = match self.random.below(100) {
            n if n < PERSONS => "templates_person.txt",
            n if n < PERSONS + ADDRESSES => "templates_address.txt",
            n if n < PERSONS + ADDRESSES + SECRETS => "templates_secret.txt",
            _ => "templates_none.txt",
        };
        let template = own(self.texts.of(file), self.part, &mut self.random).to_owned();
        let style = Style::any(&mut self.random);
        let mut made = self.fill(&style.of_template(&template));
        // Two sentences in one message, now and then.
        let kept = made.text.trim_end_matches('.').len();
        if self.random.happens(0.15) && made.spans.last().is_none_or(|span| span.1 <= kept) {
            let more = own(self.texts.of("templates_none.txt"), self.part, &mut self.random).to_owned();
            let more = self.fill(&style.of_template(&more));
            made.text.truncate(kept);
            made.text.push_str(if style == Style::Bare { " " } else { ". " });
            let moved = made.text.len();
            made.text.push_str(&more.text);
            made.spans.extend(more.spans.iter().map(|(s, e, kind)| (s + moved, e + moved, *kind)));
        }
        style.case(&mut made.text);
        made
    }

    fn fill(&mut self, template: &str) -> Labelled {
        let mut made = Labelled { text: String::with_capacity(template.len() * 2), spans: Vec::new() };
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let (before, tail) = rest.split_at(open);
            made.text.push_str(before);
            let Some(close) = tail.find('}') else { break };
            let slot = &tail[1..close];
            rest = &tail[close + 1..];
            let (lead, value, kind) = self.value(slot);
            made.text.push_str(&lead);
            let start = made.text.len();
            made.text.push_str(&value);
            if let Some(kind) = kind {
                made.spans.push((start, made.text.len(), kind));
            }
        }
        made.text.push_str(rest);
        made
    }

    /// What stands before the value without being personal, the value, and its kind.
    fn value(&mut self, slot: &str) -> (String, String, Option<P>) {
        let (texts, part) = (self.texts, self.part);
        let random = &mut self.random;
        let listed = |file: &str, random: &mut Random| random.pick(texts.of(file)).to_owned();
        let nothing = String::new();
        let person = |value: String| (String::new(), value, Some(P::Person));
        let neutral = |value: String| (String::new(), value, None);
        match slot {
            "full" => person(values::full(texts, part, random)),
            "first" => person(values::first(texts, part, random)),
            "last" => person(values::last(texts, part, random)),
            "title_last" => {
                let title = random.pick(&["Mr ", "Mrs ", "Ms ", "Dr ", "Mr. ", "Dr. ", "Miss ", "Prof "]);
                (title.to_owned(), values::last(texts, part, random), Some(P::Person))
            }
            "initial_last" => person(values::initial_last(texts, part, random)),
            "last_comma_first" => {
                let (family, given) = (values::last(texts, part, random), values::first(texts, part, random));
                person(format!("{family}, {given}"))
            }
            "address" => (nothing, values::address(texts, part, random), Some(P::Address)),
            "street" => {
                let place = values::place(texts, random);
                (nothing, values::street(texts, place, part, random), Some(P::Address))
            }
            "city_line" => {
                let place = values::place(texts, random);
                (nothing, values::city_line(place, random), Some(P::Address))
            }
            "password" => (nothing, values::password(texts, part, random), Some(P::Password)),
            "passphrase" => {
                (nothing, own(texts.of("passphrases.txt"), part, random).to_owned(), Some(P::Password))
            }
            "word_password" => {
                (nothing, own(texts.of("words_as_password.txt"), part, random).to_owned(), Some(P::Password))
            }
            "pin" => (nothing, format!("{:04}", random.below(10_000)), Some(P::Pin)),
            "code" => (nothing, format!("{:06}", random.below(1_000_000)), Some(P::Otp)),
            "bank" => neutral(listed("banks.txt", random)),
            "merchant" | "company" => neutral(listed("companies.txt", random)),
            "product" => neutral(listed("products.txt", random)),
            "team" => neutral(listed("teams.txt", random)),
            "brand" => neutral(listed("brands.txt", random)),
            "city" => neutral(listed("cities.txt", random)),
            "country" => {
                let more =
                    ["Spain", "Italy", "Japan", "Vietnam", "Kenya", "Brazil", "Jordan", "Georgia", "Chad"];
                let own = values::country(&values::place(texts, random).country).to_owned();
                neutral(if random.happens(0.5) { own } else { random.pick(&more).to_owned() })
            }
            "amount" => {
                let mark = random.pick(&["$", "£", "€", "Rs ", "₹", ""]);
                neutral(match random.below(3) {
                    0 => format!("{mark}{}", 1 + random.below(5000)),
                    1 => format!("{mark}{}.{:02}", 1 + random.below(900), random.below(100)),
                    _ => format!("{mark}{},{:03}", 1 + random.below(90), random.below(1000)),
                })
            }
            "date" => {
                let (day, month, year) = (1 + random.below(28), 1 + random.below(12), 2019 + random.below(9));
                let named = MONTHS[month - 1];
                neutral(match random.below(5) {
                    0 => format!("{day}/{month}/{year}"),
                    1 => format!("{day} {named}"),
                    2 => format!("{named} {day}"),
                    3 => format!("{day} {named} {year}"),
                    _ => format!("{year}-{month:02}-{day:02}"),
                })
            }
            "weekday" => neutral(random.pick(&WEEKDAYS).to_owned()),
            "month" => neutral(random.pick(&MONTHS).to_owned()),
            "time" => neutral(format!("{}:{:02}", random.below(24), random.below(60))),
            "reference" => neutral(format!(
                "{}{}",
                random.pick(&["REF", "TX", "INV-", "CR", ""]),
                random.below(9_999_999)
            )),
            "number" => neutral(format!("{}", random.below(200))),
            "app" => neutral(
                random
                    .pick(&["the app", "WhatsApp", "Netbank", "Zelle", "PayTo", "Telegram", "Skype"])
                    .to_owned(),
            ),
            _ => neutral(
                random
                    .pick(&[
                        "Collections",
                        "Fraud Operations",
                        "Lending Support",
                        "Accounts Payable",
                        "HR",
                        "Disputes",
                    ])
                    .to_owned(),
            ),
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How a person writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Lower,
    /// Lower case, no marks of the sentence.
    Bare,
    Capitals,
    /// A letter of the template is lost or doubled.
    Typo,
}

impl Style {
    fn any(random: &mut Random) -> Style {
        match random.below(100) {
            0..50 => Style::Plain,
            50..74 => Style::Lower,
            74..90 => Style::Bare,
            90..94 => Style::Capitals,
            _ => Style::Typo,
        }
    }

    /// The template as this person writes, its slots left alone.
    fn of_template(self, template: &str) -> String {
        match self {
            Style::Bare => {
                let mut inside = false;
                let keep = |c: &char| {
                    inside = (inside || *c == '{') && *c != '}';
                    inside || !matches!(c, '.' | ',' | '!' | '?' | ';' | '\'' | '"')
                };
                template.chars().filter(keep).collect()
            }
            Style::Typo => {
                let mut out = String::with_capacity(template.len());
                let (mut inside, mut count) = (false, 0usize);
                for c in template.chars() {
                    inside = (inside || c == '{') && c != '}';
                    count += usize::from(!inside && c.is_ascii_lowercase());
                    // About every twentieth letter is lost.
                    if inside || !c.is_ascii_lowercase() || !count.is_multiple_of(19) {
                        out.push(c);
                    }
                }
                out
            }
            _ => template.to_owned(),
        }
    }

    /// Only ASCII letters change, so that every place stays where it is.
    fn case(self, text: &mut str) {
        match self {
            Style::Lower | Style::Bare => text.make_ascii_lowercase(),
            Style::Capitals => text.make_ascii_uppercase(),
            Style::Plain | Style::Typo => {}
        }
    }
}
