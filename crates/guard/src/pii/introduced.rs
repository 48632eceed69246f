//! Names that are said in another language: "je m'appelle …", "меня зовут …", "我叫…".

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;

use super::{
    lexicon::traits as t,
    page::{Found, Gap, Page, plain},
};
use crate::{PersonalType as P, patterns::compiled};

/// What says "my name is", by language; without accents, in small letters. A name must follow.
const MY_NAME_IS: &[(&str, &str)] = &[
    ("es", "me llamo|mi nombre es|mi nombre completo es|se llama"),
    ("fr", "je m'appelle|mon nom est|mon nom c'est|il s'appelle|elle s'appelle"),
    ("de", "ich heisse|ich heiße|mein name ist|mein name lautet|er heißt|sie heißt"),
    ("it", "mi chiamo|il mio nome e|si chiama"),
    ("pt", "chamo me|me chamo|meu nome e|o meu nome e"),
    ("nl", "ik heet|mijn naam is"),
    ("pl", "nazywam sie|mam na imie|moje nazwisko"),
    ("sv", "jag heter|mitt namn ar|jeg heter|jeg hedder|mitt navn er|mit navn er"),
    ("fi", "nimeni on"),
    ("cs", "jmenuji se|jmenuju se"),
    ("ro", "ma numesc|numele meu este"),
    ("hr", "zovem se"),
    ("hu", "a nevem"),
    ("tr", "benim adim|adim soyadim|benim ismim"),
    ("ru", "меня зовут|мое имя"),
    ("uk", "мене звати"),
    ("el", "με λενε|ονομαζομαι|το ονομα μου ειναι"),
    ("id", "nama saya|nama saya adalah"),
    ("tl", "ang pangalan ko ay|pangalan ko"),
    ("sw", "jina langu ni|naitwa"),
    ("vi", "toi ten la|ten toi la"),
    ("hi", "mera naam|mera nam|मेरा नाम|मेरा नाम है"),
    ("ar", "اسمي|إسمي"),
    ("he", "שמי|קוראים לי"),
];

/// What says "I am": a name is one of two words, or a known one.
const I_AM: &str =
    "je suis|ici|soy|ich bin|hier ist|sono|sou|ik ben|jestem|jag ar|jeg er|eu sou|ako si|saya|к вам пишет";

/// Names in writing without gaps, between what says that one comes and what ends it.
const WITHOUT_GAPS: &[&str] = &[
    r"(?:我叫|我的名字是|我的名字叫|我的姓名是|姓名[:：]|我姓名叫|本人)\s*(?P<name>\p{Han}{2,4}?)(?:$|[^\p{Han}]|的|是|要|想|今)",
    r"(?:私の名前は|名前は|氏名は|氏名[:：])\s*(?P<name>[\p{Han}\p{Hiragana}\p{Katakana}ー\s]{2,12}?)\s*(?:です|と申します|といいます|と言います|でございます|$|[。、,\n])",
    r"(?P<name>[\p{Han}\p{Katakana}]{2,8})と申します",
    r"(?:제\s?이름은|내\s?이름은|성함은|이름[:：])\s*(?P<name>\p{Hangul}{2,5}?)\s*(?:입니다|이에요|예요|이고|이며|$|[\s,.])",
    r"(?:저는|전)\s*(?P<name>\p{Hangul}{2,4}?)(?:이?라고)\s*(?:합니다|해요)",
    r"(?:ผม|ฉัน|ดิฉัน)?ชื่อ\s*(?P<name>[\u{0e00}-\u{0e7f}]{2,20}(?: [\u{0e00}-\u{0e7f}]{2,20})?)",
];

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| WITHOUT_GAPS.iter().map(|p| compiled(p)).collect());

/// The words of a phrase behind its first, and whether a name must follow.
type Phrase = (Vec<String>, bool);

/// The phrases by their first word.
static PHRASES: LazyLock<HashMap<String, Vec<Phrase>>> = LazyLock::new(|| {
    let firm = MY_NAME_IS.iter().flat_map(|(_, phrases)| phrases.split('|')).map(|phrase| (phrase, true));
    let mut by_first: HashMap<String, Vec<Phrase>> = HashMap::new();
    for (phrase, firm) in firm.chain(I_AM.split('|').map(|phrase| (phrase, false))) {
        let mut words = phrase.split(' ').map(plain);
        if let Some(first) = words.next() {
            by_first.entry(first).or_default().push((words.collect(), firm));
        }
    }
    by_first
});
/// No word of a phrase is longer, in bytes.
const LONGEST_WORD: usize = 40;

/// What ends a name in languages that put the verb behind it.
const ENDS: &[&str] = &[
    "है",
    "हूँ",
    "और",
    "hai",
    "hoon",
    "aur",
    "et",
    "y",
    "und",
    "e",
    "en",
    "i",
    "och",
    "og",
    "ve",
    "и",
    "та",
    "و",
    "και",
    "si",
    "dan",
    "at",
    "na",
    "và",
    "va",
];

/// Builds the tables.
pub(super) fn prepare() {
    LazyLock::force(&COMPILED);
    LazyLock::force(&PHRASES);
}

/// Finds names.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        let slice = page.slice(token);
        if !page.is_word(token) || slice.len() > LONGEST_WORD {
            continue;
        }
        let Some(phrases) = PHRASES.get(plain(slice).as_str()) else { continue };
        let heard = |firm: bool| {
            let of_kind = phrases.iter().filter(move |(_, f)| *f == firm);
            of_kind.filter_map(|(rest, _)| behind(page, token, rest)).max()
        };
        let name = match heard(true) {
            Some(next) => name(page, colon(page, next)),
            None => heard(false).and_then(|next| name(page, next)).filter(|(first, last)| {
                let capitals = (*first..=*last).all(|t| page.is_capital(t));
                capitals && (last > first || page.has(*first, t::GIVEN))
            }),
        };
        if let Some((first, last)) = name {
            push(out, page.start(first), page.end(last));
        }
    }
    if !page.text.is_ascii() {
        for pattern in COMPILED.iter() {
            for found in pattern.captures_iter(page.text) {
                if let Some(name) = found.name("name") {
                    let text = name.as_str();
                    let start = name.start() + text.len() - text.trim_start().len();
                    push(out, start, start + text.trim().len());
                }
            }
        }
    }
}

fn push(out: &mut Vec<Found>, start: usize, end: usize) {
    let by = "person: a name that is said in another language";
    out.push(Found { start, end, kind: P::Person, score: 0.86, by });
}

/// The token behind a phrase that begins here, with these further words.
fn behind(page: &Page<'_>, token: usize, rest: &[String]) -> Option<usize> {
    let mut at = token + 1;
    for word in rest {
        // "chamo-me" has a mark between.
        if page.slice(at) == "-" && page.gap(at) == Gap::None {
            at += 1;
        }
        let slice = page.slice(at);
        if page.gap(at) == Gap::Break || slice.len() > LONGEST_WORD || plain(slice) != *word {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn colon(page: &Page<'_>, token: usize) -> usize {
    if matches!(page.slice(token), ":" | "-") { token + 1 } else { token }
}

/// One to four words of a name.
fn name(page: &Page<'_>, first: usize) -> Option<(usize, usize)> {
    let mut last = None;
    let mut at = first;
    while page.is_word(at) && at < first + 5 && (at == first || page.gap(at) != Gap::Break) {
        let slice = page.slice(at);
        // "de la Vega": particles before a capital.
        let goes_on = |t: usize| page.is_word(t) && page.is_capital(t);
        let particle = page.has(at, t::PARTICLE)
            && !matches!(slice, "y" | "e")
            && (goes_on(at + 1) || page.has(at + 1, t::PARTICLE) && goes_on(at + 2));
        let capital = page.is_capital(at);
        // Where the text knows capitals a name has one; in scripts without them three words are enough.
        let has_case = slice.chars().any(|c| c.is_lowercase() || c.is_uppercase());
        let own = capital || !has_case && at < first + 3 || has_case && !page.cased && at < first + 2;
        let ends = ENDS.contains(&slice.to_lowercase().as_str()) && !capital;
        if ends || !(own || particle) || page.has(at, t::FUNCTION) && !capital {
            break;
        }
        last = Some(at);
        at += 1;
        if page.slice(at) == "-" && page.gap(at) == Gap::None {
            at += 1;
        }
    }
    last.map(|last| (first, last))
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn a_name_is_found_behind_what_says_so_in_its_language() {
        for (text, name) in [
            ("bonjour, je m'appelle Mathilde Roussel et ma carte est perdue", "Mathilde Roussel"),
            ("hola, me llamo Ignacio de la Vega y no puedo entrar", "Ignacio de la Vega"),
            ("Guten Tag, mein Name ist Hildegard Öztürk", "Hildegard Öztürk"),
            ("mi chiamo Ottavia Sartori", "Ottavia Sartori"),
            ("bom dia, chamo-me Leonor Figueiredo", "Leonor Figueiredo"),
            ("nazywam się Bożena Wiśniewska", "Bożena Wiśniewska"),
            ("здравствуйте, меня зовут Тамара Ильина", "Тамара Ильина"),
            ("मेरा नाम कविता देशपांडे है", "कविता देशपांडे"),
            ("اسمي ليلى", "ليلى"),
            ("你好,我叫李晓梅,我要挂失", "李晓梅"),
            ("私の名前は佐藤花子です", "佐藤花子"),
            ("제 이름은 박지훈입니다", "박지훈"),
            ("je suis Mathilde Roussel", "Mathilde Roussel"),
        ] {
            assert!(probe(text).contains(&(name.to_owned(), "PERSON")), "{text}: {:?}", probe(text));
        }
    }

    #[test]
    fn who_says_what_he_is_says_no_name() {
        for text in
            ["je suis perdu", "ich bin Kunde bei Ihnen", "soy cliente", "sono un cliente", "我是你们的客户"]
        {
            assert_eq!(probe(text), [], "{text}");
        }
    }
}
