//! A prompt and providers for the tests.

use contactiq_guard::{Masked, Published};
use contactiq_llm::{Exchange, Http, Keyring, NumberedPassage, OpenAiCompatible, OpenAiSettings, Prompt};

use crate::server::Server;

pub(crate) const KEY: &str = "sk-canary-key-5d1e";
pub(crate) const QUESTION: &str = "Where is my canary-question card?";

pub(crate) fn prompt() -> Prompt {
    crate::silence::listen();
    let masked = |text: &str| Masked::from_published(&Published::by_bank(text));
    Prompt {
        version: "test-1",
        system: Published::by_bank("Answer from the passages."),
        passages: vec![NumberedPassage {
            number: 1,
            title: Published::by_bank("Cards"),
            text: Published::by_bank("A card comes in 5 days."),
        }],
        history: vec![Exchange { question: masked("Hi"), answer: masked("Hello.") }],
        question: masked(QUESTION),
        nonce: "c0ffee00c0ffee00".to_owned(),
        canary: "decaf000decaf000".to_owned(),
        form: None,
        max_output_tokens: 120,
    }
}

pub(crate) fn settings(server: &Server) -> OpenAiSettings {
    OpenAiSettings { api_key: Keyring::of(KEY), ..OpenAiSettings::new(server.base_url(), "little-model") }
}

pub(crate) fn provider(server: &Server) -> OpenAiCompatible {
    OpenAiCompatible::new(settings(server), Http::new().unwrap()).unwrap()
}
