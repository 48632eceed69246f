//! Words that tell a language that is written in Latin letters: its small ones, and those that speak of money. Compared
//! without accents, which phones leave out.

use std::{collections::HashMap, sync::LazyLock};

use whatlang::Lang;

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It holds sentences together: with others of its language it tells it.
    Small,
    /// It speaks of money, cards or theft: alone it tells a language where it is not English.
    Money,
}

/// A language: its small words, and those of money.
type Told = (Lang, &'static str, &'static str);

const LANGUAGES: &[Told] = &[
    (
        Lang::Spa,
        "cuánto cuesta una el los las mi qué cómo como puedo tengo dónde quiero por está me ayuda para del con se ha han nueva perdí robaron necesito mis su",
        "tarjeta tarjetas robada robado robo robaron cuenta dinero banco préstamo transferencia saldo contraseña deuda fraude estafa hipoteca bloqueada bloqueo cajero perdida perdido cartera pago factura",
    ),
    (
        Lang::Por,
        "quanto custa uma meu minha como onde não posso tenho quero perdi roubaram ajuda para com está preciso os dos das",
        "cartão conta dinheiro banco empréstimo roubo roubado roubada transferência saldo senha dívida fraude golpe perdido perdida bloqueado bloqueada pagamento",
    ),
    (
        Lang::Ita,
        "quanto costa una il mia mio come dove posso ho voglio della che perso rubato aiuto per con sono gli del",
        "carta conto soldi denaro banca prestito furto rubata rubato bonifico saldo truffa bloccato bloccata mutuo smarrita debito pagamento",
    ),
    (
        Lang::Fra,
        "combien coûte une le la ma mon est comment où puis je j'ai ai perdu volé pour aide les des mes dans avec pas vous",
        "carte compte banque prêt volée volé virement solde fraude arnaque bloqué bloquée dette hypothèque perdue perdu paiement chéquier",
    ),
    (
        Lang::Deu,
        "wie kostet eine einen der das ist ich mein meine wo und nicht habe hilfe kann für den mit zu auf was wurde",
        "karte konto geld kredit gestohlen verloren überweisung kontostand passwort betrug gesperrt schulden diebstahl darlehen hypothek geldautomat zahlung",
    ),
    (
        Lang::Nld,
        "hoeveel kost een het mijn waar ik heb niet voor hoe kan de van met is",
        "kaart rekening geld lening gestolen verloren overschrijving wachtwoord fraude geblokkeerd schuld oplichting diefstal hypotheek betaling",
    ),
    (
        Lang::Afr,
        "hoeveel kos nuwe ek het nie waar vir hoe wat my is",
        "kaart rekening geld lening gesteel verloor wagwoord bedrog skuld geblokkeer",
    ),
    (
        Lang::Tgl,
        "magkano po ang bagong saan paano ko ng aking sa na",
        "pera nawala ninakaw utang nanakaw naloko kwenta",
    ),
    (
        Lang::Ind,
        "berapa biaya saya bagaimana di mana baru yang untuk tidak apa",
        "kartu kad rekening uang akaun hilang dicuri pinjaman hutang penipuan diblokir saldo tabungan",
    ),
    (
        Lang::Hin,
        "mera meri mujhe kya kaise hai nahi kitna karun gaya ho kahan ka ki ke se mein",
        "paisa paise chori khata karz udhaar dhokha",
    ),
    (
        Lang::Zul,
        "ngilahlekelwe ngicela malini kanjani yami lami yikhadi",
        "ikhadi imali akhawunti intshontshiwe lebiwe isikweletu",
    ),
    (
        Lang::Tur,
        "ne kadar nasıl nerede bir benim mi ve için",
        "kartım kartımı hesap hesabım çalındı kayboldu kredi borç şifre dolandırıcılık ücreti havale",
    ),
    (
        Lang::Pol,
        "ile kosztuje nowa moja moje jak gdzie nie mam się jest na",
        "karta kartę konto pieniądze kredyt skradziono skradziona zgubiłem zgubiona przelew hasło oszustwo dług pożyczka",
    ),
    (Lang::Vie, "tôi của không là bao nhiêu bị làm thế nào", "tiền khoản trộm"),
    (
        Lang::Swe,
        "hur vad kostar mitt jag inte är en ett och min",
        "konto pengar stulet stulen skuld bedrägeri lösenord spärrat",
    ),
    (
        Lang::Dan,
        "hvordan hvad koster mit jeg ikke er en et og min",
        "konto penge stjålet gæld svindel adgangskode spærret",
    ),
    (
        Lang::Nob,
        "hvordan hva koster mitt jeg ikke er en et og min",
        "konto penger stjålet gjeld svindel passord sperret",
    ),
    (
        Lang::Fin,
        "miten mitä maksaa minun en ole se on ja",
        "kortti kortin tili tilin raha rahat varastettu laina velka salasana huijaus",
    ),
    (
        Lang::Ces,
        "kolik stojí jak moje moji kde je se na nemám",
        "karta kartu účet peníze ukradli ukradena ztracená půjčka dluh heslo podvod",
    ),
    (
        Lang::Ron,
        "cât costă cum unde meu mea este nu am și pe",
        "bani furat furată pierdut împrumut datorie parolă fraudă",
    ),
    (
        Lang::Hun,
        "mennyi mennyibe hogyan hol az egy nem van és",
        "kártya kártyám számla pénz ellopták elveszett hitel tartozás jelszó csalás",
    ),
    (
        Lang::Hrv,
        "koliko košta kako gdje moja moj je nije se na",
        "kartica karticu račun novac ukradena izgubljena kredit lozinka prijevara",
    ),
];

static KNOWN: LazyLock<HashMap<String, Vec<(Lang, Kind)>>> = LazyLock::new(|| {
    let mut known: HashMap<String, Vec<(Lang, Kind)>> = HashMap::new();
    for (lang, small, money) in LANGUAGES {
        for (words, kind) in [(money, Kind::Money), (small, Kind::Small)] {
            for word in words.split(' ') {
                let of = known.entry(plain(word)).or_default();
                if !of.iter().any(|(other, _)| other == lang) {
                    of.push((*lang, kind));
                }
            }
        }
    }
    known
});

/// The languages that a lower-case word belongs to.
pub(super) fn known(word: &str) -> &'static [(Lang, Kind)] {
    KNOWN.get(&plain(word)).map_or(&[], Vec::as_slice)
}

fn plain(word: &str) -> String {
    word.chars()
        .filter_map(|c| match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' | 'ạ' | 'ả' => Some('a'),
            'ç' | 'ć' | 'č' => Some('c'),
            'ď' | 'đ' => Some('d'),
            'è'..='ë' | 'ē' | 'ę' | 'ě' | 'ẻ' | 'ế' | 'ề' => Some('e'),
            'ì'..='ï' | 'ī' | 'ı' | 'ị' => Some('i'),
            'ñ' | 'ń' | 'ň' => Some('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' | 'ọ' | 'ộ' => Some('o'),
            'ř' => Some('r'),
            'ś' | 'š' | 'ş' | 'ș' => Some('s'),
            'ť' | 'ț' => Some('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ư' | 'ừ' => Some('u'),
            'ý' | 'ÿ' => Some('y'),
            'ź' | 'ż' | 'ž' => Some('z'),
            'ğ' => Some('g'),
            'ł' => Some('l'),
            '\u{300}'..='\u{36f}' => None,
            other => Some(other),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_with_and_without_its_accents() {
        assert!(known("prêt").contains(&(Lang::Fra, Kind::Money)));
        assert_eq!(known("pret"), known("prêt"));
        assert!(known("account").is_empty() && known("robot").is_empty());
        let english = |word: &&str| contactiq_nlu::text::is_stop_word(word);
        let money: Vec<&str> = LANGUAGES.iter().flat_map(|(_, _, money)| money.split(' ')).collect();
        assert!(
            !money.iter().any(|word| word.is_empty() || english(&plain(word).as_str())),
            "no word is English"
        );
    }
}
