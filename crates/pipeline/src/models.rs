//! What was learned from the taxonomy and the escalation rules: one intent model a mode, one model
//! a text trigger. Stored in the data folder with a fingerprint of what they were trained on, so
//! that a start with nothing changed trains nothing.

use std::{collections::HashSet, path::Path};

use contactiq_domain::{Category, IntentName, Mode, Trigger};
use contactiq_nlu::{
    encoder::Encoder,
    intents::{
        Example, IntentModel, ModelFileError, Prediction, TrainError, TrainOptions, TriggerModel,
        TriggerModels,
    },
};

use crate::{EscalationRules, Taxonomy, taxonomy::check::wording};

/// Every learned model.
pub struct Models {
    customer: IntentModel,
    banker: IntentModel,
    triggers: TriggerModels<Trigger>,
}

/// Why there are no models.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// Training failed.
    #[error("training failed: {0}")]
    Train(#[from] TrainError),
}

/// How many of the models were trained now and how many were read from the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Trained {
    /// Trained now.
    pub trained: usize,
    /// Read.
    pub read: usize,
    /// Trained now and not kept, since the folder takes nothing: the next start trains them again.
    pub unkept: usize,
}

impl Trained {
    /// Counts a model that was trained now. One that can't be kept serves all the same.
    fn add(&mut self, path: &Path, saved: Result<(), ModelFileError>) {
        self.trained += 1;
        if let Err(error) = saved {
            self.unkept += 1;
            tracing::error!(
                critical = true,
                file = %path.display(),
                %error,
                "a trained model can't be kept: it is used, and each start trains it again"
            );
        }
    }
}

impl Models {
    /// Reads what is in the folder and fits, trains the rest. `progress` hears models done and in all.
    ///
    /// # Errors
    /// [`ModelsError`]. A damaged file in the folder is no error: it is trained again.
    pub fn load_or_train(
        taxonomy: &Taxonomy,
        rules: &EscalationRules,
        encoder: Option<&dyn Encoder>,
        folder: &Path,
        progress: &dyn Fn(usize, usize),
    ) -> Result<(Models, Trained), ModelsError> {
        let speaking: Vec<Trigger> = Trigger::ALL.iter().copied().filter(|t| t.is_read_from_text()).collect();
        let all = 2 + speaking.len();
        let mut counts = Trained::default();
        progress(0, all);
        let customer = intent_model(taxonomy, Mode::Customer, encoder, folder, &mut counts)?;
        progress(1, all);
        let banker = intent_model(taxonomy, Mode::Banker, encoder, folder, &mut counts)?;
        progress(2, all);
        let mut triggers = Vec::with_capacity(speaking.len());
        for trigger in speaking {
            if let Some(model) = trigger_model(taxonomy, rules, trigger, encoder, folder, &mut counts)? {
                triggers.push((trigger, model));
            }
            progress(counts.trained + counts.read, all);
        }
        progress(all, all);
        Ok((Models { customer, banker, triggers: TriggerModels::new(triggers) }, counts))
    }

    /// The intents of a text.
    #[must_use]
    pub fn intent(&self, mode: Mode, text: &str, vector: Option<&[f32]>) -> Prediction {
        match mode {
            Mode::Customer => self.customer.predict(text, vector),
            Mode::Banker => self.banker.predict(text, vector),
        }
    }

    /// The words of a text that spoke most for one intent against another, as the examples spell them.
    #[must_use]
    pub fn deciding(&self, mode: Mode, text: &str, intent: &str, against: &str) -> Vec<String> {
        match mode {
            Mode::Customer => self.customer.deciding(text, intent, against),
            Mode::Banker => self.banker.deciding(text, intent, against),
        }
    }

    /// The calibrated probability of each text trigger.
    #[must_use]
    pub fn trigger_scores(&self, text: &str, vector: Option<&[f32]>) -> Vec<(Trigger, f64)> {
        self.triggers.scores(text, vector)
    }

    /// The same of one trigger for words alone; `None` where it has no learned part.
    #[must_use]
    pub fn trigger_score(&self, trigger: Trigger, text: &str) -> Option<f64> {
        self.triggers.score_words(trigger, text)
    }

    /// Whether a trigger's learned part has seen enough to hold a pattern back.
    #[must_use]
    pub fn may_deny(&self, trigger: Trigger) -> bool {
        self.triggers.may_deny(trigger)
    }
}

/// A file that is there and can't be used is trained again; an operator hears of it, since a disk that
/// damages one file damages others.
fn told_if_damaged(path: &Path, error: &ModelFileError) {
    if path.exists() {
        tracing::warn!(file = %path.display(), %error, "a trained model can't be used and is trained again");
    }
}

fn intent_model(
    taxonomy: &Taxonomy,
    mode: Mode,
    encoder: Option<&dyn Encoder>,
    folder: &Path,
    counts: &mut Trained,
) -> Result<IntentModel, ModelsError> {
    let examples: Vec<Example<'_>> = taxonomy
        .of(mode)
        .iter()
        .flat_map(|i| i.examples.iter().map(|text| Example { text, label: i.name.as_str() }))
        .collect();
    let outside = [IntentName::UNKNOWN];
    let options = TrainOptions::default();
    let expected = IntentModel::expected_fingerprint(&examples, &outside, encoder, &options);
    let path = folder.join(format!("intents-{mode}.model"));
    let stored = IntentModel::load(&path).inspect_err(|error| told_if_damaged(&path, error));
    if let Ok(model) = stored
        && model.fingerprint() == expected
    {
        counts.read += 1;
        return Ok(model);
    }
    let model = IntentModel::train(&examples, &outside, encoder, &options, &|_, _| {})?;
    counts.add(&path, model.save(&path));
    Ok(model)
}

/// A trigger learns from its own examples, and those of the intents that name it, against its
/// look-alikes and the utterances of all other intents, but for those that are examples of its own.
fn trigger_model(
    taxonomy: &Taxonomy,
    rules: &EscalationRules,
    trigger: Trigger,
    encoder: Option<&dyn Encoder>,
    folder: &Path,
    counts: &mut Trained,
) -> Result<Option<TriggerModel>, ModelsError> {
    let own = rules.of(trigger);
    if own.examples.is_empty() {
        return Ok(None);
    }
    let mut positives: Vec<&str> = own.examples.iter().map(String::as_str).collect();
    let mut negatives: Vec<&str> = own.look_alikes.iter().map(String::as_str).collect();
    let owned: HashSet<String> = own.examples.iter().map(|example| wording(example)).collect();
    for mode in Mode::ALL {
        for intent in taxonomy.of(*mode) {
            let examples = intent.examples.iter().map(String::as_str);
            if intent.teaches(trigger) {
                positives.extend(examples);
            } else if intent.category == Category::Sensitive && trigger == Trigger::AccountSpecific {
                // Some ask how to, some ask for their own data: which is not known, so they teach nothing.
            } else {
                negatives.extend(examples.filter(|example| !owned.contains(&wording(example))));
            }
        }
    }
    let options = TrainOptions::default();
    let expected = TriggerModel::expected_fingerprint(&positives, &negatives, encoder, &options);
    let path = folder.join(format!("trigger-{trigger}.model"));
    let stored = TriggerModel::load(&path).inspect_err(|error| told_if_damaged(&path, error));
    if let Ok(model) = stored
        && model.fingerprint() == expected
    {
        counts.read += 1;
        return Ok(Some(model));
    }
    let model = TriggerModel::train(&positives, &negatives, encoder, &options)?;
    counts.add(&path, model.save(&path));
    Ok(Some(model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_of_a_trigger_never_teaches_its_other_side_and_all_else_does() {
        let rules = EscalationRules::parse(include_str!("../../../defaults/triggers.toml")).unwrap();
        let intent = |name: &str, category: &str, example: &str| {
            format!(
                "[{name}]\ncategory = \"{category}\"\nrole = \"customer\"\ndescription = \"\"\n\
                 examples = [{example:?}]\n"
            )
        };
        let trigger = Trigger::LegalHardship;
        let own = rules.of(trigger);
        let shouted = own.examples[0].to_uppercase() + "!";
        let file = [
            "version = 1\n".to_owned(),
            intent("customer.complaint", "human_only", "I want to complain"),
            intent("customer.other_complaint", "human_only", &shouted),
            intent("customer.unknown", "automatable", "tell me a joke"),
            intent("banker.fees", "automatable", &shouted),
            intent("banker.unknown", "automatable", "sing me a song"),
        ];
        let taxonomy = Taxonomy::parse(&file.concat()).unwrap();
        // A folder that is not there: the model is trained and not kept.
        let nowhere = Path::new("no-such-folder");
        let model =
            trigger_model(&taxonomy, &rules, trigger, None, nowhere, &mut Trained::default()).unwrap();
        let positives: Vec<&str> = own.examples.iter().map(String::as_str).collect();
        let mut negatives: Vec<&str> = own.look_alikes.iter().map(String::as_str).collect();
        negatives.extend(["I want to complain", "tell me a joke", "sing me a song"]);
        let options = TrainOptions::default();
        let wanted = TriggerModel::expected_fingerprint(&positives, &negatives, None, &options);
        assert_eq!(model.unwrap().fingerprint(), wanted);
    }
}
