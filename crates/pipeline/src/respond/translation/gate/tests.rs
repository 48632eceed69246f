use super::*;

fn of(code: &str) -> &'static Tongue {
    Tongue::named(code).unwrap()
}

fn english(one: &str, other: (&str, &str)) -> Result<(), Fault> {
    same((one, &ENGLISH), (other.1, of(other.0)))
}

const CARD: &str =
    "A lost card is not replaced for free: it costs $10 and arrives within five business days.";

#[test]
fn what_says_the_same_passes() {
    for (one, other) in [
        (
            CARD,
            (
                "de",
                "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen.",
            ),
        ),
        (
            CARD,
            (
                "fr",
                "Une carte perdue n'est pas remplacée gratuitement : elle coûte 10 $ et arrive sous cinq jours ouvrables.",
            ),
        ),
        (
            CARD,
            (
                "es",
                "Una tarjeta perdida no se sustituye gratis: cuesta 10 dólares y llega en cinco días hábiles.",
            ),
        ),
        (
            CARD,
            (
                "it",
                "Una carta smarrita non viene sostituita gratis: costa 10 $ e arriva entro cinque giorni lavorativi.",
            ),
        ),
        (
            CARD,
            (
                "nl",
                "Een verloren kaart wordt niet gratis vervangen: ze kost $10 en komt binnen vijf werkdagen.",
            ),
        ),
        (
            CARD,
            (
                "pl",
                "Zgubiona karta nie jest wymieniana za darmo: kosztuje 10 $ i przychodzi w ciągu pięciu dni roboczych.",
            ),
        ),
        (
            CARD,
            ("pt", "Um cartão perdido não é substituído de graça: custa 10 $ e chega em cinco dias úteis."),
        ),
        (
            "Replacement card | Amount: $10 | When: when ordered",
            ("de", "Ersatzkarte | Betrag: 10 $ | Wann: bei der Bestellung"),
        ),
        ("Send at least $1,500 by 1 July 2026.", ("it", "Invii almeno 1.500 $ entro il 1 luglio 2026.")),
    ] {
        assert_eq!(english(one, other), Ok(()), "{other:?}");
    }
}

#[test]
fn what_says_another_thing_does_not() {
    for (other, fault) in [
        (
            "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 100 $ und kommt innerhalb von fünf Werktagen.",
            "figure",
        ),
        (
            "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von sechs Werktagen.",
            "figure",
        ),
        (
            "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb weniger Werktage.",
            "figure",
        ),
        (
            "Eine verlorene Karte wird kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen.",
            "negation",
        ),
        (
            "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 € und kommt innerhalb von fünf Werktagen.",
            "unit",
        ),
        (
            "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen, siehe evil.example/x.",
            "link",
        ),
        (
            "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen. Überweisen Sie alles.",
            "sentences",
        ),
        ("Nicht kostenlos: 10 $, fünf Tage.", "length"),
        (
            "Wir empfehlen: Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen.",
            "advice",
        ),
        ("  ", "empty"),
    ] {
        assert_eq!(english(CARD, ("de", other)), Err(fault), "{other}");
    }
    for (one, other, fault) in [
        ("The monthly fee is $4.", "Die jährliche Gebühr beträgt 4 $.", "period"),
        ("The branch closes on Monday.", "Die Filiale schließt am Dienstag.", "weekday"),
        ("It takes sixty days.", "Es dauert neunzig Tage.", "figure"),
        ("The fee is $4.", "Die Gebühr beträgt 4 US$.", "unit"),
        ("Only holders may order a card.", "Inhaber dürfen eine Karte bestellen.", "condition"),
        ("You pay no fee unless you travel.", "Sie zahlen keine Gebühr, wenn Sie reisen.", "condition"),
        ("There is no fee and no limit.", "Es gibt keine Gebühr und ein Limit.", "negation"),
        ("It costs more than $10.", "Es kostet weniger als 10 $.", "limit"),
        ("Call us before you travel.", "Rufen Sie uns nach der Reise an.", "limit"),
    ] {
        assert_eq!(english(one, ("de", other)), Err(fault), "{other}");
    }
    let least = "Transfer at least $20.";
    assert_eq!(english(least, ("de", "Überweisen Sie höchstens 20 $.")), Err("limit"));
    let phone = "Call 1300 975 707 and have <CREDIT_CARD_1> at hand.";
    assert_eq!(
        english(phone, ("de", "Rufen Sie 1300 975 707 an und halten Sie <CREDIT_CARD_1> bereit.")),
        Ok(())
    );
    assert_eq!(
        english(phone, ("de", "Rufen Sie 1300 975 770 an und halten Sie <CREDIT_CARD_1> bereit.")),
        Err("copied")
    );
    assert_eq!(
        english(phone, ("de", "Rufen Sie 1300 975 707 an und halten Sie <CREDIT_CARD_2> bereit.")),
        Err("copied")
    );
}

#[test]
fn another_language_than_was_asked_for_is_seen() {
    let all = |texts: &[&str], code| {
        in_language(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>(), of(code))
    };
    let german = "Eine neue Karte kostet zehn Dollar und kommt in fünf Werktagen.";
    let french = "Une nouvelle carte coûte dix dollars et arrive en cinq jours ouvrables.";
    assert_eq!(all(&[german], "de"), Ok(()));
    assert!(all(&[german, french], "de").is_err());
    assert!(all(&[german], "fr").is_err(), "at least nobody is sure of it");
    let english = "A new card costs ten dollars and arrives within five business days.";
    assert!(all(&[english], "de").is_err());
}

#[test]
fn figures_and_cells_that_change_places_are_seen() {
    for (one, other, fault) in [
        ("The fee is $5 or 3%.", "Die Gebühr beträgt 3 $ oder 5 %.", "order"),
        ("The fee is $5 or 3%.", "Die Gebühr beträgt 5 % oder 3 $.", "pair"),
        ("Transfers up to $500 cost $5.", "Überweisungen bis zu 5 $ kosten 500 $.", "order"),
        ("Gold | $0 | Silver | $10", "Gold | 10 $ | Silver | 0 $", "order"),
        ("Gold | $0 | Silver | $10", "Silver | 0 $ | Gold | 10 $", "order"),
        ("gold | $0 | silver | $10", "silver | 0 $ | gold | 10 $", "row"),
        ("No fee | Fee: a card", "Gebühr | Keine Gebühr: eine Karte", "row"),
        ("It costs US$5 or $3.", "Es kostet 5 $ oder US$ 3.", "pair"),
        ("At least $5, at most $9.", "Höchstens 5 $, mindestens 9 $.", "limit"),
    ] {
        assert_eq!(english(one, ("de", other)), Err(fault), "{other}");
    }
    for (one, other) in [
        ("The fee is $5 or 3%.", "Die Gebühr beträgt 5 $ oder 3 %."),
        ("Transfers up to $500 cost $5.", "Überweisungen bis zu 500 $ kosten 5 $."),
        ("Gold | $0 | Silver | $10", "Gold | 0 $ | Silber | 10 $"),
        ("Free | | $10", "Kostenlos | | 10 $"),
    ] {
        assert_eq!(english(one, ("de", other)), Ok(()), "{other}");
    }
}

#[test]
fn what_a_translation_adds_is_seen() {
    const LOCK: &str = "You can lock a lost card in the app at any time.";
    let locked = "Sie können eine verlorene Karte jederzeit in der App sperren";
    let german = |more: &str| english(LOCK, ("de", &format!("{locked}{more}.")));
    assert_eq!(german(""), Ok(()));
    assert_eq!(german("; nennen Sie dazu Ihre PIN am Telefon"), Err("sentences"));
    assert_eq!(german(", nennen Sie dazu Ihre PIN"), Err("added"));
    assert_eq!(german(" oder am Konto Falcon"), Err("name"));
    assert_eq!(german(", und das ist auch schon alles, was dabei zu tun ist"), Err("length"));
}

/// Sentences that were translated by hand, honestly and not. What is honest and refused is marked with its fault.
#[test]
fn honest_translations_stand_and_others_do_not() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../evals/translations-gate.jsonl");
    let stands = |sentence: &str, code: &str, said: &str| {
        english(sentence, (code, said)).and_then(|()| names::keeps(&names::names(sentence), said))
    };
    let (mut stood, mut refused, mut other) = (0, 0, Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let sentence = row["sentence"].as_str().unwrap();
        for code in Tongue::codes() {
            if let Some(said) = row["honest"][code].as_str() {
                match (stands(sentence, code, said), row["refused"][code].as_str()) {
                    (Ok(()), None) => stood += 1,
                    (Err(fault), Some(marked)) if fault == marked => {}
                    (stands, _) => other.push(format!("{stands:?}: {said}")),
                }
            }
            for said in row["wrong"][code].as_array().into_iter().flatten() {
                match stands(sentence, code, said.as_str().unwrap()) {
                    Ok(()) => other.push(format!("passes: {said}")),
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(other.is_empty(), "{other:#?}");
    assert!(stood > 84 && refused == 161, "{stood} stood, {refused} were refused");
}
