//! A page of the web and what stands beside it: passages that hold something, a name that is a name, and an answer that
//! comes back from the process that read it as it went.
#![no_main]

use contactiq_domain::Collection;
use contactiq_ingest::{
    FrontMatter, address,
    web::{Page, closes, slug},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let name = slug(text);
        assert!(name.len() <= 200 && !name.starts_with('-') && !name.contains([' ', '/', '.']));
        assert!(!closes(text, "contactiq") || text.to_ascii_lowercase().contains("no"));
        assert!(address(text).is_ok_and(|kept| kept == text) || address(text).is_err());
    }
    let Ok(page) = Page::read(bytes, "contactiq") else { return };
    let sent = serde_json::to_string(&page).expect("texts alone");
    assert_eq!(serde_json::from_str::<Page>(&sent).expect("it was written here"), page);
    let given = FrontMatter { collection: Some(Collection::Customer), ..FrontMatter::default() };
    let Ok(draft) = page.into_draft("bank.example/a", given) else { return };
    assert!(draft.passages.iter().all(|passage| !passage.text.as_str().trim().is_empty()));
});
