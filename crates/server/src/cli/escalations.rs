//! `contactiq escalations`: the tickets.

use std::process::ExitCode;

use contactiq_domain::{Clock, Mode, Ticket, TicketState, Trigger, ids::TicketId};
use contactiq_guard::Masked;
use contactiq_store::{Connection, Store, tickets};

use super::{Outcome, audit, output};
use crate::{app, config::Config, wiring::SystemClock};

type Failed = Box<dyn std::error::Error + Send + Sync>;

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
        /// Only tickets for this reason, for instance security_fraud.
        #[arg(long)]
        trigger: Option<Trigger>,
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
    /// Take an open ticket.
    Take(Move),
    /// Close a ticket.
    Close(Move),
}

/// Which ticket, and who moves it.
#[derive(clap::Args)]
pub(super) struct Move {
    /// Its id, or its number (T-1A2B3C4D).
    id: String,
    /// Who takes or closes it, as the ticket shall name them.
    #[arg(long)]
    by: String,
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?;
    let mut reader = store.read().await?;
    match command {
        Command::List { state, mode, trigger, limit, json } => {
            let filter = tickets::Filter { state, mode, trigger };
            let found = tickets::list(&mut reader, &filter, limit).await?;
            let all = tickets::count(&mut reader, &filter).await?;
            if json {
                found.iter().for_each(output::json);
            } else {
                let rows = found
                    .iter()
                    .map(|t| {
                        let question: String = t.question.as_str().chars().take(60).collect();
                        vec![
                            t.number(),
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
                if (found.len() as u64) < all {
                    output::note(format!("{} of {all}: --limit {all} shows all", found.len()));
                }
            }
        }
        Command::Take(who) => advance(&store, &who, TicketState::Taken).await?,
        Command::Close(who) => advance(&store, &who, TicketState::Closed).await?,
        Command::Show { id, json } => {
            let ticket = find(&mut reader, &id).await?;
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
                    ("assignee", ticket.assignee.clone().unwrap_or_else(|| "-".to_owned())),
                    ("taken", ticket.taken_at.map_or_else(|| "-".to_owned(), |t| t.to_string())),
                    ("closed", ticket.closed_at.map_or_else(|| "-".to_owned(), |t| t.to_string())),
                    ("demo", ticket.demo.to_string()),
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

async fn advance(store: &Store, who: &Move, to: TicketState) -> Result<(), Failed> {
    let by = who.by.trim();
    if by.is_empty() || by.chars().count() > 64 || by.chars().any(char::is_control) {
        return Err("--by: 1 to 64 characters without control characters".into());
    }
    let mut w = store.write().await?;
    let ticket = find(&mut w, &who.id).await?;
    let moved = tickets::advance(&mut w, ticket.id, to, by, SystemClock.now()).await?;
    audit::note(&mut w, &format!("escalations {to}"), &ticket.id.to_string()).await?;
    w.save().await?;
    if !moved {
        return Err(format!("{} is {} already: nothing was changed", ticket.number(), ticket.state).into());
    }
    output::line(format!("{} is {to}", ticket.number()));
    Ok(())
}

async fn find(c: &mut Connection, id: &str) -> Result<Ticket<Masked>, Failed> {
    let found = match id.parse::<TicketId>() {
        Ok(id) => tickets::get(c, id).await?,
        Err(_) => by_number(tickets::list(c, &tickets::Filter::default(), u32::MAX >> 1).await?, id),
    };
    found.ok_or_else(|| "there is no such ticket: `contactiq escalations list` shows the ids".into())
}

/// The ticket whose id ends like the number that people are told.
fn by_number(tickets: Vec<Ticket<Masked>>, number: &str) -> Option<Ticket<Masked>> {
    let wanted = number.trim().to_uppercase();
    let wanted = wanted.strip_prefix("T-").unwrap_or(&wanted).to_owned();
    tickets.into_iter().find(|ticket| ticket.number().strip_prefix("T-") == Some(&*wanted))
}
