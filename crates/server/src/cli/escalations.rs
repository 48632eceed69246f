//! `contactiq escalations`: the tickets.

use std::process::ExitCode;

use contactiq_domain::{Mode, Ticket, TicketState, ids::TicketId};
use contactiq_guard::Masked;
use contactiq_store::tickets;

use super::{Outcome, output};
use crate::{app, config::Config};

/// Commands of `escalations`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List tickets, the most urgent first.
    List {
        /// Only tickets that stand like this: open, taken or closed.
        #[arg(long)]
        state: Option<TicketState>,
        /// Only this assistant's.
        #[arg(long)]
        mode: Option<Mode>,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one ticket.
    Show {
        /// Its id, or the number that the person was told (T-1A2B3C4D).
        id: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?;
    let mut reader = store.read().await?;
    match command {
        Command::List { state, mode, limit, json } => {
            let found = tickets::list(&mut reader, state, mode, limit).await?;
            if json {
                found.iter().for_each(output::json);
            } else {
                let rows = found
                    .iter()
                    .map(|t| {
                        let question: String = t.question.as_str().chars().take(60).collect();
                        vec![
                            number(t),
                            t.created_at.to_string(),
                            t.mode.to_string(),
                            t.trigger.to_string(),
                            t.queue.clone(),
                            t.priority.to_string(),
                            t.state.to_string(),
                            question,
                        ]
                    })
                    .collect();
                output::table(
                    &[
                        "ticket",
                        "opened",
                        "mode",
                        "trigger",
                        "queue",
                        "priority",
                        "state",
                        "question (masked)",
                    ],
                    rows,
                );
            }
        }
        Command::Show { id, json } => {
            let missing = || "there is no such ticket: `contactiq escalations list` shows the ids".to_owned();
            let ticket = match id.parse::<TicketId>() {
                Ok(id) => tickets::get(&mut reader, id).await?,
                Err(_) => by_number(tickets::list(&mut reader, None, None, u32::MAX >> 1).await?, &id),
            };
            let ticket = ticket.ok_or_else(missing)?;
            if json {
                output::json(&ticket);
            } else {
                for (name, value) in [
                    ("ticket", ticket.id.to_string()),
                    ("opened", ticket.created_at.to_string()),
                    ("mode", ticket.mode.to_string()),
                    ("trigger", ticket.trigger.to_string()),
                    ("rule", ticket.rule.clone()),
                    ("queue", ticket.queue.clone()),
                    ("priority", ticket.priority.to_string()),
                    ("state", ticket.state.to_string()),
                    ("interaction", ticket.interaction.to_string()),
                    ("conversation", ticket.conversation.to_string()),
                    ("question", ticket.question.as_str().to_owned()),
                    ("told", ticket.told.as_str().to_owned()),
                ] {
                    output::line(format!("{name:<13} {value}"));
                }
            }
        }
    }
    drop(reader);
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The ticket whose id ends like the number that people are told.
fn by_number(tickets: Vec<Ticket<Masked>>, number: &str) -> Option<Ticket<Masked>> {
    let wanted = number.trim().to_uppercase();
    let wanted = wanted.strip_prefix("T-").unwrap_or(&wanted).to_owned();
    let ends = |t: &Ticket<Masked>| t.id.uuid().simple().to_string().to_uppercase().ends_with(&wanted);
    (wanted.len() == 8).then(|| tickets.into_iter().find(ends)).flatten()
}

/// The number as people are told it.
fn number(ticket: &Ticket<Masked>) -> String {
    let id = ticket.id.uuid().simple().to_string().to_uppercase();
    format!("T-{}", &id[id.len() - 8..])
}
