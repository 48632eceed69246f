//! What a document says of itself: the body is the end of the text, and what was read, written again, is read alike.
//! A text that had its front matter left out says who may see it no more.
#![no_main]

use contactiq_domain::Collection;
use contactiq_ingest::{FrontMatter, day, format_of, least_role, parse_with, short_name, title};
use libfuzzer_sys::fuzz_target;

/// As a person would write it.
fn written(matter: &FrontMatter) -> String {
    let mut text = "---\n".to_owned();
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("{key}: \"{value}\"\n"));
        }
    };
    add("title", matter.title.clone());
    add("url", matter.url.clone());
    add("product", matter.product.clone());
    add("owner", matter.owner.clone());
    add("collection", matter.collection.map(|c| c.to_string()));
    add("content_type", matter.content_type.map(|c| c.to_string()));
    add("role", matter.role.map(|r| r.to_string()));
    add("valid_from", matter.valid_from.map(|d| d.to_string()));
    add("valid_until", matter.valid_until.map(|d| d.to_string()));
    text + "---\n"
}

fuzz_target!(|text: &str| {
    let _ = (format_of(text), title(text), short_name(text), least_role(text));
    if let Ok(Some(found)) = day(text) {
        assert_eq!(found.to_string(), text);
    }
    let given = FrontMatter { collection: Some(Collection::Customer), ..FrontMatter::default() };
    if let Ok(draft) = parse_with("a.txt", &FrontMatter::left_out(text.as_bytes().to_vec()), &given) {
        assert_eq!(draft.matter, given);
    }
    let Ok((matter, body)) = FrontMatter::split(text) else { return };
    assert!(text.ends_with(body));
    let texts = [&matter.title, &matter.url, &matter.product, &matter.owner];
    // Quotation marks around a value are no part of it.
    if texts.into_iter().flatten().all(|value| !value.contains('"')) {
        assert_eq!(FrontMatter::split(&written(&matter)), Ok((matter.clone(), "")));
    }
    assert_eq!(matter.clone().or(&FrontMatter::default()).as_ref(), Ok(&matter));
    assert_eq!(FrontMatter::default().or(&matter).as_ref(), Ok(&matter));
});
