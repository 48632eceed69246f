//! A sitemap: addresses without white space around them, none too long, and as many as fit into the file.
#![no_main]

use contactiq_ingest::web::Sitemap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(Sitemap::Pages(found) | Sitemap::Index(found)) = Sitemap::read(bytes) else { return };
    assert!(found.iter().all(|address| address.trim() == address && (1..=2_048).contains(&address.len())));
    // `<url><loc>a</loc></url>` is the shortest.
    assert!(found.len() * "<loc></loc>".len() <= bytes.len());
});
