//! Step 1: what is asked, how sure that is, and whether it is in the bank's scope (P2).

use std::{sync::Arc, time::Instant};

use contactiq_domain::{
    Category, IntentName, Mode, Step, Trigger, TriggerHit, Understanding, is_danger_to_life,
};
use contactiq_guard::Masked;
use contactiq_nlu::intents::Prediction;

use crate::{
    Dictionary, EscalationRules, House, Knowledge,
    admit::read_of,
    carried,
    certainty::{self, FIRES, HUMAN_ONLY, IN_SCOPE, OWN_TOPIC},
    classify, follow_up,
    misunderstood::{self, Courtesies, Silence},
    noise,
    reader::{Encoded, Reader},
    requests,
    retrieve::{self, Filter},
    spelling::Corrected,
    turn::{self, Exchange, Turn},
};

/// A question as step 3 searches it: without the guard's placeholders, misspelt words as the
/// documents write them.
#[must_use]
pub fn searched(
    knowledge: &Knowledge,
    dictionary: Dictionary<'_>,
    filter: &Filter<'_>,
    masked: &Masked,
) -> String {
    let query = read_of(masked.as_str());
    knowledge.spelled(dictionary, filter, &query).map_or(query, |c| c.text)
}

/// Intents that are kept for whoever judges between them.
const NEAREST: usize = 8;
/// So many requests before a part may name its thing.
const REACH: usize = 3;

/// How the question was read. Words put in are the documents' own, so they may be named.
fn remarks(read: &Read) -> String {
    let mut said = String::new();
    if read.alone.is_some() {
        said.push_str("; read together with the question before");
    }
    if !read.carried.is_empty() {
        let names: Vec<&str> = read.carried.iter().map(|hit| hit.rule.as_str()).collect();
        said.push_str(&format!("; with a question before it {} fired", names.join(", ")));
    }
    if let Some(corrected) = &read.corrected {
        let words = corrected.read_as.join("\u{201d}, \u{201c}");
        said.push_str(&format!("; searched as the documents spell it: \u{201c}{words}\u{201d}"));
    }
    said
}

/// "I have a whole bottle of pills here", and in the next message "I want to take them all": what neither
/// says alone, both say together.
fn danger_across_turns(rules: &EscalationRules, asked: &Asking) -> Option<TriggerHit> {
    let heard = |text: &str| rules.matches(text).into_iter().find(|(_, rule)| is_danger_to_life(rule));
    let previous = asked.previous.as_deref().filter(|p| !asked.in_danger && heard(p).is_none())?;
    let (trigger, rule) = heard(&format!("{previous} {}", asked.query))?;
    Some(TriggerHit { trigger, rule, score: 1.0 })
}

/// The last question, made whole by those before it: "and its rate?" may lean on "and for the gold one?". None where
/// the last one may not be leaned on.
fn spoken_of(history: &[Exchange], courtesy: Courtesies<'_>) -> Option<Spoken> {
    let mut before: Option<Spoken> = None;
    // A courtesy between two questions is about nothing.
    let is_courtesy = |e: &&Exchange| e.may_be_leaned_on() && courtesy(&e.intent);
    for exchange in history.iter().filter(|e| !is_courtesy(e)) {
        before = exchange.may_be_leaned_on().then(|| {
            let question = read_of(exchange.question.as_str());
            // "That's not what I asked" is about the question before it.
            if let Some(about) = before.take_if(|_| misunderstood::only_objects(&question)) {
                return about;
            }
            let apart = before.as_ref().is_some_and(|before| {
                before.intent != exchange.intent && follow_up::turns_to_another(&question, &before.text)
            });
            let leaned_on = before.as_ref().filter(|_| !apart).map(|before| before.text.as_str());
            let text = follow_up::whole(&question, leaned_on).unwrap_or(question);
            Spoken { text, intent: exchange.intent.clone() }
        });
    }
    before
}

/// What a conversation was about last.
struct Spoken {
    /// Its question, made whole.
    text: String,
    intent: IntentName,
}

/// What is read, on a thread of its own.
struct Asking {
    mode: Mode,
    query: String,
    vector: Option<Vec<f32>>,
    parts: Vec<Encoded>,
    leanings: Vec<(Trigger, f64)>,
    /// The message before, where it may be leaned on…
    previous: Option<String>,
    /// …and made whole.
    spoken_of: Option<Spoken>,
    in_danger: bool,
    objects: bool,
    knowledge: Arc<Knowledge>,
    filter: Filter<'static>,
}

/// What was read.
struct Read {
    query: String,
    vector: Option<Vec<f32>>,
    parts: Vec<Encoded>,
    leanings: Vec<(Trigger, f64)>,
    danger: Option<TriggerHit>,
    /// What the message says only together with the one before.
    carried: Vec<TriggerHit>,
    /// The message as it stands, where it was joined to the question before.
    alone: Option<turn::Alone>,
    silence: Option<Silence>,
    corrected: Option<Corrected>,
    understanding: Understanding,
    nearest: Vec<(String, f64)>,
}

impl Asking {
    fn read(self, reader: &Reader) -> Read {
        let danger = danger_across_turns(&reader.rules, &self);
        let Asking { mode, mut query, mut vector, parts, mut leanings, spoken_of, objects, .. } = self;
        let spoken_of = spoken_of.filter(|_| !objects);
        let before = spoken_of.as_ref().map(|spoken| spoken.text.as_str());
        let alone = follow_up::whole(&query, before).map(|whole| ReadAlone {
            prediction: reader.intent(mode, &query, vector.as_deref()),
            text: query.clone(),
            vector: vector.clone(),
            whole,
        });
        let apart = |alone: &ReadAlone| spoken_of.as_ref().is_some_and(|before| alone.turns_from(before));
        let alone = alone.filter(|alone| !apart(alone));
        let joined = alone.as_ref().map(|alone| alone.whole.clone());
        let mut carried = Vec::new();
        if let Some(before) = before {
            let (hits, more) = carried::triggers(reader, mode, (&query, before, joined.as_deref()));
            carried = hits;
            // Nothing is lost: each trigger is as probable as where it is most.
            for ((_, most), (_, other)) in leanings.iter_mut().zip(more) {
                *most = most.max(other);
            }
        }
        for hit in carried_within(reader, mode, &parts) {
            if !carried.iter().any(|known| known.trigger == hit.trigger) {
                carried.push(hit);
            }
        }
        if let Some(whole) = &joined {
            vector = reader.vector(whole);
            query.clone_from(whole);
        }
        let silence = match objects {
            true => Some(Silence::Objection),
            false => noise::says_nothing(&query).then_some(Silence::Noise),
        };
        // The intent is learned from misspelt words too; only the search needs the documents' spelling.
        let corrected = self.knowledge.spelled(reader.dictionary(), &self.filter, &query);
        let prediction = reader.intent(mode, &query, vector.as_deref());
        let alone = alone.map(|alone| turn::Alone {
            understanding: reader.classify(mode, &alone.prediction, &leanings, &alone.text),
            names: match follow_up::stands_in(&alone.text) {
                // "What about one in shares?" is about the same thing.
                true => String::new(),
                false => follow_up::own_words(&alone.text).join(" "),
            },
            query: alone.text,
            vector: alone.vector,
        });
        let as_it_stands = alone.as_ref().map(|alone| (alone.query.clone(), alone.vector.clone()));
        let pieces: Vec<&Encoded> = parts.iter().chain(&as_it_stands).collect();
        // "Lodge a complaint" leans on nothing, whatever was asked before.
        let plain = as_it_stands.as_ref().map(|(text, _)| text.as_str());
        let plain = plain.filter(|text| !follow_up::stands_in(text) && !text.contains('?'));
        let risk = riskiest(reader, mode, (&prediction, plain), (&pieces, &leanings));
        let mut understanding = match risk {
            Some(risk) => reader.classify(mode, &risk.prediction, &risk.leanings, risk.text),
            None => reader.classify(mode, &prediction, &leanings, &query),
        };
        // "You never listen" alone is near to a complaint; what is one is not silent.
        let overrides =
            |why: &Silence| *why == Silence::Objection || understanding.category != Category::HumanOnly;
        if let Some(why) = silence.filter(overrides) {
            understanding = classify::as_silent(&reader.taxonomy, mode, why, understanding);
        }
        if let Some(corrected) = &corrected {
            query.clone_from(&corrected.text);
        }
        let written = self.knowledge.index.written_out(&query);
        if corrected.is_some() || written.is_some() {
            vector = reader.vector(written.as_deref().unwrap_or(&query));
        }
        let nearest = prediction.ranked.into_iter().take(NEAREST).collect();
        Read {
            query,
            vector,
            parts,
            leanings,
            danger,
            carried,
            alone,
            silence,
            corrected,
            understanding,
            nearest,
        }
    }
}

/// "What is the rate of the Low Rate card? I lost it yesterday": what a part tells of the thing that another one before it
/// asks about. The nearest that makes a claim of it counts.
fn carried_within(reader: &Reader, mode: Mode, parts: &[Encoded]) -> Vec<TriggerHit> {
    let mut hits = Vec::new();
    for (at, (part, _)) in parts.iter().enumerate() {
        let before =
            parts[..at].iter().rev().filter(|(earlier, _)| requests::is_request(earlier)).take(REACH);
        // "The annual fee of the Low Rate card": the thing that gets lost stands last.
        let forms = before.flat_map(|(earlier, _)| [Some(earlier.clone()), last_thing(earlier)]).flatten();
        let mut claims = forms.map(|earlier| carried::triggers(reader, mode, (part, &earlier, None)).0);
        hits.extend(claims.find(|found| !found.is_empty()).unwrap_or_default());
    }
    hits
}

/// A question of the last thing that another one names with an article.
fn last_thing(request: &str) -> Option<String> {
    let lower = request.to_lowercase();
    let at = [" the ", " my ", " a ", " an "].iter().filter_map(|article| lower.rfind(article)).max()?;
    let thing = request.get(at..)?.trim().trim_end_matches(|c: char| !c.is_alphanumeric());
    Some(format!("What is {thing}?"))
}

/// A message that leans on the one before, as it was read alone.
struct ReadAlone {
    text: String,
    vector: Option<Vec<f32>>,
    prediction: Prediction,
    /// It, made whole by the one before.
    whole: String,
}

impl ReadAlone {
    /// Whether it names another thing, and asks something else of it than what was asked before.
    fn turns_from(&self, before: &Spoken) -> bool {
        let clear = self.prediction.in_scope >= IN_SCOPE;
        let first = self.prediction.ranked.first().filter(|(_, p)| clear && *p >= OWN_TOPIC);
        first.is_some_and(|(label, _)| *label != before.intent.as_str())
            && follow_up::turns_to_another(&self.text, &before.text)
    }
}

/// One request for a person among those of a message.
struct Risk<'a> {
    text: &'a str,
    prediction: Prediction,
    leanings: Vec<(Trigger, f64)>,
}

/// The riskiest request of a message with several decides, and so does what a follow-up says alone: of what a person has
/// to answer, read alone, the surest, when the whole does not speak plainly against it. Each is denied by its own
/// triggers alone: plain questions beside it drown those of the whole.
fn riskiest<'a>(
    reader: &Reader,
    mode: Mode,
    (whole, plain): (&Prediction, Option<&str>),
    (parts, leanings): (&[&'a Encoded], &[(Trigger, f64)]),
) -> Option<Risk<'a>> {
    let of = |prediction: &Prediction, leanings: &[(Trigger, f64)]| {
        classify::human_only(&reader.taxonomy, mode, prediction, leanings)
    };
    let in_whole = of(whole, leanings);
    if in_whole >= HUMAN_ONLY {
        return None;
    }
    let read = parts.iter().filter_map(|(text, vector)| {
        let prediction = reader.intent(mode, text, vector.as_deref());
        let is_plain = plain == Some(text.as_str());
        let counts = |risk: f64| certainty::part_counts(risk, in_whole) || (is_plain && risk >= HUMAN_ONLY);
        // Most parts ask a person for nothing, whatever their triggers say.
        if !counts(of(&prediction, &[])) {
            return None;
        }
        let mut leanings = reader.models.trigger_scores(text, vector.as_deref());
        // Torn from what stands around it, an intent that is named after a trigger needs that one too.
        leanings.iter_mut().filter(|(_, p)| *p < FIRES).for_each(|(_, p)| *p = 0.0);
        let risk = of(&prediction, &leanings);
        counts(risk).then_some((risk, Risk { text, prediction, leanings }))
    });
    read.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, risk)| risk)
}

pub(crate) async fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let leaned_on = turn.history.last().filter(|e| e.may_be_leaned_on());
    let previous = leaned_on.map(|e| read_of(e.question.as_str()));
    let mode = turn.mode();
    let courtesy = |intent: &IntentName| house.taxonomy.is_courtesy(mode, intent.as_str());
    turn.signs = misunderstood::signs(&turn.history, &turn.query, &courtesy);
    let asking = Asking {
        mode,
        query: std::mem::take(&mut turn.query),
        vector: turn.vector.take(),
        parts: std::mem::take(&mut turn.parts),
        leanings: std::mem::take(&mut turn.leanings),
        // What was asked before stands there in its own language: a translation stands alone.
        spoken_of: if turn.translated.is_some() { None } else { spoken_of(&turn.history, &courtesy) },
        in_danger: turn.hits.iter().any(|hit| is_danger_to_life(&hit.rule)),
        objects: false,
        knowledge: Arc::clone(&turn.knowledge),
        filter: retrieve::filter(house, turn.mode(), turn.role),
        previous,
    };
    let objects = turn.signs.now && misunderstood::only_objects(&asking.query);
    let asking = Asking { objects, ..asking };
    let read = house.compute(&turn.account, move |reader| asking.read(reader)).await;
    let remarks = remarks(&read);
    if let Some(danger) = read.danger {
        turn.hits.retain(|hit| hit.trigger != danger.trigger);
        turn.hits.push(danger);
    }
    for hit in read.carried {
        if !turn.hits.iter().any(|known| known.trigger == hit.trigger) {
            turn.hits.push(hit);
        }
    }
    (turn.query, turn.vector, turn.parts, turn.leanings) =
        (read.query, read.vector, read.parts, read.leanings);
    turn.silence = read.silence;
    turn.alone = read.alone;
    turn.nearest = read.nearest;
    let understanding = read.understanding;
    let detail = format!(
        "{} with probability {:.2}, in scope {:.2}{remarks}",
        understanding.intent,
        understanding.probability.get(),
        understanding.in_scope.get(),
    );
    let outcome = understanding.category.as_str();
    turn.understanding = Some(understanding);
    turn.trace(Step::Understand, since, outcome, detail);
}
