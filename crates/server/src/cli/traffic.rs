//! `contactiq demo traffic`: a week of questions through the real pipeline, marked as demo, so that
//! the dashboard has something to show; and `contactiq demo clear`, which takes them away again.

use std::{
    collections::{BTreeMap, HashMap},
    process::ExitCode,
    sync::Arc,
};

use contactiq_domain::{
    Clock, Role, Timestamp,
    clock::FixedClock,
    ids::{ConversationId, FeedbackId, RequestId},
};
use contactiq_guard::Raw;
use contactiq_pipeline::Ask;
use contactiq_store::feedback::{self, Feedback};

use super::{Outcome, audit, opening, output, privacy};
use crate::{app, config::Config, demo, wiring::SystemClock};

/// Commands of `demo`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Play a few hundred questions, spread over the last days.
    Traffic {
        /// How many days back the first question lies, 0 to 60.
        #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(0..=60))]
        days: u32,
        /// Print {"questions","outcomes"}.
        #[arg(long)]
        json: bool,
    },
    /// Take the played questions away again, with their tickets and conversations.
    Clear {
        /// Do it; without this it is only said what would go.
        #[arg(long)]
        yes: bool,
        /// Print {"cleared","interactions","tickets","conversations"}.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    match command {
        Command::Traffic { days, json } => play(&config, days, json).await,
        Command::Clear { yes, json } => clear(&config, yes, json).await,
    }
}

/// What people asked stays: only what is marked as demo goes.
async fn clear(config: &Config, yes: bool, json: bool) -> Outcome {
    let store = app::open_store(config).await?;
    let share = if yes {
        privacy::holds_must_stand(&store, config).await?;
        let mut w = store.write().await?;
        let share = contactiq_store::demo::clear(&mut w, SystemClock.now()).await?;
        audit::note(&mut w, "demo clear", &format!("{} interactions", share.interactions)).await?;
        w.save().await?;
        share
    } else {
        contactiq_store::demo::count(&mut *store.read().await?).await?
    };
    store.close().await;
    if json {
        output::json(&serde_json::json!({
            "cleared": yes, "interactions": share.interactions, "tickets": share.tickets,
            "conversations": share.conversations, "held": share.held,
        }));
    } else {
        let mut what = format!(
            "{} interactions, {} tickets and {} conversations of demo traffic",
            share.interactions, share.tickets, share.conversations
        );
        if share.held > 0 {
            what = format!("{} interactions stay, because a hold is on their person; {what}", share.held);
        }
        output::line(if yes { format!("{what} are gone") } else { format!("{what} would go: add --yes") });
    }
    // A script that forgot --yes must not go on as if it was done.
    Ok(if yes { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn play(config: &Config, days: u32, json: bool) -> Outcome {
    let mut house = opening::house(config).await?;
    let lines = demo::traffic();
    let now = SystemClock.now();
    let first = now.plus_seconds(-i64::from(days) * 86_400);
    let clock = Arc::new(FixedClock::at(first));
    house.clock = clock.clone();
    let bar = output::bar("playing traffic", lines.len());
    let mut conversations: HashMap<String, ConversationId> = HashMap::new();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let step = (i64::from(days) * 86_400) / (lines.len() as i64 + 1);
    for (i, line) in lines.iter().enumerate() {
        set(&clock, first, i as i64, step);
        let ask = Ask {
            mode: line.mode,
            role: Role::Admin,
            question: Arc::new(Raw::new(line.question.clone())),
            conversation: line.conversation.as_ref().and_then(|c| conversations.get(c).copied()),
            follows: None,
            subject: format!("demo-{}", line.conversation.clone().unwrap_or_else(|| i.to_string())),
            session: "demo".to_owned(),
            request_id: RequestId::new(&*house.ids),
            correlation_id: None,
            owner_key: None,
            claimed: None,
            demo: true,
        };
        let subject = ask.subject.clone();
        let record = contactiq_pipeline::answer(&house, ask).await?;
        if let Some(name) = &line.conversation {
            conversations.insert(name.clone(), record.conversation);
        }
        if line.helpful.is_some() {
            let said = Feedback {
                id: FeedbackId::new(&*house.ids),
                interaction: record.id,
                subject,
                helpful: line.helpful,
                problem: None,
                created_at: clock.now(),
            };
            let mut w = house.store.write().await?;
            feedback::save(&mut w, &said).await?;
            w.save().await?;
        }
        *counts.entry(record.outcome.as_str()).or_default() += 1;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if json {
        output::json(&serde_json::json!({ "questions": lines.len(), "outcomes": counts }));
    } else {
        let rows = counts.into_iter().map(|(o, n)| vec![o.to_owned(), n.to_string()]).collect();
        output::table(&["outcome", "questions"], rows);
        output::line(format!("{} questions played and marked as demo", lines.len()));
    }
    house.budgets.flush().await;
    house.store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn set(clock: &FixedClock, first: Timestamp, i: i64, step: i64) {
    let at = first.plus_seconds(i * step);
    let ahead = (at.micros() - clock.now().micros()) / 1_000_000;
    clock.advance_seconds(ahead);
}
