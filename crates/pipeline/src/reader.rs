//! What a message is read with, shared with the threads that compute: encoder, intents and triggers take milliseconds
//! of a core, which the async threads must not lose (R1).

use std::sync::Arc;

use contactiq_domain::{Mode, Trigger, TriggerHit, Understanding};
use contactiq_nlu::{
    encoder::{CachedEncoder, Encoder, EncoderError},
    intents::Prediction,
};

use crate::{
    EscalationRules, House, Lately, Models, Taxonomy, TextTriggers, account::Account, classify, requests,
    text_triggers::Apart,
};

/// A text with its vector; none without an encoder.
pub(crate) type Encoded = (String, Option<Vec<f32>>);

/// A message as it was read, whole and taken apart.
#[derive(Default)]
pub(crate) struct TakenApart {
    pub(crate) vector: Option<Vec<f32>>,
    /// The requests of a message that has more than one, each with its vector.
    pub(crate) parts: Vec<Encoded>,
    pub(crate) hits: Vec<TriggerHit>,
    /// The probability of every trigger.
    pub(crate) leanings: Vec<(Trigger, f64)>,
}

/// Encoder, intents and triggers.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) taxonomy: Arc<Taxonomy>,
    pub(crate) rules: Arc<EscalationRules>,
    pub(crate) models: Arc<Models>,
    pub(crate) lately: Arc<Lately>,
    pub(crate) encoder: Option<Arc<CachedEncoder>>,
    /// Who pays where the encoder is on another server.
    pub(crate) account: Account,
}

impl House {
    /// Does the work of a message on a thread of its own; as many at once as there are cores.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        account: &Account,
        work: impl FnOnce(&Reader) -> T + Send + 'static,
    ) -> T {
        let reader = Reader {
            taxonomy: Arc::clone(&self.taxonomy),
            rules: Arc::clone(&self.rules),
            models: Arc::clone(&self.models),
            lately: Arc::clone(&self.lately),
            encoder: self.encoder.clone(),
            account: account.clone(),
        };
        self.compute.run(move || work(&reader)).await
    }

    /// Encodes, one place a text. Without an encoder the places are empty.
    pub(crate) async fn vectors(&self, account: &Account, texts: Vec<String>) -> Vec<Option<Vec<f32>>> {
        if self.encoder.is_none() {
            return vec![None; texts.len()];
        }
        self.compute(account, move |reader| reader.vectors(&texts)).await
    }
}

impl Reader {
    /// The vectors of texts, one place a text; none where the encoder fails.
    pub(crate) fn vectors<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Option<Vec<f32>>> {
        let nothing = || vec![None; texts.len()];
        let Some(encoder) = &self.encoder else { return nothing() };
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        match encoder.encode_for(&texts, &self.account) {
            Ok(vectors) => vectors.into_iter().map(Some).collect(),
            Err(EncoderError::Remote(why) | EncoderError::Unpaid(why)) => {
                // Who speaks with the other server tells the log of each try, and warns once.
                tracing::debug!(why, "a question goes on with the lexical model alone");
                nothing()
            }
            Err(error) => {
                // The answer goes on with the lexical views alone, and somebody must know.
                tracing::warn!(error = %error, "the encoder failed on a question");
                nothing()
            }
        }
    }

    /// One text.
    pub(crate) fn vector(&self, text: &str) -> Option<Vec<f32>> {
        self.vectors(&[text]).pop().flatten()
    }

    /// The intents of a text, or what they were lately.
    pub(crate) fn intent(&self, mode: Mode, text: &str, vector: Option<&[f32]>) -> Prediction {
        self.lately.intent(mode, text, vector, || self.models.intent(mode, text, vector))
    }

    /// The triggers of a text that was taken apart: what fires, and how probable each is.
    pub(crate) fn triggers(
        &self,
        text: &str,
        vector: Option<&[f32]>,
        apart: Apart<'_>,
    ) -> (Vec<TriggerHit>, Vec<(Trigger, f64)>) {
        TextTriggers { rules: &self.rules, models: &self.models }.read_parts(text, vector, apart)
    }

    /// The same of a text that was not taken apart yet.
    pub(crate) fn triggers_of(&self, text: &str) -> (Vec<TriggerHit>, Vec<(Trigger, f64)>) {
        let taken = self.taken_apart(text, text);
        (taken.hits, taken.leanings)
    }

    /// Reads a text with its parts, which are cut out of its lines.
    pub(crate) fn taken_apart(&self, text: &str, lines: &str) -> TakenApart {
        let parts = requests::parts(lines);
        let story = requests::story(&parts);
        let mut texts = vec![text.to_owned()];
        texts.extend(parts.iter().cloned());
        // One part may be all that is told.
        let known = story.as_ref().and_then(|story| parts.iter().position(|part| part == story));
        texts.extend(story.clone().filter(|_| known.is_none()));
        let mut vectors = self.vectors(&texts).into_iter();
        let vector = vectors.next().flatten();
        let parts: Vec<Encoded> = parts.into_iter().zip(vectors.by_ref()).collect();
        let story = match known {
            Some(at) => parts.get(at).cloned(),
            None => story.map(|story| (story, vectors.next().flatten())),
        };
        let read = || {
            let pieces = requests::pieces(lines);
            let apart = Apart { parts: &parts, pieces: &pieces, story: story.as_ref() };
            self.triggers(text, vector.as_deref(), apart)
        };
        let (hits, leanings) = self.lately.triggers((text, lines), vector.as_deref(), read);
        TakenApart { vector, parts, hits, leanings }
    }

    /// What a prediction comes to.
    pub(crate) fn classify(
        &self,
        mode: Mode,
        prediction: &Prediction,
        leanings: &[(Trigger, f64)],
        text: &str,
    ) -> Understanding {
        classify(&self.taxonomy, &self.models, mode, prediction, leanings, text)
    }
}
