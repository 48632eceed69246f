use super::*;

fn sealer(key: u8) -> Sealer {
    Sealer::new(&[key; 32], || [7; 12])
}

#[test]
fn what_was_sealed_opens_at_its_place_only() {
    let text = Masked::by_guard("where is my <CARD_1>".into());
    let sealed = sealer(1).seal(&text, "interactions.question/a");
    assert_eq!(sealer(1).open(&sealed, "interactions.question/a").unwrap(), text);
    assert_eq!(sealer(1).open(&sealed, "interactions.question/b"), Err(SealError::NotAuthentic));
    assert_eq!(sealer(2).open(&sealed, "interactions.question/a"), Err(SealError::UnknownKey));
    assert!(!sealed.windows(5).any(|w| w == b"where"));
}

#[test]
fn a_blind_index_is_the_same_with_the_same_key_alone() {
    let one = sealer(1).blind("person");
    assert_eq!((one.len(), &one), (64, &sealer(1).blind("person")));
    assert!(one != sealer(2).blind("person") && one != sealer(1).blind("persons"));
}

#[test]
fn what_was_erased_says_so_and_nothing_else_does() {
    assert_eq!(sealer(1).open(ERASED, "anywhere"), Ok(Masked::erased()));
    assert_eq!(sealer(1).seal(&Masked::erased(), "anywhere"), ERASED);
    assert_eq!(sealer(1).open(&[0, 0], "anywhere"), Err(SealError::Malformed));
    assert!(sealer(1).open_placeholders(ERASED, "anywhere").is_err());
}

#[test]
fn a_pseudonym_stands_for_its_word_and_needs_the_key() {
    let one = sealer(1).pseudonym("person@bank.example");
    assert_eq!(one, sealer(1).pseudonym("person@bank.example"));
    assert!(one.len() == 32 && one != sealer(1).pseudonym("person@bank.exampl"), "{one}");
    assert_ne!(one, sealer(2).pseudonym("person@bank.example"));
    let next = std::sync::atomic::AtomicU8::new(0);
    let counting =
        Sealer::new(&[1; 32], move || [next.fetch_add(1, std::sync::atomic::Ordering::SeqCst); 12]);
    assert_ne!(counting.fresh(), counting.fresh());
}

#[test]
fn every_flipped_byte_is_noticed() {
    let sealed = sealer(1).seal(&Masked::by_guard("abc".into()), "p");
    for i in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[i] ^= 1;
        assert!(sealer(1).open(&bad, "p").is_err(), "byte {i}");
    }
    assert_eq!(sealer(1).open(&sealed[..10], "p"), Err(SealError::Malformed));
}

#[test]
fn placeholders_open_at_their_place_and_never_as_text() {
    let mut placeholders = Placeholders::default();
    assert!(placeholders.take(crate::PersonalType::Person, "Zorblat Quimby", 1, true));
    assert!(placeholders.take(crate::PersonalType::CreditCard, "4111 1111 1111 1111", 1, false));
    let sealed = sealer(1).seal_placeholders(&placeholders, "c/a");
    assert!(sealer(1).open(&sealed, "c/a").is_err() && sealer(1).open(&sealed, "values\0c/a").is_err());
    assert!(sealer(1).open_placeholders(&sealed, "c/b").is_err());
    assert!(sealer(1).open_placeholders(&sealer(1).seal(&Masked::empty(), "c/a"), "c/a").is_err());
    let opened = sealer(1).open_placeholders(&sealed, "c/a").unwrap();
    assert!(!String::from_utf8(opened.to_bytes()).unwrap().contains("4111"), "a card is not kept at all");
    let mut numbering = opened.numbering();
    assert_eq!(numbering.number(crate::PersonalType::Person, "zorblat quimby"), (1, false));
    assert_eq!(numbering.number(crate::PersonalType::CreditCard, "4111 1111 1111 1111"), (2, true));
    assert_eq!(format!("{opened:?}"), "Placeholders(1 values)");
}

fn keys(active: u8, others: &[u8]) -> KeyEncryption {
    let all: Vec<[u8; 32]> = std::iter::once(active).chain(others.iter().copied()).map(|k| [k; 32]).collect();
    let next = std::sync::atomic::AtomicU8::new(0);
    KeyEncryption::new(&all, Arc::new(move || [next.fetch_add(1, std::sync::atomic::Ordering::SeqCst); 12]))
        .unwrap()
}

#[test]
fn a_wrapped_key_opens_with_its_key_at_its_place_alone() {
    let (keys, key) = (keys(1, &[2]), [9; 32]);
    let wrapped = keys.wrap(&key, "data_keys/a");
    assert_eq!(*keys.unwrap(keys.active(), &wrapped, "data_keys/a").unwrap(), key);
    assert_eq!(keys.unwrap(keys.active(), &wrapped, "data_keys/b"), Err(SealError::NotAuthentic));
    assert_eq!(keys.unwrap("0123456789abcdef", &wrapped, "data_keys/a"), Err(SealError::UnknownKey));
    let other = self::keys(2, &[]);
    assert_eq!(other.unwrap(keys.active(), &wrapped, "data_keys/a"), Err(SealError::UnknownKey));
    assert_eq!(self::keys(2, &[1]).unwrap(keys.active(), &wrapped, "data_keys/a").map(|k| *k), Ok(key));
    assert!(!wrapped.windows(8).any(|part| part == [9; 8]));
}

#[test]
fn what_is_sealed_for_a_person_opens_with_that_persons_key_alone() {
    let sealer = sealer(1);
    let (one, other) =
        (DataKey::new([1; 16], [3; 32], Vec::new()), DataKey::new([1; 16], [4; 32], Vec::new()));
    let stranger = DataKey::new([2; 16], [3; 32], Vec::new());
    let text = Masked::by_guard("where is my card".into());
    let sealed = sealer.seal_for(&one, &text, "interactions.question/a");
    assert_eq!(key_of(&sealed), Some([1; 16]));
    assert_eq!(sealer.open_for(&one, &sealed, "interactions.question/a"), Ok(text));
    assert_eq!(sealer.open_for(&one, &sealed, "interactions.question/b"), Err(SealError::NotAuthentic));
    assert_eq!(sealer.open_for(&other, &sealed, "interactions.question/a"), Err(SealError::NotAuthentic));
    assert_eq!(sealer.open_for(&stranger, &sealed, "interactions.question/a"), Err(SealError::NotAuthentic));
    assert_eq!(sealer.open(&sealed, "interactions.question/a"), Err(SealError::Malformed));
    for at in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        assert!(sealer.open_for(&one, &bad, "interactions.question/a").is_err(), "byte {at}");
    }
    assert_eq!(sealer.seal_for(&one, &Masked::erased(), "p"), ERASED);
}

#[test]
fn a_hidden_name_is_told_at_its_place_and_one_in_the_clear_as_it_is() {
    let (sealer, key) = (sealer(1), DataKey::new([1; 16], [3; 32], Vec::new()));
    let passing = sealer.hide("Zorblat", "interactions.session/a");
    let kept = sealer.hide_for(&key, "Zorblat", "interactions.session/a");
    assert!(!passing.contains("Zorblat") && !kept.contains("Zorblat"));
    assert_eq!(sealer.reveal(&passing, "interactions.session/a").unwrap(), "Zorblat");
    assert_eq!(sealer.reveal_for(&key, &kept, "interactions.session/a").unwrap(), "Zorblat");
    assert!(sealer.reveal(&passing, "interactions.session/b").is_err());
    assert_eq!(sealer.reveal_for(&key, "sealed:no", "x").unwrap(), "sealed:no");
    assert_eq!(sealer.reveal("erased", "interactions.session/a").unwrap(), "erased");
}

#[test]
fn what_the_version_before_sealed_still_opens() {
    let before = sealer(1);
    let text = Masked::by_guard("where is my card".into());
    let old = before.seal(&text, "p");
    let now = Sealer::of(&[1; 32], &[2; 32], Arc::new(|| [7; 12]));
    assert_eq!(now.open(&old, "p"), Ok(text.clone()));
    assert_eq!(before.open(&now.seal(&text, "p"), "p"), Err(SealError::UnknownKey));
    assert_eq!(now.blind("a"), before.blind("a"), "what was found by its index is found still");
    assert_eq!(now.derived("x"), before.derived("x"));
}
