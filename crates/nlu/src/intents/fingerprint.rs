//! What a model was made of, in one number: a start with nothing changed trains nothing.

use sha2::{Digest as _, Sha256};

use super::{Example, TrainOptions, topic};
use crate::encoder::Encoder;
use crate::hex::hex;

/// Raise it with every change that makes the same data give another model.
const ENGINE: &str = "contactiq intents 1";

/// SHA-256 over the engine's version, the options, the encoder and the data, each with its length.
pub(super) fn of(
    kind: &str,
    examples: &[Example<'_>],
    outside: &[&str],
    encoder: Option<&dyn Encoder>,
    options: &TrainOptions,
) -> String {
    let mut sum = Sha256::new();
    let mut add = |text: &str| {
        sum.update((text.len() as u64).to_le_bytes());
        sum.update(text.as_bytes());
    };
    add(ENGINE);
    add(kind);
    add(&format!("{} {}", options.seed, options.folds));
    add(encoder.map_or("no encoder", |encoder| encoder.fingerprint()));
    // The shipped gate has its say in the model only where there is an encoder.
    add(if encoder.is_some() { topic::SHIPPED_FINGERPRINT.as_str() } else { "no gate" });
    add(&format!("{} {}", outside.len(), examples.len()));
    outside.iter().for_each(|label| add(label));
    for example in examples {
        add(example.label);
        add(example.text);
    }
    hex(&sum.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::EncoderError;

    /// Tells its fingerprint, in which a real one has its weights and the kind of its numbers.
    struct Named(&'static str);

    impl Encoder for Named {
        fn dimensions(&self) -> usize {
            1
        }
        fn fingerprint(&self) -> &str {
            self.0
        }
        fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
            Ok(vec![vec![1.0]; texts.len()])
        }
    }

    #[test]
    fn a_model_of_one_encoder_is_not_used_with_another() {
        let options = TrainOptions::default();
        let examples = [Example { text: "one", label: "a" }];
        let with = |encoder: Option<&dyn Encoder>| of("k", &examples, &[], encoder, &options);
        assert_eq!(with(Some(&Named("int8"))), with(Some(&Named("int8"))));
        assert_ne!(with(Some(&Named("int8"))), with(Some(&Named("f32"))));
        assert_ne!(with(Some(&Named("int8"))), with(None));
    }

    #[test]
    fn every_part_counts() {
        let options = TrainOptions::default();
        let examples = [Example { text: "one", label: "a" }, Example { text: "two", label: "b" }];
        let base = of("k", &examples, &[], None, &options);
        assert_eq!(base, of("k", &examples, &[], None, &options));
        assert_ne!(base, of("k", &examples, &["a"], None, &options));
        assert_ne!(base, of("k", &examples[..1], &[], None, &options));
        assert_ne!(base, of("other", &examples, &[], None, &options));
        assert_ne!(base, of("k", &examples, &[], None, &TrainOptions { seed: 9, ..options }));
    }
}
