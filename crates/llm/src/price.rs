//! What tokens cost, from a file that the bank edits.

use std::collections::BTreeMap;

use contactiq_domain::interaction::NanoUsd;

use crate::{Completion, Prompt, boundary, structured};

/// Prices by model. All computing is in integers.
///
/// ```toml
/// ["gpt-4.1-mini"]            # a name with a dot needs quotes
/// input_per_million = 0.40    # dollars
/// cached_input_per_million = 0.10
/// output_per_million = 1.60
///
/// [text-embedding-3-small]
/// embedding_per_million = 0.02
///
/// [a-judge-that-is-paid]
/// moderation_per_million = 0.10
///
/// [vector-store-search]
/// search_each = 0.0025
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceTable(BTreeMap<String, Prices>);

/// What one model is paid for: what it writes, vectors, judgements, searches, or several of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Prices {
    words: Option<Price>,
    /// In billionths of a dollar for a million tokens, as is the next.
    embedding: Option<u64>,
    moderation: Option<u64>,
    /// In billionths of a dollar for one.
    search: Option<u64>,
}

/// Prices of one model, in billionths of a dollar for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// What is read.
    pub input: u64,
    /// What is read and was in the provider's cache; without an entry, the price of what is read.
    pub cached_input: u64,
    /// What is read and put into the provider's cache; without an entry, the price of what is read.
    pub cache_write: u64,
    /// What is written.
    pub output: u64,
}

/// What is wrong with a price file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It is no TOML.
    #[error("the price file is no valid TOML{}", .line.map(|n| format!(" (line {n})")).unwrap_or_default())]
    Toml {
        /// The line, from 1.
        line: Option<usize>,
    },
    /// An entry of the top level is no table of prices.
    #[error("[{model}] is no table of prices (a model's name with a dot needs quotes: [\"gpt-4.1\"])")]
    NoTable {
        /// The model.
        model: String,
    },
    /// A word that no price has.
    #[error("[{model}] has the unknown entry {entry}")]
    Unknown {
        /// The model.
        model: String,
        /// The entry.
        entry: String,
    },
    /// A price that is missing.
    #[error("[{model}] lacks {entry}")]
    Missing {
        /// The model.
        model: String,
        /// The entry.
        entry: &'static str,
    },
    /// A price that is no amount of dollars.
    #[error("{entry} of [{model}] must be a number of dollars from 0 to 100000")]
    NoAmount {
        /// The model.
        model: String,
        /// The entry.
        entry: &'static str,
    },
}

const INPUT: &str = "input_per_million";
const CACHED: &str = "cached_input_per_million";
const CACHE_WRITE: &str = "cache_write_per_million";
const OUTPUT: &str = "output_per_million";
const EMBEDDING: &str = "embedding_per_million";
const MODERATION: &str = "moderation_per_million";
const SEARCH: &str = "search_each";
const ENTRIES: [&str; 7] = [INPUT, CACHED, CACHE_WRITE, OUTPUT, EMBEDDING, MODERATION, SEARCH];
const HIGHEST_DOLLARS: f64 = 100_000.0;

/// Tokens with which a server may wrap a message, and what it may put before the answer: templates take a few.
const AROUND_A_MESSAGE: u64 = 64;

impl PriceTable {
    /// Reads the file's text.
    ///
    /// # Errors
    /// The first thing that is wrong, with the model and the entry.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let file: toml::Table = toml::from_str(text).map_err(|error| {
            let upto = error.span().and_then(|span| text.get(..span.start));
            PriceError::Toml { line: upto.map(|before| before.matches('\n').count() + 1) }
        })?;
        let mut prices = BTreeMap::new();
        for (model, entry) in file {
            let toml::Value::Table(entries) = entry else { return Err(PriceError::NoTable { model }) };
            if let Some((entry, value)) = entries.iter().find(|(name, _)| !ENTRIES.contains(&name.as_str())) {
                return Err(if value.is_table() {
                    PriceError::NoTable { model }
                } else {
                    PriceError::Unknown { entry: entry.clone(), model }
                });
            }
            let embedding = amount(&entries, &model, EMBEDDING)?;
            let moderation = amount(&entries, &model, MODERATION)?;
            let search = amount(&entries, &model, SEARCH)?;
            let others = [embedding, moderation, search].iter().flatten().count();
            let words = match others > 0 && entries.len() == others {
                true => None,
                false => Some(Self::of_words(&entries, &model)?),
            };
            prices.insert(model, Prices { words, embedding, moderation, search });
        }
        Ok(Self(prices))
    }

    fn of_words(entries: &toml::Table, model: &str) -> Result<Price, PriceError> {
        let missing = |entry| PriceError::Missing { model: model.to_owned(), entry };
        let input = amount(entries, model, INPUT)?;
        let output = amount(entries, model, OUTPUT)?;
        Ok(Price {
            input: input.ok_or_else(|| missing(INPUT))?,
            cached_input: amount(entries, model, CACHED)?.or(input).unwrap_or_default(),
            cache_write: amount(entries, model, CACHE_WRITE)?.or(input).unwrap_or_default(),
            output: output.ok_or_else(|| missing(OUTPUT))?,
        })
    }

    fn prices(&self, model: &str) -> Option<Prices> {
        self.0.get(model).or_else(|| self.0.get(without_date(model)?)).copied()
    }

    /// The prices of a model: by its name, else by its name without the date at its end
    /// (`gpt-4o-2024-08-06`).
    #[must_use]
    pub fn price(&self, model: &str) -> Option<Price> {
        self.prices(model)?.words
    }

    /// What vectors of so many tokens cost; `None` when the model has no price for them.
    #[must_use]
    pub fn embedding(&self, model: &str, tokens: u64) -> Option<NanoUsd> {
        Some(of_read(self.prices(model)?.embedding?, tokens))
    }

    /// What judging so many tokens costs; `None` when the model has no price for it, as one that is free.
    #[must_use]
    pub fn moderation(&self, model: &str, tokens: u64) -> Option<NanoUsd> {
        Some(of_read(self.prices(model)?.moderation?, tokens))
    }

    /// What one search costs; `None` when nothing of this name has a price for it.
    #[must_use]
    pub fn search(&self, name: &str) -> Option<NanoUsd> {
        Some(NanoUsd(i64::try_from(self.prices(name)?.search?).unwrap_or(i64::MAX)))
    }

    /// The most that one try of this prompt can cost: no tokeniser makes more tokens of a text than it has bytes, and
    /// each is read at the dearest of the prices for reading. `None` when the model has no price.
    #[must_use]
    pub fn most(&self, model: &str, prompt: &Prompt) -> Option<NanoUsd> {
        self.most_in(model, prompt, false)
    }

    /// The same where the server holds the model to a schema, so that the prompt's form is sent too.
    pub(crate) fn most_in(&self, model: &str, prompt: &Prompt, takes_forms: bool) -> Option<NanoUsd> {
        let price = self.price(model)?;
        let form = prompt.form.as_ref().filter(|_| takes_forms).map_or(0, structured::most_added);
        // What can't be rendered is never sent.
        let messages = boundary::render(prompt).unwrap_or_default();
        let sent = messages.iter().map(|message| message.content.len() as u64 + AROUND_A_MESSAGE);
        let plain = sent.sum::<u64>() + form;
        let dearest = Price { input: price.input.max(price.cached_input).max(price.cache_write), ..price };
        Some(total(dearest, Read { plain, ..Read::default() }, u64::from(prompt.max_output_tokens)))
    }

    /// What a call cost; `None` when the model has no price.
    #[must_use]
    pub fn cost(&self, model: &str, input_tokens: u64, output_tokens: u64) -> Option<NanoUsd> {
        let read = Read { plain: input_tokens, ..Read::default() };
        Some(total(self.price(model)?, read, output_tokens))
    }

    /// What a completion cost, with what of its input came out of the cache and went into it, by the model that served, else by
    /// the model that was asked for.
    #[must_use]
    pub fn cost_of(&self, completion: &Completion) -> Option<NanoUsd> {
        let price = self.price(&completion.model).or_else(|| self.price(&completion.asked_model))?;
        let cached = completion.cached_input_tokens.min(completion.input_tokens);
        let kept = completion.cache_written_tokens.min(completion.input_tokens - cached);
        let read = Read { plain: completion.input_tokens - cached - kept, cached, kept };
        Some(total(price, read, completion.output_tokens))
    }
}

/// Tokens read, by what they cost.
#[derive(Default)]
struct Read {
    plain: u64,
    /// Out of the provider's cache.
    cached: u64,
    /// Into it.
    kept: u64,
}

/// What is read alone, at one price.
fn of_read(price: u64, tokens: u64) -> NanoUsd {
    let price = Price { input: price, cached_input: price, cache_write: price, output: 0 };
    total(price, Read { plain: tokens, ..Read::default() }, 0)
}

/// Rounded up to whole billionths, so that no sum is below the bill.
fn total(price: Price, read: Read, output: u64) -> NanoUsd {
    let part = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
    let cached = part(read.cached, price.cached_input) + part(read.kept, price.cache_write);
    let sum = part(read.plain, price.input) + cached + part(output, price.output);
    NanoUsd(i64::try_from(sum.div_ceil(1_000_000)).unwrap_or(i64::MAX))
}

fn amount(entries: &toml::Table, model: &str, entry: &'static str) -> Result<Option<u64>, PriceError> {
    let Some(value) = entries.get(entry) else { return Ok(None) };
    let dollars = match value {
        toml::Value::Integer(whole) => *whole as f64,
        toml::Value::Float(fraction) => *fraction,
        _ => f64::NAN,
    };
    if !(0.0..=HIGHEST_DOLLARS).contains(&dollars) {
        return Err(PriceError::NoAmount { model: model.to_owned(), entry });
    }
    // At most 1e14, where doubles still know every integer.
    Ok(Some((dollars * 1e9).round() as u64))
}

/// The name without `-2024-08-06` or `-20240806`.
fn without_date(model: &str) -> Option<&str> {
    let is_date = |tail: &str| tail.bytes().filter(u8::is_ascii_digit).count() == 8;
    let cut = |length: usize| {
        let at = model.len().checked_sub(length)?;
        let (name, tail) = (model.get(..at)?, model.get(at..)?);
        (is_date(tail) && tail.starts_with('-') && !name.is_empty()).then_some(name)
    };
    cut("-20240806".len()).or_else(|| cut("-2024-08-06".len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
        [gpt-4o-mini]
        input_per_million = 0.15
        cached_input_per_million = 0.075
        output_per_million = 0.6
        [\"gpt-4.1\"]
        input_per_million = 2
        output_per_million = 8.00
        [local]
        input_per_million = 0
        output_per_million = 0
    ";

    #[test]
    fn a_call_costs_tokens_times_price() {
        let table = PriceTable::parse(FILE).unwrap();
        assert_eq!(table.cost("gpt-4o-mini", 1_000_000, 1_000_000), Some(NanoUsd(750_000_000)));
        assert_eq!(table.cost("gpt-4o-mini", 1_234, 56), Some(NanoUsd(1_234 * 150 + 56 * 600)));
        assert_eq!(table.cost("gpt-4.1", 1, 1), Some(NanoUsd(10_000)));
        assert_eq!(table.cost("gpt-4.1-2025-04-14", 1, 1), Some(NanoUsd(10_000)));
        assert_eq!(table.cost("gpt-4.1-20250414", 1, 1), Some(NanoUsd(10_000)));
        assert_eq!(table.cost("local", 9_999, 9_999), Some(NanoUsd(0)));
        assert_eq!(table.cost("gpt-4o", 1, 1), None, "a longer name is another model");
        assert_eq!(table.cost("gpt-4.1", u64::MAX, u64::MAX), Some(NanoUsd(i64::MAX)));
    }

    #[test]
    fn a_part_of_a_billionth_is_rounded_up() {
        let table =
            PriceTable::parse("[m]\ninput_per_million = 0.0375\noutput_per_million = 0.0005").unwrap();
        assert_eq!(table.cost("m", 1, 0), Some(NanoUsd(38)));
        assert_eq!(table.cost("m", 2, 0), Some(NanoUsd(75)));
        assert_eq!(table.cost("m", 0, 1), Some(NanoUsd(1)));
        assert_eq!(table.cost("m", 0, 0), Some(NanoUsd(0)));
    }

    #[test]
    fn a_completion_costs_less_for_what_was_cached() {
        let table = PriceTable::parse(FILE).unwrap();
        let mut completion = Completion::of("x", "unlisted-alias-of-a-gateway");
        completion.asked_model = "gpt-4o-mini".to_owned();
        (completion.input_tokens, completion.cached_input_tokens, completion.output_tokens) = (100, 40, 10);
        assert_eq!(table.cost_of(&completion), Some(NanoUsd(60 * 150 + 40 * 75 + 10 * 600)));
        completion.cached_input_tokens = 1_000;
        assert_eq!(table.cost_of(&completion), Some(NanoUsd(100 * 75 + 10 * 600)));
    }

    #[test]
    fn what_goes_into_the_cache_has_its_price_and_a_call_is_bounded_by_the_dearest() {
        let file = "[m]\ninput_per_million = 3\ncached_input_per_million = 0.3\n\
                    cache_write_per_million = 3.75\noutput_per_million = 15";
        let table = PriceTable::parse(file).unwrap();
        let mut completion = Completion::of("x", "m");
        (completion.input_tokens, completion.cached_input_tokens, completion.output_tokens) = (100, 40, 10);
        completion.cache_written_tokens = 20;
        assert_eq!(
            table.cost_of(&completion),
            Some(NanoUsd(40 * 3_000 + 40 * 300 + 20 * 3_750 + 10 * 15_000))
        );
        completion.cache_written_tokens = 1_000;
        assert_eq!(table.cost_of(&completion), Some(NanoUsd(40 * 300 + 60 * 3_750 + 10 * 15_000)));
        let prompt = crate::prompt::example();
        let bytes: u64 = crate::render(&prompt).unwrap().iter().map(|m| m.content.len() as u64).sum();
        assert!(table.most("m", &prompt).unwrap().0 >= i64::try_from(bytes * 3_750 + 300 * 15_000).unwrap());
    }

    #[test]
    fn vectors_have_a_price_of_their_own() {
        let table = PriceTable::parse(
            "[e]\nembedding_per_million = 0.02\n[both]\nembedding_per_million = 1\ninput_per_million = 2\noutput_per_million = 3",
        )
        .unwrap();
        assert_eq!(table.embedding("e", 1_000), Some(NanoUsd(20_000)));
        assert_eq!((table.price("e"), table.cost("e", 1, 1)), (None, None));
        assert_eq!(
            (table.embedding("both", 1), table.cost("both", 1, 1)),
            (Some(NanoUsd(1_000)), Some(NanoUsd(5_000)))
        );
        assert_eq!(PriceTable::parse(FILE).unwrap().embedding("gpt-4o-mini", 1), None);
        let table = PriceTable::parse(
            "[j]\nmoderation_per_million = 0.1\n[k]\nmoderation_per_million = 1\nembedding_per_million = 2",
        )
        .unwrap();
        assert_eq!((table.moderation("j", 1_000), table.price("j")), (Some(NanoUsd(100_000)), None));
        assert_eq!(
            (table.moderation("k", 1), table.embedding("k", 1)),
            (Some(NanoUsd(1_000)), Some(NanoUsd(2_000)))
        );
        assert_eq!((table.moderation("gpt-4o-mini", 1), table.price("k")), (None, None));
    }

    #[test]
    fn a_search_has_a_price_for_itself_and_not_for_tokens() {
        let table = PriceTable::parse("[s]\nsearch_each = 0.0025\n[free]\nsearch_each = 0").unwrap();
        assert_eq!((table.search("s"), table.search("free")), (Some(NanoUsd(2_500_000)), Some(NanoUsd(0))));
        assert_eq!((table.search("other"), table.price("s"), table.embedding("s", 1)), (None, None, None));
        let wrong = PriceTable::parse("[s]\nsearch_each = -1").unwrap_err().to_string();
        assert!(wrong.contains("search_each of [s]"), "{wrong}");
    }

    #[test]
    fn no_call_costs_more_than_its_bound() {
        let table = PriceTable::parse(FILE).unwrap();
        let prompt = crate::prompt::example();
        let bound = table.most("gpt-4o-mini", &prompt).unwrap();
        let bytes: u64 = crate::render(&prompt).unwrap().iter().map(|m| m.content.len() as u64).sum();
        assert!(bound >= table.cost("gpt-4o-mini", bytes, 300).unwrap());
        assert!(bound.0 < 3 * table.cost("gpt-4o-mini", bytes, 300).unwrap().0, "and not far from it");
        assert_eq!(table.most("local", &prompt), Some(NanoUsd(0)));
        assert_eq!(table.most("gpt-4o", &prompt), None);
    }

    #[test]
    fn a_bad_file_is_named() {
        let complaint = |text: &str| PriceTable::parse(text).unwrap_err().to_string();
        assert!(complaint("\n[m\n").contains("(line 2)"));
        assert!(
            complaint("[gpt-4.1]\ninput_per_million = 1\noutput_per_million = 1").contains("needs quotes")
        );
        assert!(complaint("m = 1").contains("[m] is no table"));
        assert!(complaint("[m]\ninput_per_million = 1").contains("lacks output_per_million"));
        assert!(complaint("[m]\nprice = 1").contains("unknown entry price"));
        assert!(complaint("[m]\nembedding_per_million = 1\noutput_per_million = 1").contains("lacks input"));
        assert!(complaint("[m]\nembedding_per_million = -1").contains("embedding_per_million of [m]"));
        for bad in ["-1", "nan", "inf", "100001", "\"1\"", "true"] {
            let text = format!("[m]\ninput_per_million = {bad}\noutput_per_million = 1");
            assert!(complaint(&text).contains("input_per_million of [m]"), "{bad}");
        }
        assert_eq!(PriceTable::parse(""), Ok(PriceTable::default()));
    }
}
