//! What was learned from the taxonomy and the escalation rules: one intent model a mode, one model
//! a text trigger. Stored in the data folder with a fingerprint of what they were trained on, so
//! that a start with nothing changed trains nothing.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use contactiq_domain::{Category, IntentName, Mode, Trigger};
use contactiq_nlu::{
    encoder::Encoder,
    intents::{
        Example, IntentModel, ModelFileError, Prediction, TrainError, TrainOptions, TriggerModel,
        TriggerModels,
    },
};

use crate::{
    EscalationRules, Taxonomy,
    escalation_rules::TriggerRules,
    requests,
    taxonomy::{Intent, check::wording},
};

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
    /// Reads what is in the folder and fits, trains the rest. What the triggers are told apart from is learned from the
    /// utterances of `everyday` too, whatever intents a bank has; none where they are the taxonomy's own. `progress`
    /// hears models done and in all.
    ///
    /// # Errors
    /// [`ModelsError`]. A damaged file in the folder is no error: it is trained again.
    pub fn load_or_train(
        (taxonomy, everyday): (&Taxonomy, Option<&Taxonomy>),
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
        let (told, everyday) = (Utterances::of(taxonomy), everyday.map(Utterances::of));
        let utterances = (&told, everyday.as_ref().unwrap_or(&told));
        let mut read = Read::new();
        for trigger in speaking {
            let model = trigger_model(utterances, rules, trigger, encoder, folder, (&mut read, &mut counts))?;
            if let Some(model) = model {
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

/// The two sides that a trigger learns from.
struct Sides<'a> {
    positives: Vec<&'a str>,
    negatives: Vec<&'a str>,
}

/// The utterances of a taxonomy, and each as it is compared: made once for all triggers.
struct Utterances<'a> {
    intents: Vec<(&'a Intent, Vec<String>)>,
}

impl<'a> Utterances<'a> {
    fn of(taxonomy: &'a Taxonomy) -> Self {
        let compared = |intent: &'a Intent| intent.examples.iter().map(|example| wording(example)).collect();
        Utterances { intents: intents(taxonomy).map(|intent| (intent, compared(intent))).collect() }
    }

    /// Those of the intents of which this holds, each with how it is compared.
    fn with(&self, holds: impl Fn(&Intent) -> bool) -> impl Iterator<Item = (&'a str, &str)> {
        let chosen = self.intents.iter().filter(move |(intent, _)| holds(intent));
        chosen.flat_map(|(intent, compared)| {
            intent.examples.iter().map(String::as_str).zip(compared.iter().map(String::as_str))
        })
    }
}

/// A trigger learns from its own examples, and those of the intents that name it, against its
/// look-alikes and the utterances of all other intents, but for those that are examples of its own.
/// What people say besides does not depend on how many intents a bank has, so the utterances of `everyday` come
/// after them: those that the bank's intents have not placed already.
fn sides<'a>(
    (taxonomy, everyday): (&Utterances<'a>, &Utterances<'a>),
    own: &'a TriggerRules,
    trigger: Trigger,
) -> Sides<'a> {
    let mut positives: Vec<&str> = own.examples.iter().map(String::as_str).collect();
    let mut negatives: Vec<&str> = own.look_alikes.iter().map(String::as_str).collect();
    let owned: HashSet<String> = own.examples.iter().map(|example| wording(example)).collect();
    let is_other = |intent: &Intent| !intent.teaches(trigger) && teaches_the_other_side(intent, trigger);
    positives.extend(taxonomy.with(|intent| intent.teaches(trigger)).map(|(example, _)| example));
    let others = taxonomy.with(is_other).filter(|(_, compared)| !owned.contains(*compared));
    negatives.extend(others.map(|(example, _)| example));
    let mut placed: HashSet<&str> = taxonomy.with(|_| true).map(|(_, compared)| compared).collect();
    for (example, compared) in everyday.with(is_other) {
        if !owned.contains(compared) && placed.insert(compared) {
            negatives.push(example);
        }
    }
    Sides { positives, negatives }
}

fn intents(taxonomy: &Taxonomy) -> impl Iterator<Item = &Intent> {
    Mode::ALL.iter().flat_map(|mode| taxonomy.of(*mode))
}

/// Of sensitive intents some ask how to, some ask for their own data: which is not known, so they teach nothing of that.
fn teaches_the_other_side(intent: &Intent, trigger: Trigger) -> bool {
    intent.category != Category::Sensitive || trigger != Trigger::AccountSpecific
}

fn trigger_model(
    utterances: (&Utterances<'_>, &Utterances<'_>),
    rules: &EscalationRules,
    trigger: Trigger,
    encoder: Option<&dyn Encoder>,
    folder: &Path,
    (read, counts): (&mut Read, &mut Trained),
) -> Result<Option<TriggerModel>, ModelsError> {
    let Sides { positives, negatives } = sides(utterances, rules.of(trigger), trigger);
    if positives.is_empty() {
        return Ok(None);
    }
    let told = stories(&positives, &negatives, read);
    let negatives: Vec<&str> = negatives.into_iter().chain(told.iter().map(String::as_str)).collect();
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

/// Messages that were read, each with its story: what one trigger learns from, the others do too.
type Read = HashMap<String, Option<String>>;

/// What the messages of a trigger's other side tell beside what they ask: a message is read so too, and a calm story is
/// learned from nothing else.
fn stories(positives: &[&str], negatives: &[&str], read: &mut Read) -> Vec<String> {
    // One sentence has no story, and most messages are one.
    let has_more =
        |message: &&&str| message.trim_end_matches(['.', '?', '!']).contains(['.', '?', '!', ';', ',', '\n']);
    let mut known: HashSet<String> =
        positives.iter().chain(negatives).map(|said| (*said).to_owned()).collect();
    let told = negatives.iter().filter(has_more);
    let told = told.filter_map(|message| {
        if let Some(story) = read.get(*message) {
            return story.clone();
        }
        let story = requests::story(&requests::parts(message));
        read.insert((*message).to_owned(), story.clone());
        story
    });
    told.filter(|story| known.insert(story.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_look_alike_tells_beside_its_question_is_learned_too() {
        let look_alikes =
            ["I moved in May. What is the fee?", "What is the fee? I moved in May.", "I have a cat"];
        assert_eq!(stories(&["a"], &look_alikes, &mut Read::new()), ["I moved in May."]);
        assert_eq!(stories(&["I moved in May."], &look_alikes, &mut Read::new()), Vec::<String>::new());
    }

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
        // What the bank's own intents hold stands twice in the other, and is learned once.
        let file = [
            "version = 1\n".to_owned(),
            intent("customer.complaint", "human_only", "I WANT to complain!"),
            intent("customer.unknown", "automatable", "who won the match"),
            intent("banker.hardship", "human_only\"\ntrigger = \"legal_hardship", "they struggle to pay"),
            intent("banker.unknown", "automatable", &shouted),
        ];
        let everyday = Taxonomy::parse(&file.concat()).unwrap();
        let utterances = (&Utterances::of(&taxonomy), &Utterances::of(&everyday));
        let positives: Vec<&str> = own.examples.iter().map(String::as_str).collect();
        let mut negatives: Vec<&str> = own.look_alikes.iter().map(String::as_str).collect();
        negatives.extend(["I want to complain", "tell me a joke", "sing me a song", "who won the match"]);
        let found = sides(utterances, own, trigger);
        assert_eq!((&found.positives, &found.negatives), (&positives, &negatives));

        // A folder that is not there: the model is trained and not kept.
        let nowhere = Path::new("no-such-folder");
        let model = trigger_model(
            utterances,
            &rules,
            trigger,
            None,
            nowhere,
            (&mut Read::new(), &mut Trained::default()),
        )
        .unwrap();
        let options = TrainOptions::default();
        let told = stories(&positives, &negatives, &mut Read::new());
        let negatives: Vec<&str> = negatives.into_iter().chain(told.iter().map(String::as_str)).collect();
        let wanted = TriggerModel::expected_fingerprint(&positives, &negatives, None, &options);
        assert_eq!(model.unwrap().fingerprint(), wanted);
    }

    /// The figures of this project were measured with these models, so that nothing may be added to them.
    #[test]
    fn a_house_with_the_built_in_intents_learns_from_them_alone_and_in_their_order() {
        let rules = EscalationRules::parse(include_str!("../../../defaults/triggers.toml")).unwrap();
        let taxonomy = Taxonomy::parse(include_str!("../../../defaults/intents.toml")).unwrap();
        let nothing_more = Taxonomy::parse(
            "version = 1\n[customer]\n[banker]\n"
                .replace(
                    "]\n",
                    "]\nunknown = { category = \"automatable\", role = \"customer\", description = \"\", examples = \
                     [\"tell me a joke please\"] }\nother = { category = \"human_only\", trigger = \
                     \"legal_hardship\", role = \"customer\", description = \"\", examples = [\"I am broke\"] }\n",
                )
                .as_str(),
        )
        .unwrap();
        let (all, nothing_more) = (Utterances::of(&taxonomy), Utterances::of(&nothing_more));
        for trigger in Trigger::ALL.iter().copied().filter(|trigger| trigger.is_read_from_text()) {
            let own = rules.of(trigger);
            let with = sides((&all, &all), own, trigger);
            let told: usize = with.negatives.len();
            let small = sides((&nothing_more, &all), own, trigger);
            assert_eq!(with.positives.len() - own.examples.len(), taught(&taxonomy, trigger), "{trigger}");
            // As it was before a bank's other side came from here too: each intent's own, in the order of the file.
            let mut before: Vec<&str> = own.look_alikes.iter().map(String::as_str).collect();
            let owned: HashSet<String> = own.examples.iter().map(|e| wording(e)).collect();
            for intent in intents(&taxonomy).filter(|i| !i.teaches(trigger)) {
                if intent.category == Category::Sensitive && trigger == Trigger::AccountSpecific {
                    continue;
                }
                before.extend(
                    intent.examples.iter().map(String::as_str).filter(|e| !owned.contains(&wording(e))),
                );
            }
            assert_eq!(with.negatives, before, "{trigger}");
            assert!(small.negatives.len() * 10 > told * 9, "{trigger}: {} of {told}", small.negatives.len());
        }
    }

    fn taught(taxonomy: &Taxonomy, trigger: Trigger) -> usize {
        intents(taxonomy).filter(|i| i.teaches(trigger)).map(|i| i.examples.len()).sum()
    }

    #[test]
    fn a_trigger_without_examples_learns_from_the_intents_that_name_it() {
        let shipped = include_str!("../../../defaults/triggers.toml");
        let (before, own) = shipped.split_once("[explicit_human_request]").unwrap();
        let opens = own.find("\nexamples = [").unwrap();
        let ends = opens + own[opens..].find("\n]").unwrap();
        let bare = format!("{before}[explicit_human_request]{}\nexamples = [{}", &own[..opens], &own[ends..]);
        let rules = EscalationRules::parse(&bare).unwrap();
        let trigger = Trigger::ExplicitHumanRequest;
        assert!(rules.of(trigger).examples.is_empty());
        let everyday = Taxonomy::parse(include_str!("../../../defaults/intents.toml")).unwrap();
        let nowhere = Path::new("no-such-folder");
        let model = |taxonomy: &Taxonomy| {
            let utterances = (&Utterances::of(taxonomy), &Utterances::of(&everyday));
            trigger_model(
                utterances,
                &rules,
                trigger,
                None,
                nowhere,
                (&mut Read::new(), &mut Trained::default()),
            )
            .unwrap()
        };
        let intent = |more: &str| {
            format!(
                "version = 1\n[customer.people]\ncategory = \"human_only\"\n{more}role = \"customer\"\n\
                 description = \"\"\nexamples = [\"put me through to a colleague of yours\", \"let a colleague of yours call me\", \
                 \"I would speak with a colleague\", \"a colleague of yours, please\"]\n\
                 [customer.unknown]\ncategory = \"automatable\"\nrole = \"customer\"\ndescription = \"\"\n\
                 examples = [\"tell me a joke\"]\n[banker.a]\ncategory = \"automatable\"\nrole = \"banker\"\n\
                 description = \"\"\nexamples = [\"a\"]\n[banker.unknown]\ncategory = \"automatable\"\n\
                 role = \"banker\"\ndescription = \"\"\nexamples = [\"b\"]\n"
            )
        };
        let silent = Taxonomy::parse(&intent("")).unwrap();
        assert!(model(&silent).is_none(), "nothing says what it is");
        let named = Taxonomy::parse(&intent("trigger = \"explicit_human_request\"\n")).unwrap();
        let model = model(&named).unwrap();
        let (asked, other) =
            (model.score("put me through to a colleague", None), model.score("what is the fee", None));
        assert!(asked > other, "{asked} {other}");
    }
}
