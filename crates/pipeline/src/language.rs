//! Another language than English: a polite sentence in it, and a person (the documents are in English,
//! and what was learned is too, so neither an answer nor a refusal would be honest).

mod words;

use whatlang::{Lang, Script};

use words::Kind;

/// With fewer words a name of a shop or a place decides; they are left to the taxonomy.
const FEWEST_WORDS: usize = 4;
/// A sentence with this share of words that the bank's English uses is English, oddly put.
const ENGLISH: f64 = 0.4;
/// The same where a sentence is too short for its trigrams to be sure.
const HARDLY_ENGLISH: f64 = 0.15;
/// More words than these leave no doubt about their language.
const LONG: usize = 15;
/// Letters outside the Latin script, from this share on.
const FOREIGN_LETTERS: f64 = 0.5;

/// A run of so many consonants is a hand on a keyboard: the languages that have some are known by their small words.
const UNSPEAKABLE: usize = 5;
/// With fewer words of one language nothing is sure, unless they speak of money.
const FEWEST_SMALL: usize = 3;

/// The language that the known words say: two of them and a third of all; or, in a word or two, a word of money with
/// no English beside it.
fn by_known_words(all: &[&str], uses: &impl Fn(&str) -> bool) -> Option<Lang> {
    // "Is" and "my" are Dutch and Afrikaans too; a taxonomy may have examples in Spanish.
    let of_money = |word: &str| words::known(word).iter().any(|(_, kind)| *kind == Kind::Money);
    let foreign = all.iter().filter(|word| !uses(word) || of_money(word));
    let known: Vec<(Lang, Kind)> = foreign.clone().flat_map(|word| words::known(word)).copied().collect();
    let count = |lang: Lang| known.iter().filter(|(of, _)| *of == lang).count();
    let hits = known.iter().map(|(lang, _)| count(*lang)).max()?;
    let (lang, _) = known.iter().find(|(lang, _)| count(*lang) == hits)?;
    if all.len() >= FEWEST_SMALL {
        return (hits >= 2 && 3 * hits >= all.len()).then_some(*lang);
    }
    let speaks_of_money = known.iter().any(|(of, kind)| of == lang && *kind == Kind::Money);
    (speaks_of_money && foreign.count() == all.len()).then_some(*lang)
}

/// The language of a message, when it is surely not English. `uses` says which lower-case words the
/// bank's own English has.
pub(crate) fn other(text: &str, uses: impl Fn(&str) -> bool) -> Option<Lang> {
    let without = without_names(text, &uses);
    // Of a short message the names are most of what it says.
    let text = if without.split_whitespace().count() >= FEWEST_WORDS { without.as_str() } else { text };
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters == 0 {
        return None;
    }
    let found = whatlang::detect(text)?;
    let foreign = text.chars().filter(|c| c.is_alphabetic() && !is_latin(*c)).count();
    if found.script() != Script::Latin && foreign as f64 >= FOREIGN_LETTERS * letters as f64 {
        return Some(found.lang());
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|word| word.len() > 1).collect();
    if let Some(lang) = by_known_words(&words, &uses) {
        return Some(lang);
    }
    let known = words.iter().filter(|word| uses(word)).count();
    let least = if found.is_reliable() { ENGLISH } else { HARDLY_ENGLISH };
    let english = found.lang() == Lang::Eng || known as f64 >= least * words.len() as f64;
    // A text of this length has sure trigrams in any language: where it has none, it is noise.
    let noise = words.len() > LONG && !found.is_reliable();
    let spoken = match found.is_reliable() {
        true => words.iter().all(|word| can_be_said(word)),
        false => words.iter().any(|word| !words::known(word).is_empty()),
    };
    (words.len() >= FEWEST_WORDS && !english && !noise && spoken).then(|| found.lang())
}

/// A message without the words that stand in it with a capital letter, in the middle of a sentence, and are the bank's
/// English: a product keeps its name in any language.
fn without_names(text: &str, uses: &impl Fn(&str) -> bool) -> String {
    let mut begins = true;
    let is_kept = |token: &&str| {
        let first = std::mem::replace(&mut begins, token.ends_with(['.', '!', '?', ':']));
        let word = token.trim_matches(|c: char| !c.is_alphabetic());
        first || !word.starts_with(char::is_uppercase) || !uses(&word.to_lowercase())
    };
    text.split_whitespace().filter(is_kept).collect::<Vec<_>>().join(" ")
}

/// Whether a word has vowels where a mouth needs them.
fn can_be_said(word: &str) -> bool {
    let is_consonant = |c: char| c.is_ascii_alphabetic() && !"aeiouy".contains(c.to_ascii_lowercase());
    let mut run = 0;
    word.chars().all(|c| {
        run = if is_consonant(c) { run + 1 } else { 0 };
        run < UNSPEAKABLE
    })
}

fn is_latin(c: char) -> bool {
    matches!(c, '\u{41}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// "I can help in English only. A person takes over." in that language; in English where we have none.
/// Nothing is promised that the next sentences don't say.
pub(crate) const fn sentence(lang: Lang) -> &'static str {
    match lang {
        Lang::Spa => "Lo siento, solo puedo ayudar en inglés. Estos son los datos de contacto:",
        Lang::Fra => "Désolé, je ne peux aider qu'en anglais. Voici comment nous joindre :",
        Lang::Deu => "Es tut mir leid, ich kann nur auf Englisch helfen. So erreichen Sie uns:",
        Lang::Ita => "Mi dispiace, posso aiutare solo in inglese. Ecco come contattarci:",
        Lang::Por => "Lamento, só posso ajudar em inglês. Veja como falar connosco:",
        Lang::Nld => "Het spijt me, ik kan alleen in het Engels helpen. Zo bereikt u ons:",
        Lang::Pol => "Przykro mi, mogę pomóc tylko po angielsku. Oto dane kontaktowe:",
        Lang::Tur => "Üzgünüm, yalnızca İngilizce yardımcı olabiliyorum. Bize şöyle ulaşabilirsiniz:",
        Lang::Vie => "Rất tiếc, tôi chỉ có thể hỗ trợ bằng tiếng Anh. Quý vị có thể liên hệ:",
        Lang::Tgl => "Paumanhin, sa Ingles lamang ako makakatulong. Ganito kami maaabot:",
        Lang::Ind => "Maaf, saya hanya dapat membantu dalam bahasa Inggris. Cara menghubungi kami:",
        Lang::Cmn => "很抱歉，我只能用英语提供帮助。您可以这样联系我们：",
        Lang::Jpn => "申し訳ありませんが、英語でのみご案内できます。お問い合わせ先：",
        Lang::Kor => "죄송하지만 영어로만 도와드릴 수 있습니다. 연락 방법:",
        Lang::Ara => "عذرًا، لا أستطيع المساعدة إلا بالإنجليزية. يمكنك التواصل معنا هكذا:",
        Lang::Pes => "متأسفم، فقط به انگلیسی می‌توانم کمک کنم. راه تماس با ما:",
        Lang::Urd => "معذرت، میں صرف انگریزی میں مدد کر سکتا ہوں۔ رابطے کا طریقہ:",
        Lang::Hin => "क्षमा करें, मैं केवल अंग्रेज़ी में मदद कर सकता हूँ। संपर्क का तरीका:",
        Lang::Ben => "দুঃখিত, আমি শুধু ইংরেজিতে সাহায্য করতে পারি। যোগাযোগের উপায়:",
        Lang::Pan => "ਮਾਫ਼ ਕਰਨਾ, ਮੈਂ ਸਿਰਫ਼ ਅੰਗਰੇਜ਼ੀ ਵਿੱਚ ਮਦਦ ਕਰ ਸਕਦਾ ਹਾਂ। ਸੰਪਰਕ ਦਾ ਤਰੀਕਾ:",
        Lang::Tam => "மன்னிக்கவும், ஆங்கிலத்தில் மட்டுமே உதவ முடியும். தொடர்பு கொள்ளும் முறை:",
        Lang::Rus => "Извините, я могу помочь только на английском. Как с нами связаться:",
        Lang::Ukr => "Вибачте, я можу допомогти лише англійською. Як з нами зв'язатися:",
        Lang::Ell => "Λυπάμαι, μπορώ να βοηθήσω μόνο στα αγγλικά. Επικοινωνήστε μαζί μας έτσι:",
        Lang::Heb => "מצטערים, אפשר לעזור רק באנגלית. כך פונים אלינו:",
        Lang::Tha => "ขออภัย ฉันช่วยได้เฉพาะภาษาอังกฤษ ติดต่อเราได้ดังนี้:",
        Lang::Swe => "Tyvärr kan jag bara hjälpa till på engelska. Så här når du oss:",
        Lang::Dan => "Beklager, jeg kan kun hjælpe på engelsk. Sådan kontakter du os:",
        Lang::Nob => "Beklager, jeg kan bare hjelpe på engelsk. Slik når du oss:",
        Lang::Fin => "Valitettavasti voin auttaa vain englanniksi. Näin tavoitat meidät:",
        Lang::Ces => "Je mi líto, mohu pomoci pouze v angličtině. Takto nás můžete kontaktovat:",
        Lang::Ron => "Îmi pare rău, pot ajuta doar în engleză. Ne puteți contacta astfel:",
        Lang::Hun => "Sajnálom, csak angolul tudok segíteni. Így ér el minket:",
        Lang::Hrv => "Žao mi je, mogu pomoći samo na engleskom. Ovako nas možete kontaktirati:",
        Lang::Afr => "Jammer, ek kan net in Engels help. So bereik u ons:",
        _ => "Sorry, I can help in English only.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(word: &str) -> bool {
        ["what", "is", "the", "fee", "for", "a", "my", "card", "how", "do", "i", "transfer", "to", "money"]
            .contains(&word)
    }

    #[test]
    fn a_product_keeps_its_name_in_any_language() {
        let bank = |word: &str| {
            english(word) || ["low", "rate", "smart", "saver", "credit", "account"].contains(&word)
        };
        for (text, lang) in [
            ("Quels sont les frais annuels de la carte Low Rate Credit ?", Some(Lang::Fra)),
            ("Wie hoch ist der Zins auf dem Smart Saver Account im Jahr?", Some(Lang::Deu)),
            ("¿Cuánto cuesta al año la tarjeta Low Rate Credit?", Some(Lang::Spa)),
            ("What is the fee for my Low Rate Credit card", None),
            ("What Is The Fee For My Low Rate Credit Card", None),
            ("Smart Saver Account", None),
        ] {
            assert_eq!(other(text, bank), lang, "{text}");
        }
    }

    #[test]
    fn other_languages_are_told_from_english() {
        for (text, lang) in [
            ("¿Cuánto cuesta reemplazar mi tarjeta si la pierdo?", Lang::Spa),
            ("Wie hoch ist die Gebühr für eine Überweisung ins Ausland?", Lang::Deu),
            ("我的卡丢了怎么办", Lang::Cmn),
            ("Сколько стоит перевод за границу?", Lang::Rus),
            ("मेरा कार्ड खो गया है", Lang::Hin),
        ] {
            assert_eq!(other(text, english), Some(lang), "{text}");
        }
        for (text, lang) in [
            ("¿Cuánto cuesta una tarjeta nueva?", Lang::Spa),
            ("Was kostet eine neue Karte?", Lang::Deu),
            ("Magkano po ang bagong card?", Lang::Tgl),
            ("mera card chori ho gaya hai kya karun", Lang::Hin),
            ("Wat kos 'n nuwe kaart?", Lang::Afr),
        ] {
            assert_eq!(other(text, english), Some(lang), "{text}");
        }
        // A word or two, where they speak of money; accents as people type them on a phone.
        for (text, lang) in [
            ("cartera robada", Lang::Spa),
            ("dinero", Lang::Spa),
            ("compte bloque", Lang::Fra),
            ("virement", Lang::Fra),
            ("Geld weg", Lang::Deu),
            ("conto bloccato", Lang::Ita),
            ("roubo", Lang::Por),
            ("rekening geblokkeerd", Lang::Nld),
            ("konto", Lang::Deu),
            ("kartu hilang", Lang::Ind),
        ] {
            assert!(other(text, english).is_some(), "{text} is {lang}");
        }
        assert_eq!(other("cartera robada", english), Some(Lang::Spa));
        assert_eq!(other("roubo", english), Some(Lang::Por));
        for text in [
            "me and the mrs, como estas lol, what is the fee for a card",
            "how do i get to la paz by card",
            "",
            "???",
            "what is the fee for a card",
            "how do i transfer money to my Sparkasse Girokonto",
            "transfer to Müller",
            "你好 how do i transfer money to my card",
            "IBAN",
            "mi card",
            "La Paz",
            "robot",
            "wkrtpl zxqvb ghtrd mnbvx plkjh trwqz",
            "Kwame",
            &"cjbeb gdhba iagd dgaid hfdh bagj ceii djab ".repeat(20),
        ] {
            assert_eq!(other(text, english), None, "{text}");
        }
    }
}
