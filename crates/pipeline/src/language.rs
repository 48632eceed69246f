//! Another language than English: a polite sentence in it, and a person (the documents are in English,
//! and what was learned is too, so neither an answer nor a refusal would be honest).

use whatlang::{Lang, Script};

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

/// Small words that no English sentence has: with two of them, and a third of all words, a sentence too
/// short for its trigrams has its language all the same.
const SMALL_WORDS: &[(Lang, &[&str])] = &[
    (
        Lang::Spa,
        &[
            "cuánto", "cuanto", "cuesta", "una", "el", "los", "mi", "qué", "cómo", "como", "puedo", "tengo",
            "dónde", "quiero", "tarjeta", "por", "está", "nueva", "perdí", "robaron", "me", "ayuda",
        ],
    ),
    (
        Lang::Por,
        &[
            "quanto", "custa", "uma", "meu", "minha", "como", "onde", "não", "cartão", "posso", "tenho",
            "quero", "perdi", "roubaram", "é", "ajuda",
        ],
    ),
    (
        Lang::Ita,
        &[
            "quanto", "costa", "una", "il", "mia", "mio", "come", "dove", "carta", "posso", "ho", "voglio",
            "della", "che", "perso", "rubato", "aiuto",
        ],
    ),
    (
        Lang::Fra,
        &[
            "combien", "coûte", "une", "le", "la", "ma", "mon", "est", "comment", "où", "carte", "puis",
            "je", "j'ai", "ai", "perdu", "volé", "pour", "aide",
        ],
    ),
    (
        Lang::Deu,
        &[
            "wie",
            "kostet",
            "eine",
            "einen",
            "der",
            "das",
            "ist",
            "ich",
            "mein",
            "meine",
            "karte",
            "wo",
            "und",
            "nicht",
            "habe",
            "verloren",
            "gestohlen",
            "hilfe",
            "kann",
            "für",
        ],
    ),
    (
        Lang::Nld,
        &[
            "hoeveel", "kost", "een", "het", "mijn", "waar", "kaart", "ik", "heb", "niet", "voor",
            "verloren", "gestolen", "hoe", "kan",
        ],
    ),
    (
        Lang::Afr,
        &[
            "hoeveel", "kos", "nuwe", "kaart", "ek", "het", "nie", "waar", "vir", "gesteel", "verloor",
            "hoe", "wat",
        ],
    ),
    (
        Lang::Tgl,
        &["magkano", "po", "ang", "bagong", "saan", "paano", "ko", "ng", "nawala", "aking", "ninakaw"],
    ),
    (
        Lang::Ind,
        &["berapa", "biaya", "kartu", "kad", "saya", "bagaimana", "hilang", "dicuri", "di", "mana", "baru"],
    ),
    (
        Lang::Hin,
        &[
            "mera", "meri", "mujhe", "kya", "kaise", "hai", "nahi", "kitna", "karun", "gaya", "chori", "ho",
            "kahan", "paisa", "ka", "ki",
        ],
    ),
    (
        Lang::Zul,
        &["ngilahlekelwe", "ngicela", "yikhadi", "lami", "malini", "ikhadi", "kanjani", "imali", "yami"],
    ),
    (
        Lang::Tur,
        &[
            "ne",
            "kadar",
            "kart",
            "kartım",
            "nasıl",
            "nerede",
            "bir",
            "çalındı",
            "kayboldu",
            "benim",
            "ücreti",
        ],
    ),
    (
        Lang::Pol,
        &["ile", "kosztuje", "nowa", "karta", "moja", "jak", "gdzie", "nie", "mam", "skradziono", "zgubiłem"],
    ),
];
/// With fewer words nothing is sure.
const FEWEST_SMALL: usize = 3;

/// The language of the small words, where they say it.
fn by_small_words(words: &[&str]) -> Option<Lang> {
    let count = |small: &[&str]| words.iter().filter(|word| small.contains(word)).count();
    let (lang, hits) =
        SMALL_WORDS.iter().map(|(lang, small)| (*lang, count(small))).max_by_key(|(_, hits)| *hits)?;
    (words.len() >= FEWEST_SMALL && hits >= 2 && 3 * hits >= words.len()).then_some(lang)
}

/// The language of a message, when it is surely not English. `uses` says which lower-case words the
/// bank's own English has.
pub(crate) fn other(text: &str, uses: impl Fn(&str) -> bool) -> Option<Lang> {
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
    if let Some(lang) = by_small_words(&words) {
        return Some(lang);
    }
    let known = words.iter().filter(|word| uses(word)).count();
    let least = if found.is_reliable() { ENGLISH } else { HARDLY_ENGLISH };
    let english = found.lang() == Lang::Eng || known as f64 >= least * words.len() as f64;
    // A text of this length has sure trigrams in any language: where it has none, it is noise.
    let noise = words.len() > LONG && !found.is_reliable();
    (words.len() >= FEWEST_WORDS && !english && !noise).then(|| found.lang())
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
            &"cjbeb gdhba iagd dgaid hfdh bagj ceii djab ".repeat(20),
        ] {
            assert_eq!(other(text, english), None, "{text}");
        }
    }
}
