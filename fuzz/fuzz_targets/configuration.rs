//! The configuration file, secrets by reference and forwarded addresses: any text is refused in words that name a field,
//! or used.
#![no_main]

use std::{collections::HashMap, fs, net::IpAddr};

use contactiq_server::{
    config::load_from,
    guard::proxies::{Proxies, network},
    secrets::{Reference, weakness},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let path = std::env::temp_dir().join(format!("contactiq-fuzz-{}.toml", std::process::id()));
    fs::write(&path, text).expect("the folder of temporary files can be written to");
    match load_from(Some(&path), &HashMap::new()) {
        Err(wrong) => assert!(wrong.0.iter().all(|line| !line.trim().is_empty())),
        Ok(config) => {
            let _ = (config.secret_warnings(), config.llm.in_order(), config.bank.people.general_opening());
            let mut headers = axum::http::HeaderMap::new();
            if let Ok(value) = text.lines().next().unwrap_or_default().trim_start_matches('#').parse() {
                headers.insert("x-forwarded-for", value);
            }
            let _ = Proxies::of(&config.server).from(IpAddr::from([127, 0, 0, 1]), &headers);
        }
    }
    let _ = (Reference::parse(text), network(text), weakness(text));
});
