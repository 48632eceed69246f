//! A model's answer sentence by sentence: each passes the output guard, the gate and the last door of the step, is
//! durable, and only then told. Where anything fails on the way what was told is withdrawn, the model is stopped, and
//! the extractive answer stands.

use std::{collections::BTreeMap, time::Instant};

use contactiq_guard::{Held, Masked, OutputFindingKind};
use contactiq_llm::{Chain, ModelError, Prompt, Served};
use contactiq_store::{
    StoreError,
    ledger::{Entry, Shown, Start, WITHDRAWN},
};
use tokio::sync::mpsc;

use super::{
    ask_model::{
        DICTATED, Gated, LONGEST, NO_ANSWER, UNREAD, VERSION, Written, given, held, inspected, prompt, rules,
        version_of,
    },
    citation,
    grounding::Removed,
    made, orders,
    quotable::Quotable,
    repair::{self, Once},
    spend::{self, Held as Reserved, Unanswered},
};
use crate::{
    Audience, DoorFault, House, Said,
    turn::{Draft, Paid, Turn},
};

/// Sentences between the provider and the gate.
const SENTENCES_IN_FLIGHT: usize = 64;

/// Why the model was stopped.
enum Stop {
    /// It repeated its instructions.
    Leaked,
    /// Nobody could check it.
    Unread,
    /// A rule of the output guard or of the last door spoke.
    Unfit(Vec<String>),
    /// A sentence found no place in the record.
    NotKept(StoreError),
    /// Whoever was told left.
    Left,
}

impl From<DoorFault> for Stop {
    fn from(_: DoorFault) -> Self {
        Stop::Unread
    }
}

/// An answer on its way out.
struct Telling<'a> {
    house: &'a House,
    turn: &'a Turn,
    audience: &'a Audience,
    evidence: &'a Quotable,
    prompt: &'a Prompt,
    held: Held,
    /// Everything that the model wrote so far.
    raw: String,
    /// What was read of it, without what can't be seen.
    read: String,
    gated: Gated,
    /// What was told.
    shown: Masked,
    /// What was found of the model's text.
    found: Vec<String>,
    /// The model's text, masked.
    whole: Masked,
    /// What the call cost, once the provider has said it.
    paid: Option<Paid>,
}

/// The model's answer, told on the way, if it stands on the evidence; else the extractive one.
pub(super) async fn aloud(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    audience: &Audience,
    extractive: Draft,
) -> Written {
    let since = Instant::now();
    let given = given(house, turn);
    let prompt = prompt(house, turn, &given, (VERSION, ""));
    let before = made::find(house, turn, &prompt).await;
    let prompt = match &before {
        Some(before) => before.marked(&prompt),
        None => prompt,
    };
    let Ok(evidence) = Quotable::of(house, turn, &given).await else {
        let written = instead(extractive, format!("{VERSION}: {UNREAD}"), BTreeMap::new());
        return Written { asked: None, ..written };
    };
    let mut telling = Telling {
        house,
        turn,
        audience,
        evidence: &evidence,
        prompt: &prompt,
        held: held(&evidence.given, &prompt),
        raw: String::new(),
        read: String::new(),
        gated: Gated::default(),
        shown: Masked::empty(),
        found: Vec::new(),
        whole: Masked::empty(),
        paid: None,
    };
    let (ended, paid) = match before {
        // Another worker heard it to its end and fell silent.
        Some(before) => {
            let taken = telling.take(&before.served.completion.text).await;
            (taken.map(|()| Ok(before.served)), before.paid)
        }
        None => {
            let reserved = match Reserved::of(house, chain, turn, &prompt).await {
                Ok(reserved) => reserved,
                Err(why) => {
                    let written = instead(extractive, Unanswered::from(why).to_string(), BTreeMap::new());
                    return Written { asked: None, ..written };
                }
            };
            let ended = telling.listen_to(chain, &reserved).await;
            // Also of a call that was stopped: what nobody knows of it is charged too.
            let paid = reserved.settle(telling.paid.unwrap_or_default());
            if let Ok(Ok(served)) = &ended {
                // For whoever may have to take over; nobody waits for it with a sentence.
                made::keep(house, turn, &prompt, served, paid).await;
            }
            (ended, paid)
        }
    };
    // Where nothing was told yet, all may be written again.
    let nothing_told = telling.shown.is_empty();
    let malformed = nothing_told && matches!(ended, Ok(Err(ModelError::Malformed)));
    let untold = nothing_told && matches!(ended, Ok(Ok(_)));
    let reasons = if untold { telling.gated.reasons.clone() } else { Vec::new() };
    let written = Written { paid, ..telling.end(ended, extractive.clone()) };
    repair::again(
        house,
        chain,
        turn,
        (given.as_slice(), since),
        Once { written, kept: 0, reasons, malformed },
        extractive,
    )
    .await
}

fn instead(draft: Draft, why: String, values: BTreeMap<String, f64>) -> Written {
    let detail = format!("{why}: cited sentences instead");
    Written { values, asked: Some(VERSION), ..Written::by_house(draft, "extractive", detail) }
}

impl Telling<'_> {
    async fn listen_to(
        &mut self,
        chain: &Chain,
        reserved: &Reserved,
    ) -> Result<Result<Served, ModelError>, Stop> {
        let (send, mut sentences) = mpsc::channel(SENTENCES_IN_FLIGHT);
        let asking =
            chain.stream_sentences_counted(self.prompt, self.house.model_time(), send, reserved.tries());
        tokio::pin!(asking);
        let mut served = None;
        // Leaving the loop drops the call: the provider is stopped.
        loop {
            tokio::select! {
                biased;
                () = self.audience.left() => return Err(Stop::Left),
                sentence = sentences.recv() => match sentence {
                    Some(sentence) => self.take(&sentence).await?,
                    None => return Ok(match served {
                        Some(served) => served,
                        None => self.served(asking.await),
                    }),
                },
                done = &mut asking, if served.is_none() => served = Some(self.served(done)),
            }
        }
    }

    /// Notes what it cost, whatever becomes of what it said.
    fn served(&mut self, done: Result<Served, ModelError>) -> Result<Served, ModelError> {
        if let Ok(served) = &done {
            spend::told(&served.provider);
        }
        self.paid = done.as_ref().ok().map(|served| Paid::of(self.house, &served.completion));
        done
    }

    /// Reads the next sentence, and tells it if it stands.
    async fn take(&mut self, sentence: &str) -> Result<(), Stop> {
        self.raw.push_str(sentence);
        if self.raw.trim().trim_end_matches('.') == NO_ANSWER {
            return Ok(());
        }
        let (text, whole) = inspected(self.house, self.raw.clone(), self.held.clone()).await?;
        self.found = rules(&whole.findings);
        let leaked = whole.findings.iter().any(|f| f.kind == OutputFindingKind::LeakedInstructions);
        self.whole = whole.text;
        let boundary = contactiq_llm::repeats_boundary(&text, &self.prompt.nonce);
        if boundary {
            self.found.push("leaked_instructions/boundary".to_owned());
        }
        if boundary || leaked {
            return Err(Stop::Leaked);
        }
        if self.raw.len() > LONGEST {
            return Err(Stop::Unfit(vec!["stream/too-long".to_owned()]));
        }
        // What can't be seen was taken out of the whole: an image that began in an earlier sentence, too.
        let Some(new) = text.strip_prefix(self.read.as_str()) else {
            return Err(Stop::Unfit(vec!["stream/changed".to_owned()]));
        };
        let continues_line = !self.read.is_empty() && !self.read.ends_with('\n');
        let before = self.gated.text.len();
        self.gated.take(self.house, self.turn, self.evidence, (new, continues_line)).await?;
        self.read = text;
        if self.gated.text.len() == before {
            return Ok(());
        }
        let shown = self.may_leave().await?;
        self.keep(&shown).await.map_err(Stop::NotKept)?;
        if self.shown.as_str().is_empty() {
            self.audience.tell(Said::Steps(self.turn.steps.clone()));
        }
        self.audience.tell(Said::More { text: shown.clone(), citations: self.gated.citations.clone() });
        self.shown = shown;
        Ok(())
    }

    /// What the gate let through, masked, where nothing speaks against it.
    async fn may_leave(&self) -> Result<Masked, Stop> {
        let judged = self.house.guard.inspect_output(self.gated.text.clone(), self.held.clone()).await?;
        if !judged.findings.is_empty() {
            return Err(Stop::Unfit(rules(&judged.findings)));
        }
        if !judged.text.as_str().starts_with(self.shown.as_str()) {
            return Err(Stop::Unfit(vec!["stream/masked-afterwards".to_owned()]));
        }
        let citations = &self.gated.citations;
        let quoted = orders::quoted(judged.text.as_str(), citations);
        let chars = quoted.iter().map(|said| said.chars().count()).sum();
        if !self.house.guard.read(chars, move |_guard| orders::may_be_quoted(&quoted)).await? {
            return Err(Stop::Unfit(vec![super::QUOTED.to_owned()]));
        }
        let (turn, today) = (self.turn, self.house.today());
        if !citation::may_leave(&turn.knowledge, &turn.found, turn.mode(), today, citations) {
            return Err(Stop::Unfit(vec!["stream/citation".to_owned()]));
        }
        Ok(judged.text)
    }

    /// What is about to be told is durable: a server that dies now has said it (R1).
    async fn keep(&self, shown: &Masked) -> Result<(), StoreError> {
        let start = Start {
            conversation: self.turn.conversation.clone(),
            placeholders: None,
            started: self.turn.started.clone(),
            tokens: Vec::new(),
            shown: Some(Shown { text: shown.clone(), citations: self.gated.citations.clone() }),
        };
        self.house.ledger.write(Entry::Start(Box::new(start))).await.map(drop)
    }

    /// What comes of it.
    fn end(mut self, ended: Result<Result<Served, ModelError>, Stop>, extractive: Draft) -> Written {
        let values = self.gated.values();
        if self.gated.reasons.contains(&Removed::Dictated) {
            self.found.push(DICTATED.to_owned());
        }
        let written = match ended {
            Ok(Ok(served)) if !self.gated.text.is_empty() => {
                let removed = self.gated.reasons.len();
                let detail = format!(
                    "{VERSION} by {}; told in sentences, {removed} removed by the gate",
                    served.provider
                );
                let draft = self.draft(&served);
                let asked = Some(version_of(VERSION, served.completion.form));
                let written = Written { values, asked, ..Written::by_house(draft, "generated", detail) };
                return written.keeping_back(self.found, self.whole);
            }
            Ok(Ok(_)) => {
                let why = match self.raw.trim().trim_end_matches('.') == NO_ANSWER {
                    true => "the model found no answer in the passages",
                    false => "no sentence of the model stood on the evidence",
                };
                instead(extractive, format!("{VERSION}: {why}"), values)
            }
            Ok(Err(error)) => {
                let why = format!("{VERSION}: the model did not answer to its end ({})", error.code());
                instead(extractive, why, values)
            }
            Err(Stop::Left) => {
                let detail = format!("{VERSION}: nobody listened any more, and the model was stopped");
                let draft = Draft {
                    text: self.shown.clone(),
                    citations: std::mem::take(&mut self.gated.citations),
                    ..extractive
                };
                let written = Written::by_house(draft, "stopped", detail);
                return Written { values, left: true, asked: Some(VERSION), ..written };
            }
            Err(Stop::Leaked) => {
                instead(extractive, format!("{VERSION}: the model repeated its instructions"), values)
            }
            Err(Stop::Unread) => instead(extractive, format!("{VERSION}: {UNREAD}"), values),
            Err(Stop::Unfit(kinds)) => {
                let why = format!("{VERSION}: a sentence may not leave ({})", kinds.join(", "));
                self.found.extend(kinds);
                instead(extractive, why, values)
            }
            Err(Stop::NotKept(error)) => {
                tracing::warn!(%error, "a sentence of a model found no place in the record");
                instead(extractive, "the record did not take a sentence in time".to_owned(), values)
            }
        };
        self.found.sort_unstable();
        self.found.dedup();
        if self.shown.as_str().is_empty() {
            return written.keeping_back(self.found, self.whole);
        }
        self.audience.tell(Said::Restart);
        // Somebody was shown it: a reviewer finds it, whatever else is kept back.
        self.found.push(WITHDRAWN.to_owned());
        written.keeping_back(self.found, self.shown)
    }

    fn draft(&self, served: &Served) -> Draft {
        let completion = &served.completion;
        Draft {
            text: self.shown.clone(),
            citations: self.gated.citations.clone(),
            model: completion.model.clone(),
        }
    }
}
