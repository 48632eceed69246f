//! Markdown, HTML and plain text with their front matter: read twice alike, in passages that hold something and no line
//! too long, and what a process of its own reads is what is read here.
#![no_main]

use contactiq_domain::Collection;
use contactiq_ingest::{FrontMatter, Markup, Opened, parse, parse_with};
use libfuzzer_sys::fuzz_target;

/// A passage closes once it holds 600 characters; one block more is at most 2,400 bytes of lines, or one line of as
/// many characters.
const LONGEST: usize = 600 + 2 * 2_400;

fuzz_target!(|bytes: &[u8]| {
    for name in ["a.md", "a.html", "a.txt"] {
        let Ok(draft) = parse(name, bytes, Some(Collection::Customer)) else { continue };
        assert_eq!(parse(name, bytes, Some(Collection::Customer)).as_ref(), Ok(&draft));
        assert!(!draft.title.is_empty() && !draft.passages.is_empty());
        for (place, passage) in draft.passages.iter().enumerate() {
            assert_eq!(passage.position as usize, place);
            assert!(!passage.text.as_str().trim().is_empty());
            assert!(passage.text.as_str().lines().all(|line| line.chars().count() <= LONGEST));
        }
        let given = FrontMatter { collection: Some(Collection::Customer), ..FrontMatter::default() };
        let opened = Opened::new(name, bytes, &given).expect("it was read above");
        let contents = match opened.markup() {
            Some((wanted, body)) => match Markup::read(&wanted, body.as_bytes()) {
                Ok(Markup::File(contents)) => contents,
                other => panic!("contents were wanted: {other:?}"),
            },
            None => opened.contents(),
        };
        assert_eq!(opened.into_draft(contents).as_ref(), Ok(&draft));
        assert!(
            parse_with(name, bytes, &draft.matter).is_ok(),
            "what a document says of itself agrees with it"
        );
    }
});
