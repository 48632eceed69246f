//! The project's own set of conversations: what a message says only together with those before it.

use std::path::Path;

use contactiq_domain::{Mode, Outcome, Trigger};
use contactiq_guard::Raw;
use serde::Deserialize;

use super::{Figure, house};
use crate::{
    cli::{ask, jsonl, output},
    config::Config,
};

/// Where the project keeps it.
const OWN: &str = "evals/conversations.jsonl";

/// One labelled conversation. Rows at even line numbers may be looked at; odd ones only measure.
#[derive(Deserialize)]
struct Conversation {
    mode: Mode,
    /// What was asked before, in order.
    before: Vec<String>,
    text: String,
    /// Why a person must take over; none for a look-alike.
    trigger: Option<Trigger>,
    /// The trigger that it belongs to or resembles.
    family: Trigger,
}

/// What became of one half.
#[derive(Default)]
struct Tally {
    positives: u32,
    right: u32,
    look_alikes: u32,
    needless: u32,
}

/// Asks every conversation, and judges what becomes of its last message.
pub(super) async fn figures(
    config: &Config,
    misses: bool,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let path = Path::new(OWN);
    if !path.exists() {
        output::note(format!("no {OWN} here: the row of conversations is not measured"));
        return Ok(Vec::new());
    }
    let conversations: Vec<Conversation> = jsonl::file(path)?;
    let house = house(config).await?;
    let bar = output::bar("asking in conversations", conversations.len());
    let mut halves: [Tally; 2] = Default::default();
    for (row, conversation) in conversations.iter().enumerate() {
        let mut id = None;
        for said in &conversation.before {
            id = Some(ask::ask(&house, conversation.mode, Raw::new(said.clone()), id).await?.conversation);
        }
        let record = ask::ask(&house, conversation.mode, Raw::new(conversation.text.clone()), id).await?;
        let named = |wanted| record.triggers.iter().any(|hit| hit.trigger == wanted);
        let fired = named(conversation.family);
        let tally = &mut halves[row % 2];
        let fine = match conversation.trigger {
            Some(wanted) => {
                let right = record.outcome == Outcome::Escalated && named(wanted);
                tally.positives += 1;
                tally.right += u32::from(right);
                right
            }
            None => {
                tally.look_alikes += 1;
                tally.needless += u32::from(fired);
                !fired
            }
        };
        // Rows at odd line numbers only measure: nobody reads their misses.
        if misses && !fine && row % 2 == 1 {
            output::note(format!(
                "conversations line {}: wanted {}, got {} {} [{}] {} / {}",
                row + 1,
                conversation.trigger.map_or("no person", Trigger::as_str),
                record.outcome,
                record.trigger.map_or("", Trigger::as_str),
                record.intent,
                conversation.before.join(" / "),
                conversation.text
            ));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    house.store.close().await;
    Ok(rows(&halves))
}

fn share(a: u32, b: u32) -> f64 {
    f64::from(a) / f64::from(b.max(1))
}

fn rows([measuring, seen]: &[Tally; 2]) -> Vec<Figure> {
    let of = |a: u32, b: u32| format!("({a} of {b})");
    vec![
        Figure::at_least(
            "U15",
            format!(
                "own conversations: handed over by the right trigger {}",
                of(measuring.right, measuring.positives)
            ),
            share(measuring.right, measuring.positives),
            0.90,
        ),
        Figure::at_most(
            "U15",
            format!("… look-alikes handed over by it {}", of(measuring.needless, measuring.look_alikes)),
            share(measuring.needless, measuring.look_alikes),
            0.04,
        ),
        Figure {
            target: String::new(),
            now: format!(
                "{:.1} %, {:.1} %",
                100.0 * share(seen.right, seen.positives),
                100.0 * share(seen.needless, seen.look_alikes)
            ),
            reached: None,
            ..Figure::at_least(
                "U15",
                format!(
                    "… the half that may be looked at: right, needless ({} and {} look-alikes)",
                    seen.positives, seen.look_alikes
                ),
                0.0,
                0.0,
            )
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_printed_and_only_the_measuring_one_reaches_targets() {
        let tally = |needless| Tally { positives: 4, right: 3, look_alikes: 2, needless };
        let rows = rows(&[tally(0), tally(1)]);
        assert_eq!(rows.iter().map(|f| f.reached).collect::<Vec<_>>(), [Some(false), Some(true), None]);
        assert_eq!(rows[2].now, "75.0 %, 50.0 %");
    }

    #[test]
    fn half_of_the_set_are_look_alikes_and_both_halves_hold_both() {
        let text = include_str!("../../../../../evals/conversations.jsonl");
        let all: Vec<Conversation> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for half in 0..2 {
            let of = |positive: bool| {
                let rows = all.iter().enumerate().filter(|(row, _)| row % 2 == half);
                rows.filter(|(_, c)| c.trigger.is_some() == positive).count()
            };
            assert!(of(true) >= 10 && of(false) >= 10, "{half}: {} {}", of(true), of(false));
        }
    }
}
