//! Several requests in one message ("I lost my card, and what does a new one cost?"): the riskiest
//! decides the route, and each of the others is searched and answered on its own.
//!
//! What a person takes over stays with the person; beside it only cited sentences are given, never a
//! model's, and nothing at all where somebody is in distress.

use contactiq_domain::{Category, Mode, Routing, Trigger, Understanding};

use contactiq_nlu::text;

use super::{
    choose::{self, Chosen},
    compose,
    contested::{self, Dispute},
    premise, sufficient,
};
use crate::{
    Found, House, Sought,
    certainty::LEANS,
    follow_up,
    reader::{Encoded, Reader},
    requests, retrieve,
    score::{self, Judged},
    text_triggers::Apart,
    turn::{Asked, Draft, Turn},
};

/// A message may ask more than anybody would read the answers of.
const MOST: usize = 8;
/// A request of at most so many content words does not say what it speaks of.
const FEW_STEMS: usize = 2;
/// Words beside what a person takes over.
const BESIDE_WORDS: usize = 60;
/// Words that each answer may have at least, however many requests there are.
const FEWEST_WORDS: usize = 40;

/// The answer to one request.
pub(super) struct Answered {
    chosen: Vec<Chosen>,
    found: Vec<Found>,
    pub(super) judged: Judged,
    /// Whether it may be shown beside what a person takes over.
    sure: bool,
}

impl Answered {
    pub(super) fn chosen(&self) -> &[Chosen] {
        &self.chosen
    }
}

/// Why a message is a person's though some of its requests have their answers.
pub(super) enum Stopped {
    /// Documents contradict each other on one of them.
    Contested(Dispute),
    /// The documents do not say what one of them asks.
    Lacks(&'static str),
}

/// What became of the requests of a message.
pub(super) struct Served {
    /// How many requests there are; none where the message is one.
    requests: usize,
    answers: Vec<Answered>,
    pub(super) stopped: Option<Stopped>,
}

impl Served {
    /// Their answers, where there were several requests and each has one. How sure they are plays no
    /// part, so that a higher threshold never lets out what a lower one kept (U12).
    pub(super) fn all(&self) -> Option<&[Answered]> {
        (self.requests > 1 && self.answers.len() == self.requests).then_some(&self.answers)
    }

    /// What may be shown beside what a person takes over; none where nothing is sure enough.
    pub(super) fn beside(&self, turn: &Turn) -> Option<Draft> {
        let sure: Vec<&[Chosen]> = self.answers.iter().filter(|a| a.sure).map(Answered::chosen).collect();
        (!sure.is_empty()).then(|| compose::extractive(&turn.knowledge, &compose::Manner::of(turn), &sure))
    }

    /// Their passages, taken in turns, each once.
    pub(super) fn passages(&self) -> Vec<Found> {
        let longest = self.answers.iter().map(|a| a.found.len()).max().unwrap_or(0);
        let mut all: Vec<Found> = Vec::new();
        for rank in 0..longest {
            for found in self.answers.iter().filter_map(|a| a.found.get(rank)) {
                if !all.iter().any(|f| f.passage == found.passage) {
                    all.push(found.clone());
                }
            }
        }
        all
    }
}

/// Answers what can be answered of a message with several requests.
pub(super) async fn serve(house: &House, turn: &Turn) -> Served {
    let mut served = Served { requests: 0, answers: Vec::new(), stopped: None };
    if turn.door.refusal.is_some() || turn.language.is_some() || !may_be_answered(turn) {
        return served;
    }
    let asks = |i: &usize| requests::is_request(&turn.parts[*i].0) || requests::orders(&turn.parts[*i].0);
    let mut asked: Vec<usize> = (0..turn.parts.len()).filter(asks).collect();
    served.requests = asked.len();
    if asked.len() > MOST || requests::how_many(turn.door.masked.as_str()) > MOST {
        // What leaves one out without a word is no answer.
        served.stopped = Some(Stopped::Lacks("more is asked at once than is answered at once"));
        asked.truncate(MOST);
    }
    // One request and its story are one question, unless the story is what a person takes over.
    if asked.is_empty() || (asked.len() == 1 && !turn.escalates_early()) {
        return served;
    }
    let filter = retrieve::filter(house, turn.mode(), turn.role);
    let whole: Vec<Option<String>> = asked
        .iter()
        .map(|i| i.checked_sub(1).and_then(|b| made_whole(&turn.parts[*i].0, &turn.parts[b].0)))
        .collect();
    // What says enough alone must have its answer.
    let owed: Vec<bool> = whole.iter().map(Option::is_none).collect();
    let searched = asked.iter().zip(whole).map(|(i, whole)| {
        let whole = whole.unwrap_or_else(|| turn.parts[*i].0.clone());
        turn.knowledge.spelled(house.dictionary(), &filter, &whole).map_or(whole, |c| c.text)
    });
    let searched: Vec<String> = searched.collect();
    let written: Vec<String> = searched.iter().map(|text| turn.knowledge.for_its_vector(text)).collect();
    let own: Vec<Encoded> = asked.iter().map(|i| turn.parts[*i].clone()).collect();
    let mode = turn.mode();
    let work = house.compute(&turn.account, move |reader| {
        let read: Vec<Option<Understanding>> =
            own.iter().map(|(text, vector)| read(reader, mode, text, vector.as_deref())).collect();
        (read, reader.vectors(&written))
    });
    let (read, vectors) = work.await;
    let most = super::words(house, turn.mode());
    let most = if turn.escalates_early() { most.min(BESIDE_WORDS) } else { most };
    let words = (most / asked.len()).max(FEWEST_WORDS);
    let mut unanswered = false;
    for (((understood, text), vector), owed) in read.into_iter().zip(searched).zip(vectors).zip(owed) {
        let one = understood
            .map_or(One::Unanswered, |understood| answer(house, turn, &understood, (&text, vector), words));
        match one {
            One::Answered(answered) => served.answers.push(answered),
            One::Stopped(why) => served.stopped = served.stopped.or(Some(why)),
            One::Courtesy => served.requests -= 1,
            One::Unanswered => unanswered |= owed,
            One::Left => {}
        }
    }
    if unanswered && !served.answers.is_empty() && served.requests > 1 && served.stopped.is_none() {
        served.stopped = Some(Stopped::Lacks("one of several requests has no answer of its own"));
    }
    served
}

/// "What is the fee" after "I lost my card": a request of few words of its own is searched together
/// with the part before it; "the fee for a new one" says itself what it asks for once the one is named.
fn made_whole(part: &str, before: &str) -> Option<String> {
    if let Some(named) = follow_up::with_its_kind(part, before) {
        return Some(named);
    }
    // "The dishonour fee" is few words, and says of what.
    let bare = text::content_stems(part).len() <= FEW_STEMS && follow_up::own_words(part).is_empty();
    // Both are asked at once: what the one before asks for is not given up for the other.
    let leans = bare
        || (follow_up::whole(part, Some(before)).is_some() && !follow_up::turns_to_another(part, before));
    leans.then(|| format!("{before} {part}"))
}

/// Whether the route lets anything be answered.
fn may_be_answered(turn: &Turn) -> bool {
    match turn.routing {
        Routing::Answer => true,
        Routing::Escalate => !turn.hits.iter().any(|hit| hit.trigger == Trigger::EmotionalDistress),
        Routing::Guide | Routing::Refuse => false,
    }
}

/// What became of one request.
enum One {
    Answered(Answered),
    Stopped(Stopped),
    /// It is said to be kind, and asks for nothing.
    Courtesy,
    /// It is for a person, outside the bank's scope, or no sentence speaks of it.
    Unanswered,
    /// What it rests on is a matter of the message as a whole.
    Left,
}

/// What one request is understood as, as it stands; none where it fires or leans to a trigger.
fn read(reader: &Reader, mode: Mode, own: &str, vector: Option<&[f32]>) -> Option<Understanding> {
    let (hits, leanings) = reader.triggers(own, vector, Apart::default());
    let leans = !hits.is_empty() || leanings.iter().any(|(_, probability)| *probability >= LEANS);
    (!leans).then(|| {
        let prediction = reader.intent(mode, own, vector);
        reader.classify(mode, &prediction, &leanings, own)
    })
}

/// One request: as it stands it was judged, made whole by the part before it is searched.
fn answer(
    house: &House,
    turn: &Turn,
    understanding: &Understanding,
    (text, vector): (&str, Option<Vec<f32>>),
    words: usize,
) -> One {
    let intent = house.taxonomy.intent(turn.mode(), understanding.intent.as_str());
    if intent.is_some_and(|i| i.greets) {
        return One::Courtesy;
    }
    let a_persons = understanding.category == Category::HumanOnly
        || understanding.intent.is_unknown()
        || intent.is_some_and(|i| !turn.role.reaches(i.role));
    if a_persons {
        return One::Unanswered;
    }
    let filter = retrieve::filter(house, turn.mode(), turn.role);
    let sought = Sought { text, vector: vector.as_deref(), k: retrieve::PASSAGES };
    let found = retrieve::search(&turn.knowledge, &filter, &sought);
    let today = filter.day;
    let asked = Asked { knowledge: &turn.knowledge, query: text, vector: vector.as_deref(), found: &found };
    // What the documents contradict is for the message as a whole.
    let rests = premise::of(text).map(|p| premise::check(&p, &asked));
    if rests.is_some_and(|v| v != premise::Verdict::Stands) {
        return One::Left;
    }
    let chosen = choose::sentences(&asked, words);
    // What does not speak of the question contradicts nothing.
    if let Some(lack) = sufficient::lacking(&asked, &chosen, &house.settings.bank, house.today().year()) {
        return One::Stopped(Stopped::Lacks(lack));
    }
    let listed = contested::met(&turn.knowledge, turn.mode(), &chosen, today);
    if let Some(dispute) = listed {
        return One::Stopped(Stopped::Contested(dispute));
    }
    let Some(judged) = score::judge(house, turn, &asked, &chosen, understanding) else {
        return One::Unanswered;
    };
    let sure = judged.confidence >= house.settings.of(turn.mode()).confidence_threshold;
    One::Answered(Answered { chosen, found, judged, sure })
}
