//! Which parts of a text are not English. What was learned of English sentences, and what English words promise
//! a name, says nothing of them: there every other word is unknown, and unknown words look like names.

use super::{
    lexicon::traits as t,
    page::{Gap, Kind, Page},
};

/// Words that carry no content in other languages and are no English words; without accents.
const FUNCTION: &str = "\
que como para por pero cuando donde cual cuanto cuanta quiero tengo mis los las unos esta este hay puedo hacer \
el una han cuesta hago ich ist nicht und der das ein eine einen mein meine wie wann wo bitte sie auf fur mit von wird kann \
haben bin habe zu sind wir jemand kostet hoch je j'ai mon ma mes est les des une quels quelle pour dans avec sur pas comment \
combien ai dois m'a qu'est il che mi hanno ho mio mia quanto della non posso sono qual di meu minha uma custa \
nao eu tenho foi ik het een niet mijn hoe wat voor van kan kost jak jest moja moje mam nie sie ktos za czy nasil bir \
benim bu icin hemen saya tidak yang ini untuk dengan apa bagaimana tolong sudah bisa ang ng mga ano po hindi ay \
magkano nawala gagawin yangu wangu nini gani kwa sana yako nifanye la toi cua khong phai bao nhieu nao lam bi este cum pentru \
mea meu jag mitt inte och hur det ett jeg ikke og hvad hvordan minun mika miten olen kuinka moj moja kako nije \
mera meri mujhe hai gaya kya kaise nahi karo liye chahiye";

/// From so many unknown small words on a part of a text can be another language's without any that is known.
const FEWEST: usize = 3;

/// For each token whether it stands in a part of the text that is not English: a sentence or a line.
pub(super) fn foreign(page: &Page<'_>) -> Vec<bool> {
    let mut foreign = vec![false; page.tokens.len()];
    let mut begin = 0;
    for token in 0..page.tokens.len() {
        let last = token + 1 == page.tokens.len();
        let ends = matches!(page.slice(token), "." | "!" | "?" | "¿" | "¡" | "。" | "！" | "？" | "।")
            && page.gap(token + 1) != Gap::None
            || page.gap(token + 1) == Gap::Break;
        if ends || last {
            if is_foreign(page, begin, token) {
                foreign[begin..=token].fill(true);
            }
            begin = token + 1;
        }
    }
    foreign
}

fn is_foreign(page: &Page<'_>, first: usize, last: usize) -> bool {
    let (mut english, mut other, mut unknown, mut letters, mut latin) = (0, 0, 0, 0usize, 0usize);
    for token in (first..=last).filter(|t| page.tokens[*t].kind == Kind::Word) {
        let slice = page.slice(token);
        letters += slice.chars().count();
        latin += slice.chars().filter(|c| *c < '\u{250}').count();
        let traits = page.entry(token).traits;
        // A name is the same in every language.
        if page.has(token, t::OTHER_TONGUE) {
            other += 1;
        } else if traits & (t::FUNCTION | t::COMMON | t::RELATION | t::CURRENCY | t::QUANTITY | t::PAY) != 0
            || !page.entry(token).phrases.is_empty()
            || page.entry(token).spoken.is_some()
        {
            english += 1;
        } else if traits & (t::GIVEN | t::FAMILY | t::CITY | t::STREET | t::STREET_WEAK | t::STATE) == 0
            && (!page.cased || !page.is_capital(token))
        {
            unknown += 1;
        }
    }
    // Another script is never English.
    if letters >= 4 && latin * 2 < letters {
        return true;
    }
    (other >= 2 || other == 1 && unknown >= 1) && other + unknown > english
        || unknown >= FEWEST && english * 3 < unknown
}

pub(super) fn words() -> impl Iterator<Item = &'static str> {
    FUNCTION.split_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tongue(text: &str) -> Vec<bool> {
        let mut parts = Page::new(text, &[]).foreign;
        parts.dedup();
        parts
    }

    #[test]
    fn sentences_of_other_languages_are_told_apart() {
        for text in [
            "dónde encuentro el número de mi cuenta",
            "Wo finde ich die Nummer von meinem Konto?",
            "où est le numéro de mon compte",
            "dove trovo il numero del conto",
            "gdzie jest numer mojego konta",
            "di mana saya menemukan nomor rekening",
            "nambari ya akaunti yangu iko wapi",
            "где номер моего счёта",
            "账号在哪里可以找到",
            "मेरा खाता नंबर कहाँ है",
        ] {
            assert_eq!(tongue(text), [true], "{text}");
        }
    }

    #[test]
    fn english_with_names_and_slips_is_english() {
        for text in [
            "where do i find the number of my account",
            "please add Oluwakemi Abiodun-Fashola to my account",
            "transfer to nkechinyere okonjo hasn't arrived",
            "wher cn i fnd the numbr of my acount pls",
            "Kind regards\nZdzisława Brzęczyszczykiewicz",
            "Margarethe Köhler-Önder",
            "12 Wattlebird Crescent Yarrawonga",
        ] {
            assert_eq!(tongue(text), [false], "{text}");
        }
        assert_eq!(tongue("my card is gone.\nmi tarjeta no está, qué hago"), [false, true]);
    }
}
