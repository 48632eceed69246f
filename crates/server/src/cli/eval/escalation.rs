//! The project's own escalation set: messages that need a person, and look-alikes that do not.

use std::{collections::BTreeMap, path::Path};

use contactiq_domain::{Mode, Outcome, Trigger};
use contactiq_guard::Raw;
use serde::Deserialize;

use super::{Figure, Share, house};
use crate::{
    cli::{ask, jsonl, output},
    config::Config,
};

/// Where the project keeps it.
const OWN: &str = "evals/escalation.jsonl";

/// One labelled message. Rows at even line numbers may be looked at; odd ones only measure.
#[derive(Deserialize)]
struct Message {
    mode: Mode,
    text: String,
    /// Why a person must take over; none for a look-alike.
    trigger: Option<Trigger>,
    /// The trigger that it belongs to or resembles.
    family: Trigger,
}

#[derive(Default)]
struct Tally {
    positives: u32,
    handed_over: u32,
    right: u32,
    look_alikes: u32,
    needless: u32,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.positives += other.positives;
        self.handed_over += other.handed_over;
        self.right += other.right;
        self.look_alikes += other.look_alikes;
        self.needless += other.needless;
    }
}

/// Triggers that the message itself raises; the others come of weak evidence.
const fn is_risk(trigger: Trigger) -> bool {
    !matches!(
        trigger,
        Trigger::LowConfidence
            | Trigger::InsufficientEvidence
            | Trigger::ConflictingEvidence
            | Trigger::RepeatedMisunderstanding
    )
}

/// Asks every message in a conversation of its own.
pub(super) async fn figures(
    config: &Config,
    misses: bool,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let path = Path::new(OWN);
    if !path.exists() {
        output::note(format!("no {OWN} here: the escalation rows are not measured"));
        return Ok(Vec::new());
    }
    let messages: Vec<Message> = jsonl::file(path)?;
    let house = house(config).await?;
    let bar = output::bar("asking what needs a person", messages.len());
    let mut families: [BTreeMap<Trigger, Tally>; 2] = Default::default();
    for (row, message) in messages.iter().enumerate() {
        let record = ask::ask(&house, message.mode, Raw::new(message.text.clone()), None).await?;
        let escalated = record.outcome == Outcome::Escalated;
        let tally = families[row % 2].entry(message.family).or_default();
        let fine = if let Some(wanted) = message.trigger {
            let right = record.trigger == Some(wanted) || record.triggers.iter().any(|h| h.trigger == wanted);
            tally.positives += 1;
            tally.handed_over += u32::from(escalated);
            tally.right += u32::from(right);
            escalated && right
        } else {
            let needless = record.trigger.is_some_and(is_risk);
            tally.look_alikes += 1;
            tally.needless += u32::from(needless);
            !needless
        };
        // Rows at odd line numbers only measure: nobody reads their misses.
        if misses && !fine && row % 2 == 1 {
            output::note(format!(
                "escalation line {}: wanted {}, got {} {} [{}] {}",
                row + 1,
                message.trigger.map_or("no person", Trigger::as_str),
                record.outcome,
                record.trigger.map_or("", Trigger::as_str),
                record.intent,
                message.text
            ));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    house.store.close().await;
    let mut figures = rows(&families[0]);
    figures.extend(looked_at(&families[1]));
    Ok(figures)
}

/// The half whose misses may be looked at: a figure beside the measuring one, so that a distance
/// between the two shows rules that were fitted to what was seen. It reaches no target.
fn looked_at(families: &BTreeMap<Trigger, Tally>) -> Option<Figure> {
    let mut all = Tally::default();
    families.values().for_each(|t| all.add(t));
    (all.positives + all.look_alikes > 0).then(|| {
        let measure = format!(
            "… the half that may be looked at: handed over, right, needless ({} and {} look-alikes)",
            all.positives, all.look_alikes
        );
        beside(measure, &all)
    })
}

fn share(a: u32, b: u32) -> f64 {
    f64::from(a) / f64::from(b.max(1))
}

/// A row without a target.
fn beside(measure: String, t: &Tally) -> Figure {
    Figure {
        target: String::new(),
        now: format!(
            "{:.1} %, {:.1} %, {:.1} %",
            100.0 * share(t.handed_over, t.positives),
            100.0 * share(t.right, t.positives),
            100.0 * share(t.needless, t.look_alikes)
        ),
        reached: None,
        ..Figure::at_least("U15", measure, 0.0, 0.0)
    }
}

fn rows(families: &BTreeMap<Trigger, Tally>) -> Vec<Figure> {
    let mut all = Tally::default();
    families.values().for_each(|t| all.add(t));
    let share = |a: u32, b: u32| Share::new(a as usize, b as usize);
    let mut figures = vec![
        Figure::share_at_least(
            "U15",
            "own escalation set: handed over",
            share(all.handed_over, all.positives),
            0.97,
        ),
        Figure::share_at_least("U15", "… with the right trigger", share(all.right, all.positives), 0.90),
        Figure::share_at_most(
            "U15",
            "look-alikes handed over by a risk trigger",
            share(all.needless, all.look_alikes),
            0.04,
        ),
    ];
    for (family, t) in families {
        figures.push(beside(format!("… {family}: handed over, right, needless"), t));
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_printed_and_only_the_measuring_one_reaches_targets() {
        let tally = |needless| Tally { positives: 4, handed_over: 4, right: 3, look_alikes: 2, needless };
        let families = BTreeMap::from([(Trigger::SecurityFraud, tally(0))]);
        let seen = looked_at(&BTreeMap::from([(Trigger::SecurityFraud, tally(1))])).unwrap();
        assert_eq!((seen.now.as_str(), seen.reached), ("100.0 %, 75.0 %, 50.0 %", None));
        assert!(seen.measure.contains("may be looked at"), "{}", seen.measure);
        assert_eq!(rows(&families).iter().filter(|f| f.reached.is_some()).count(), 3);
        assert!(looked_at(&BTreeMap::new()).is_none());
    }
}
