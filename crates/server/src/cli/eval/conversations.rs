//! The project's own set of conversations: what a message says only together with those before it.

use std::path::Path;

use contactiq_domain::{Mode, Outcome, Trigger};
use contactiq_guard::Raw;
use serde::Deserialize;

use super::{Figure, Share, house};
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
struct Half {
    /// Of those that need a person: handed over by the right trigger.
    right: Share,
    /// Of the look-alikes: handed over by the trigger that they resemble.
    needless: Share,
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
    let mut halves: [Half; 2] = Default::default();
    for (row, conversation) in conversations.iter().enumerate() {
        let mut id = None;
        for said in &conversation.before {
            id = Some(ask::ask(&house, conversation.mode, Raw::new(said.clone()), id).await?.conversation);
        }
        let record = ask::ask(&house, conversation.mode, Raw::new(conversation.text.clone()), id).await?;
        let named = |wanted| record.triggers.iter().any(|hit| hit.trigger == wanted);
        let fired = named(conversation.family);
        let half = &mut halves[row % 2];
        let fine = match conversation.trigger {
            Some(wanted) => {
                let right = record.outcome == Outcome::Escalated && named(wanted);
                half.right.count(right);
                right
            }
            None => {
                half.needless.count(fired);
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

fn rows([measuring, seen]: &[Half; 2]) -> Vec<Figure> {
    let beside = |measure: &str, share: Share| Figure {
        target: String::new(),
        reached: None,
        ..Figure::share_at_least("U15", measure, share, 0.0)
    };
    vec![
        Figure::share_at_least(
            "U15",
            "own conversations: handed over by the right trigger",
            measuring.right,
            0.90,
        ),
        Figure::share_at_most("U15", "… look-alikes handed over by it", measuring.needless, 0.04),
        beside("… the half that may be looked at: right", seen.right),
        beside("… the half that may be looked at: look-alikes handed over", seen.needless),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_printed_and_only_the_measuring_one_reaches_targets() {
        let half = |needless| Half { right: Share::new(3, 4), needless: Share::new(needless, 2) };
        let rows = rows(&[half(0), half(1)]);
        let reached: Vec<_> = rows.iter().map(|f| f.reached).collect();
        assert_eq!(reached, [Some(false), Some(true), None, None]);
        assert!(rows[2].now.starts_with("75.0 %") && rows[3].now.starts_with("50.0 %"), "{rows:?}");
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
