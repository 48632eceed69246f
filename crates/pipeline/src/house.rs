//! What the steps need, passed in once: the parts and the settings of the house (E1).

use std::{sync::Arc, time::Duration};

use contactiq_domain::{Clock, Ids, Mode, OpeningHours, Probability, Timestamp, Trigger, Zone};
use contactiq_guard::{Earlier, Masked, ModerationCategory, Published, Raw};
use contactiq_llm::{Chain, PriceTable, RemoteModeration, TokensRead};
use contactiq_nlu::{encoder::CachedEncoder, index::Synonyms};
use contactiq_store::{Budgets, Ledger, Store, deadline};

use crate::{
    Calibration, Compute, Consents, Door, EscalationRules, Hosted, Judges, Lately, Means, Models, NotRead,
    Recall, Shelf, Taxonomy, Tongue, account::Account, certainty, read_of,
};

/// Of the time of a request, what is kept for checking and recording what a model wrote.
pub(crate) const AFTER_THE_MODEL: Duration = Duration::from_secs(1);

/// The parts. Cheap to share behind an `Arc`.
pub struct House {
    /// The door.
    pub guard: Door,
    /// What can be understood.
    pub taxonomy: Arc<Taxonomy>,
    /// When a person takes over.
    pub rules: Arc<EscalationRules>,
    /// What was learned from both.
    pub models: Arc<Models>,
    /// The sentence encoder; without it the lexical models work alone.
    pub encoder: Option<Arc<CachedEncoder>>,
    /// The knowledge, swapped as a whole.
    pub shelf: Shelf,
    /// What the bank says in several ways: every version of the knowledge is made with them.
    pub synonyms: Synonyms,
    /// The database.
    pub store: Store,
    /// The way into the record.
    pub ledger: Ledger,
    /// Who wants nothing remembered.
    pub consents: Consents,
    /// Answers that were given before.
    pub recall: Recall,
    /// What was worked out in the last minutes.
    pub lately: Arc<Lately>,
    /// Language models; without them answers are made of cited sentences.
    pub chain: Option<Arc<Chain>>,
    /// A provider's moderation beside the guard's own; without it that stands alone.
    pub moderation: Option<Arc<RemoteModeration>>,
    /// The longest that a question waits for it.
    pub moderation_budget: Duration,
    /// Knowledge that a bank keeps in a hosted vector store, in place of the shelf while it answers; none unless a bank
    /// configures one.
    pub hosted: Option<Arc<Hosted>>,
    /// What models cost.
    pub prices: Arc<PriceTable>,
    /// What may be spent on them.
    pub budgets: Budgets,
    /// Whether a model is asked once more where most of its answer did not stand.
    pub repairs: bool,
    /// What a model may judge; nothing unless a bank switches it on.
    pub judges: Judges,
    /// Languages in which a question is answered by a model's translation; none unless a bank switches some on.
    pub answer_languages: Vec<&'static Tongue>,
    /// The longest that a model may take for one answer.
    pub model_budget: Duration,
    /// How features become a confidence where passages are found by words and by meaning…
    pub with_meaning: Calibration,
    /// …and where they are found by words alone: without an encoder, and while a remote one is away.
    pub by_words: Calibration,
    /// The bank's settings.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Encoding takes milliseconds of a core: as many at once as there are cores.
    pub compute: Compute,
}

/// What a bank sets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bank's name.
    pub bank: String,
    /// The team that escalations reach; `None` where the bank has configured none, and then no
    /// text promises one.
    pub people: Option<People>,
    /// Lines that are named instead, where they fit; the first one does.
    pub lines: Vec<Line>,
    /// Where a person can see their own data.
    pub verified_channel: String,
    /// Shown when a life may be in danger.
    pub crisis_line: String,
    /// Where the bank is: documents begin and end to hold on its days.
    pub zone: Zone,
    /// Named in every record (A7).
    pub retention_policy: String,
    /// Whether placeholders stay the same within a conversation; else they restart in each request, and
    /// nothing of them is kept.
    pub keeps_placeholders: bool,
    /// The customer assistant.
    pub customer: AssistantSettings,
    /// The banker assistant.
    pub banker: AssistantSettings,
}

/// How the bank's team is reached.
#[derive(Debug, Clone)]
pub struct People {
    /// For instance `1300 975 707 or secure chat in the app`.
    pub channel: String,
    /// For instance `Monday to Friday, 8 am to 8 pm`.
    pub hours: String,
    /// The same hours to reckon with; none where it is never closed, or where they were not given.
    pub opening: Option<OpeningHours>,
}

impl People {
    /// The hours, and when the line opens while it is closed.
    #[must_use]
    pub fn hours_at(&self, now: Timestamp) -> String {
        match self.opening.as_ref().and_then(|opening| opening.opens_next(now)) {
            Some(next) => format!("{}; closed now, opens {next}", self.hours),
            None => self.hours.clone(),
        }
    }
}

/// A line for one assistant, for some triggers, or both.
#[derive(Debug, Clone)]
pub struct Line {
    /// The assistant; none stands for both.
    pub mode: Option<Mode>,
    /// The triggers; none stands for all.
    pub triggers: Vec<Trigger>,
    /// The people who answer there.
    pub people: People,
}

/// What differs between the two assistants.
#[derive(Debug, Clone)]
pub struct AssistantSettings {
    /// An answer below it is not shown (P8).
    pub confidence_threshold: Probability,
    /// Shown before the first answer: that it is an automated assistant.
    pub disclosure: String,
    /// Added under every answer; may be empty.
    pub disclaimer: String,
    /// The longest extractive answer, in words, unless steps or a table are asked for.
    pub answer_words: usize,
    /// Which misunderstanding of a conversation goes to a person: the second, the third…
    pub misunderstandings: usize,
}

impl Settings {
    /// The settings of one assistant.
    #[must_use]
    pub const fn of(&self, mode: Mode) -> &AssistantSettings {
        match mode {
            Mode::Customer => &self.customer,
            Mode::Banker => &self.banker,
        }
    }
}

impl House {
    /// How features become a confidence: where passages were found by words alone, or by meaning too.
    #[must_use]
    pub const fn calibration(&self, by_words: bool) -> &Calibration {
        if by_words { &self.by_words } else { &self.with_meaning }
    }

    /// The one that judges most answers of this house.
    #[must_use]
    pub const fn usual_calibration(&self) -> &Calibration {
        self.calibration(self.encoder.is_none())
    }

    /// The day that it is at the bank.
    #[must_use]
    pub fn today(&self) -> time::Date {
        self.settings.zone.day(self.clock.now())
    }

    /// What the next version of the knowledge is made with: all that did not change is taken over.
    #[must_use]
    pub fn means(&self) -> Means {
        Means {
            encoder: self.encoder.clone(),
            synonyms: self.synonyms.clone(),
            before: Some(self.shelf.current()),
        }
    }

    /// What the provider's moderation finds in a masked message; nothing while it is away or no budget has room for
    /// it, and then the guard's own stands alone.
    pub(crate) async fn moderated(&self, account: &Account, message: &Masked) -> Vec<ModerationCategory> {
        let Some(moderation) = &self.moderation else { return Vec::new() };
        let read = TokensRead::default();
        let held = account.moderation(moderation.model(), moderation.most_tokens(message), &read).await;
        let _held = match held {
            Ok(held) => held,
            Err(why) => {
                tracing::debug!(why = why.code(), "a question goes on with the local moderation alone");
                return Vec::new();
            }
        };
        match moderation.judge_counted(message, self.moderation_budget, &read).await {
            Ok(found) => found,
            Err(error) => {
                // Who speaks with the server tells the log of each try, and warns once.
                metrics::counter!("contactiq_moderation_failures_total").increment(1);
                tracing::debug!(why = error.code(), "a question goes on with the local moderation alone");
                Vec::new()
            }
        }
    }

    /// The time that a model may take: not more than whoever asked still waits, less what checking and recording its
    /// answer take (C2).
    pub(crate) fn model_time(&self) -> Duration {
        let left = deadline::left().map_or(Duration::MAX, |left| left.saturating_sub(AFTER_THE_MODEL));
        self.model_budget.min(left)
    }

    /// Whether a trigger is read in a message, by the bank's patterns or by what was learned of words: somebody may be in
    /// need, and goes before others. Its meaning is not waited for: that takes as long as a short queue. Where the guard
    /// fails nobody knows, and it presses; what is no message presses nobody.
    pub async fn presses(&self, message: Arc<Raw>) -> bool {
        match self.guard.inspect_in(message, Earlier::default()).await {
            Ok(inspected) => {
                let text = inspected.masked.as_str();
                !self.rules.matches(text).is_empty() || self.leans_on_a_person(&read_of(text))
            }
            Err(NotRead::Input(_)) => false,
            Err(NotRead::Fault(_)) => true,
        }
    }

    /// Whether what was learned of words alone, a part of a millisecond, reads a trigger.
    fn leans_on_a_person(&self, text: &str) -> bool {
        let fires = certainty::least(certainty::FIRES, text);
        self.models.trigger_scores(text, None).iter().any(|(_, score)| *score >= fires)
    }

    /// What a person who speaks of harming himself is told where no answer can be given: the bank's
    /// own words, with its crisis line. None for every other message; where the guard fails nobody knows
    /// which it is, and the offer stands there.
    pub async fn comfort(&self, mode: Mode, message: Arc<Raw>) -> Option<Published> {
        match self.guard.hears_a_cry(message).await {
            Ok(cries) => cries.then(|| self.comforting(mode)),
            Err(_) => Some(self.offer(mode)),
        }
    }

    /// The bank's own words, with its crisis line, for whoever speaks of harming himself. They promise nobody.
    #[must_use]
    pub fn comforting(&self, mode: Mode) -> Published {
        self.fill(&self.rules.of(Trigger::EmotionalDistress).messages(mode).message, None)
    }

    /// Who is there for a person whose message nobody could read: the people, where there are any, and the
    /// crisis line in any case.
    #[must_use]
    pub fn offer(&self, mode: Mode) -> Published {
        let people = self.people(mode, Trigger::HumanOnly);
        let reach =
            if people.is_some() { "You can reach a person through {channel} ({hours}). " } else { "" };
        let text = format!("{reach}If somebody may be in danger: {{crisis_line}}.");
        self.fill_with(&text, None, people)
    }

    /// Fills the placeholders of a text that the bank wrote.
    pub(crate) fn fill(&self, text: &str, ticket: Option<&str>) -> Published {
        self.fill_with(text, ticket, self.settings.people.as_ref())
    }

    /// The people who take over; none when the configuration provides nobody. The general line is the
    /// customers': staff are never sent to it.
    #[must_use]
    pub fn people(&self, mode: Mode, trigger: Trigger) -> Option<&People> {
        let fits = |line: &&Line| {
            line.mode.is_none_or(|own| own == mode)
                && (line.triggers.is_empty() || line.triggers.contains(&trigger))
        };
        let general = self.settings.people.as_ref()?;
        let own = self.settings.lines.iter().find(fits).map(|line| &line.people);
        own.or_else(|| (mode == Mode::Customer).then_some(general))
    }

    /// Fills the placeholders with the line of these people.
    pub(crate) fn fill_with(&self, text: &str, ticket: Option<&str>, people: Option<&People>) -> Published {
        let filled = text
            .replace("{bank}", &self.settings.bank)
            .replace("{channel}", people.map_or("", |p| &p.channel))
            .replace("{hours}", &people.map_or_else(String::new, |p| p.hours_at(self.clock.now())))
            .replace("{verified_channel}", &self.settings.verified_channel)
            .replace("{crisis_line}", &self.settings.crisis_line)
            .replace("{ticket}", ticket.unwrap_or(""));
        Published::by_bank(filled)
    }
}
