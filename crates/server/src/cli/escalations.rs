//! `contactiq escalations`: the tickets.

use std::process::ExitCode;

use contactiq_domain::{Clock, Mode, Ticket, TicketState, Trigger, ids::TicketId};
use contactiq_guard::Masked;
use contactiq_store::{Connection, Store, tickets};

use super::{Outcome, audit, output, page::Page, signature};
use crate::{app, config::Config, guard::seen, wiring::SystemClock};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Commands of `escalations`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List tickets, the most urgent first.
    List(List),
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
    /// Close a ticket that is resolved.
    #[command(alias = "close")]
    Resolve(Move),
}

/// Which tickets.
#[derive(clap::Args)]
pub(super) struct List {
    /// Only tickets that stand like this: open, taken or closed.
    #[arg(long)]
    state: Option<TicketState>,
    /// Only this assistant's.
    #[arg(long)]
    mode: Option<Mode>,
    /// Only tickets for this reason, for instance security_fraud.
    #[arg(long)]
    trigger: Option<Trigger>,
    /// Only those of demo traffic (only), or none of them (hide).
    #[arg(long)]
    demo: Option<DemoShare>,
    #[command(flatten)]
    page: Page,
}

/// What to do with tickets of demo traffic.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum DemoShare {
    /// Leave them out.
    Hide,
    /// Show nothing else.
    Only,
}

/// Which ticket, and who moves it.
#[derive(clap::Args)]
pub(super) struct Move {
    /// Its id, or its number (T-1A2B3C4D).
    id: String,
    /// Who takes or resolves it, as the ticket shall name them.
    #[arg(long, default_value = "command-line")]
    by: String,
    /// A note, masked before it is kept.
    #[arg(long)]
    note: Option<String>,
    /// Print the ticket as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?;
    match command {
        Command::List(wanted) => {
            seen(&store, "escalations list", &filter_of(&wanted)).await?;
            list(&mut *store.read().await?, &wanted).await?;
        }
        Command::Take(who) => advance(&config, &store, &who, TicketState::Taken).await?,
        Command::Resolve(who) => advance(&config, &store, &who, TicketState::Closed).await?,
        Command::Show { id, json } => {
            let ticket = find(&mut *store.read().await?, &id).await?;
            seen(&store, "escalations show", &ticket.id.to_string()).await?;
            if json {
                output::json(&ticket);
            } else {
                show(&ticket);
            }
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Nobody is shown tickets before that is on record.
async fn seen(store: &Store, command: &str, target: &str) -> Result<(), Failed> {
    let mut w = store.write().await?;
    audit::note(&mut w, command, target).await?;
    Ok(w.save().await?)
}

fn filter_of(wanted: &List) -> String {
    seen::list(&[
        ("state", wanted.state.map(|state| state.to_string())),
        ("mode", wanted.mode.map(|mode| mode.to_string())),
        ("trigger", wanted.trigger.map(|trigger| trigger.to_string())),
        ("page", Some(wanted.page.number.to_string())),
    ])
}

async fn list(c: &mut Connection, wanted: &List) -> Result<(), Failed> {
    let filter = tickets::Filter {
        state: wanted.state,
        mode: wanted.mode,
        trigger: wanted.trigger,
        demo: wanted.demo.map(|share| matches!(share, DemoShare::Only)),
        agent: None,
    };
    let page = &wanted.page;
    let found = tickets::list(c, &filter, page.limit(), page.skip()).await?;
    let all = tickets::count(c, &filter).await?;
    if page.json {
        found.iter().for_each(output::json);
    } else {
        let rows = found.iter().map(row).collect();
        let header =
            ["ticket", "opened", "mode", "trigger", "queue", "priority", "state", "question (masked)"];
        output::table(&header, rows);
    }
    if (found.len() as u64) < all {
        let shown = found.len();
        output::note(format!(
            "{shown} of {all}: --limit {all} shows all, --page {} the next",
            page.number + 1
        ));
    }
    Ok(())
}

fn row(t: &Ticket<Masked>) -> Vec<String> {
    let question: String = t.question.as_str().chars().take(60).collect();
    let state = match (&t.assignee, t.state) {
        (Some(who), TicketState::Taken) => format!("taken by {who}"),
        _ => t.state.to_string(),
    };
    let state = if t.demo { format!("{state} (demo)") } else { state };
    vec![
        t.number(),
        t.created_at.to_string(),
        t.mode.to_string(),
        t.trigger.to_string(),
        t.queue.clone(),
        t.priority.to_string(),
        state,
        question,
    ]
}

fn show(ticket: &Ticket<Masked>) {
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let note = |note: &Option<Masked>| or_none(note.as_ref().map(|n| n.as_str().to_owned()));
    for (name, value) in [
        ("ticket", ticket.id.to_string()),
        ("number", ticket.number()),
        ("opened", ticket.created_at.to_string()),
        ("mode", ticket.mode.to_string()),
        ("trigger", ticket.trigger.to_string()),
        ("rule", ticket.rule.clone()),
        ("queue", ticket.queue.clone()),
        ("priority", ticket.priority.to_string()),
        ("state", ticket.state.to_string()),
        ("assignee", or_none(ticket.assignee.clone())),
        ("taken", or_none(ticket.taken_at.map(|t| t.to_string()))),
        ("taken note", note(&ticket.taken_note)),
        ("closed", or_none(ticket.closed_at.map(|t| t.to_string()))),
        ("closed by", or_none(ticket.closed_by.clone())),
        ("closed note", note(&ticket.closed_note)),
        ("demo", ticket.demo.to_string()),
        ("interaction", ticket.interaction.to_string()),
        ("conversation", ticket.conversation.to_string()),
        ("question", ticket.question.as_str().to_owned()),
        ("told", ticket.told.as_str().to_owned()),
    ] {
        output::line(format!("{name:<13} {value}"));
    }
}

async fn advance(config: &Config, store: &Store, who: &Move, to: TicketState) -> Result<(), Failed> {
    let by = signature::name(&who.by)?;
    let note = signature::masked_note(config, who.note.as_deref())?;
    let mut w = store.write().await?;
    let ticket = find(&mut w, &who.id).await?;
    let moved = tickets::advance(&mut w, ticket.id, to, by, note.as_ref(), SystemClock.now()).await?;
    if !moved {
        return Err(format!("{} is {} already: nothing was changed", ticket.number(), ticket.state).into());
    }
    audit::note(&mut w, &format!("escalations {to}"), &ticket.id.to_string()).await?;
    w.save().await?;
    if who.json {
        output::json(&find(&mut *store.read().await?, &ticket.id.to_string()).await?);
    } else {
        output::line(format!("{} is {to}", ticket.number()));
    }
    Ok(())
}

async fn find(c: &mut Connection, id: &str) -> Result<Ticket<Masked>, Failed> {
    let found = match id.parse::<TicketId>() {
        Ok(id) => tickets::get(c, id).await?,
        Err(_) => by_number(tickets::list(c, &tickets::Filter::default(), u32::MAX >> 1, 0).await?, id),
    };
    found.ok_or_else(|| "there is no such ticket: `contactiq escalations list` shows the ids".into())
}

/// The ticket whose id ends like the number that people are told.
fn by_number(tickets: Vec<Ticket<Masked>>, number: &str) -> Option<Ticket<Masked>> {
    let wanted = number.trim().to_uppercase();
    let wanted = wanted.strip_prefix("T-").unwrap_or(&wanted).to_owned();
    tickets.into_iter().find(|ticket| ticket.number().strip_prefix("T-") == Some(&*wanted))
}
