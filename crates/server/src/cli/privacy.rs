//! `contactiq privacy`: what is kept about a person, forgetting it, holding it, and how long anything is kept.

mod holds;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use askama::Template;
use contactiq_domain::{Clock, Timestamp, ids::KeyId};
use contactiq_guard::{Raw, TokenKey};
use contactiq_store::{
    Connection, Store,
    conversations::Owner,
    keys,
    privacy::{
        consent::{self, Consent, Purpose},
        erase::{self, By, Forgotten, Receipt},
        exports::{self, Form},
        is_known,
        named::{self, NamedIn},
        purge, restored,
    },
};
use uuid::Uuid;

use super::{Outcome, audit, output, page::Page};
use crate::{
    app,
    config::Config,
    guard::seen,
    privacy,
    wiring::{SystemClock, SystemIds},
};

/// Now, by the clock that replicas go by.
fn now(store: &Store) -> Timestamp {
    store.clock(Arc::new(SystemClock)).now()
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Commands of `privacy`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// All that is kept about a person, as JSON or as a page.
    Export {
        #[command(flatten)]
        person: Person,
        /// As a page that a person can read.
        #[arg(long)]
        html: bool,
    },
    /// Take out all that was said by a person and to a person; the figures stay.
    Erase {
        #[command(flatten)]
        person: Person,
        /// Do it; without this it is only said what would go.
        #[arg(long)]
        yes: bool,
        /// Print the receipt as JSON.
        #[arg(long)]
        json: bool,
    },
    /// The receipts of erasures, the latest first. Keep those of --json outside every backup.
    Receipts(Page),
    /// Erase once more those whom a restored backup brought back, from a file of receipts.
    Again {
        /// What `privacy receipts --json` printed.
        receipts: PathBuf,
        /// Also those without a signature, from before receipts were signed.
        #[arg(long)]
        unsigned: bool,
    },
    /// Legal holds.
    #[command(subcommand)]
    Hold(holds::Command),
    /// Note what a person agrees to or refuses.
    Consent {
        #[command(flatten)]
        person: Person,
        /// history: what was said before is read for the next answer.
        purpose: Purpose,
        /// yes or no.
        #[arg(value_parser = ["yes", "no"])]
        given: String,
    },
    /// Where bankers named somebody: the interactions, found by a name, an address, a telephone or an account number.
    Named {
        /// As bankers may have written it; several for one person.
        #[arg(required = true)]
        values: Vec<String>,
        /// Take the texts of these interactions out.
        #[arg(long)]
        erase: bool,
        /// Do it; without this it is only said what would go.
        #[arg(long, requires = "erase")]
        yes: bool,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Take out what was kept long enough.
    Purge {
        /// Only say what is due.
        #[arg(long)]
        dry_run: bool,
        /// The clock is right, though it is far ahead of when it was last believed.
        #[arg(long)]
        clock_is_right: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Which person.
#[derive(clap::Args)]
pub(super) struct Person {
    /// The person, as their records name them (`subject`): the back end's own name, or the one that stands for a person
    /// of the identity provider or of the bank's site.
    #[arg(long)]
    subject: String,
    /// The back end's key, by name or id; left out of somebody who signs in.
    #[arg(long)]
    key: Option<String>,
}

impl Person {
    async fn key(&self, c: &mut Connection) -> Result<Option<KeyId>, Failed> {
        let Some(named) = &self.key else { return Ok(None) };
        let mut known = keys::list(c).await?;
        known.extend(keys::damaged(c).await?);
        if let Some(key) = known.iter().find(|key| key.id.to_string() == *named) {
            return Ok(Some(key.id));
        }
        let so_called: Vec<_> = known.iter().filter(|key| key.name == *named).collect();
        match so_called.as_slice() {
            [] => Err("--key: there is no key of this name or id; `contactiq keys list` shows them".into()),
            [key] => Ok(Some(key.id)),
            // Names are given again, and what was kept by each of the keys is another person's.
            several => {
                let ids: Vec<String> = several
                    .iter()
                    .map(|key| match key.revoked_at {
                        Some(at) => format!("{} (revoked {at})", key.id),
                        None => format!("{} (in force)", key.id),
                    })
                    .collect();
                Err(format!(
                    "--key: {} keys have had this name, and each speaks for people of its own: name one by its id, and \
                     the others by theirs where they are meant too: {}",
                    several.len(),
                    ids.join(", ")
                )
                .into())
            }
        }
    }

    /// Whether anything is kept under one of these names.
    async fn is_known(c: &mut Connection, names: &[String], key: Option<KeyId>) -> Result<bool, Failed> {
        let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
        Ok(is_known(c, &owners).await?)
    }
}

/// What is said where nothing is kept under a name.
const NOBODY: &str = "nothing is kept under this name: check --subject and --key";

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    let store = app::open_store(&config).await?.at_work();
    // Replicas go by the clock of the database; an erasure by another one would miss what they wrote, or take too much.
    app::look_at_clock(&store).await?;
    let done = match command {
        Command::Export { person, html } => export(&store, &person, html).await,
        Command::Erase { person, yes, json } => erase(&store, &config, &person, yes, json).await,
        Command::Receipts(page) => receipts(&store, &page).await,
        Command::Again { receipts, unsigned } => again(&store, &config, &receipts, unsigned).await,
        Command::Hold(command) => holds::run(&store, command).await,
        Command::Consent { person, purpose, given } => {
            consented(&store, &person, purpose, given == "yes").await
        }
        Command::Named { values, erase, yes, json } => {
            named(&store, &config, values, erase && yes, json).await
        }
        Command::Purge { dry_run, clock_is_right, json } => {
            purge(&store, &config, dry_run, clock_is_right, json).await
        }
    };
    store.close().await;
    done
}

async fn export(store: &Store, person: &Person, html: bool) -> Outcome {
    let mut r = store.read().await?;
    let key = person.key(&mut r).await?;
    drop(r);
    let names = privacy::names(store, &person.subject, key);
    let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
    let mut w = store.write().await?;
    // Who reads all about a person leaves a trace before anything is read, without the person's name.
    let (form, now) = (if html { Form::Html } else { Form::Json }, now(store));
    let made = exports::note(&mut w, &owners, (form, audit::ACTOR), &SystemIds, now).await?;
    audit::note(&mut w, "privacy export", &seen::of_person(store, &person.subject, key)).await?;
    w.save().await?;
    let exported = privacy::export(&mut *store.read().await?, &names, key, Some(made.id), now).await?;
    if html {
        output::raw(&exported.render()?);
    } else {
        output::json(&exported);
    }
    Ok(ExitCode::SUCCESS)
}

async fn erase(store: &Store, config: &Config, person: &Person, yes: bool, json: bool) -> Outcome {
    // Before anything goes: without the key there would be no receipt.
    let (signer, _) = app::audit_key(store, config)?;
    if yes {
        holds_must_stand(store, config).await?;
    }
    let mut r = store.read().await?;
    let key = person.key(&mut r).await?;
    let names = privacy::names(store, &person.subject, key);
    let known = Person::is_known(&mut r, &names, key).await?;
    if !known {
        output::note(NOBODY);
    }
    if !yes {
        let found = privacy::export(&mut r, &names, key, None, now(store)).await?;
        let interactions: usize = found.conversations.iter().map(|c| c.interactions.len()).sum();
        output::line(format!(
            "{} conversations with {interactions} interactions would lose their texts; --yes does it, and nothing brings them back",
            found.conversations.len()
        ));
        return Ok(ExitCode::SUCCESS);
    }
    drop(r);
    let now = now(store);
    let by = By { name: audit::ACTOR, signer: Some(&signer), settles: None };
    match privacy::erase_person(store, &person.subject, key, by, &SystemIds, now).await? {
        Forgotten::Held(matter) => Err(format!(
            "a legal hold is on this person, matter {matter}: `contactiq privacy hold lift` lifts it"
        )
        .into()),
        Forgotten::Now(receipts) => {
            let said: Vec<String> = receipts.iter().map(|receipt| receipt.id.to_string()).collect();
            let mut w = store.write().await?;
            audit::note(&mut w, "privacy erase", &said.join(" ")).await?;
            w.save().await?;
            show(&receipts, json);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Nothing is taken out while a hold of the audit log is not in its table as it was placed.
pub(super) async fn holds_must_stand(store: &Store, config: &Config) -> Result<(), Failed> {
    let audit = app::Audit::open(store, config).await?;
    let holds = audit.log.holds_apart(store).await;
    audit.log.close().await;
    let holds = holds?;
    if !privacy::keep_from_purging(&holds) {
        return Ok(());
    }
    let of: Vec<String> = holds.iter().map(ToString::to_string).collect();
    Err(format!(
        "nothing was taken out: legal holds do not stand as the audit log tells. Put them back first \
         (docs/runbook.md, \"Tables say something else than the audit log\"): {}",
        of.join("; ")
    )
    .into())
}

fn show(receipts: &[Receipt], json: bool) {
    for receipt in receipts {
        if json {
            output::json(receipt);
        } else {
            output::line(told(receipt));
        }
    }
}

fn told(receipt: &Receipt) -> String {
    let mut said = format!(
        "{}: {} conversations with {} interactions erased on {}; handed out {} times before",
        receipt.id, receipt.conversations, receipt.interactions, receipt.erased_at, receipt.exports
    );
    if receipt.held > 0 {
        said.push_str(&format!("; {} interactions stay, held", receipt.held));
    }
    said
}

async fn receipts(store: &Store, page: &Page) -> Outcome {
    let found = erase::receipts(&mut *store.read().await?, page.limit(), page.skip()).await?;
    show(&found, page.json);
    Ok(ExitCode::SUCCESS)
}

async fn again(store: &Store, config: &Config, file: &PathBuf, unsigned: bool) -> Outcome {
    let (signer, keys) = app::audit_key(store, config)?;
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {}", file.display(), error.kind()))?;
    let mut known = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let receipt = privacy::receipt_in(line, &keys, unsigned)
            .map_err(|why| format!("{}, line {}: {why}", file.display(), number + 1))?;
        known.push(receipt);
    }
    holds_must_stand(store, config).await?;
    let back = restored::again(store, &known, Some(&signer), &SystemIds, now(store)).await?;
    let mut w = store.write().await?;
    let (erased, held, unread) = (back.erased, back.held.len(), back.unread.len());
    let undecided = back.undecided.len();
    let damaged = back.hold_unread.len();
    let became = format!(
        "{erased} people erased, {held} held, {damaged} held unread, {unread} unread, {undecided} undecided"
    );
    audit::note(&mut w, "privacy again", &became).await?;
    w.save().await?;
    output::line(format!(
        "{} receipts read, {erased} people had come back and were erased again",
        known.len()
    ));
    if held > 0 {
        let of: Vec<String> = back.held.iter().map(Uuid::to_string).collect();
        output::note(format!(
            "{held} people came back and STAY, because a legal hold is on them: lift the hold and run this again. \
             Their receipts: {}",
            of.join(", ")
        ));
    }
    if damaged > 0 {
        let of: Vec<String> = back.hold_unread.iter().map(Uuid::to_string).collect();
        output::note(format!(
            "{damaged} people came back and STAY, because a legal hold is on them that does not open: its row or its key is \
             damaged, and nobody can read of which matter it is. Take the row of legal_holds and its row of data_keys from \
             another backup, and run this again; do not lift a hold that nobody can read. Their receipts: {}",
            of.join(", ")
        ));
    }
    if !back.undecided.is_empty() {
        let of: Vec<String> = back.undecided.iter().map(Uuid::to_string).collect();
        output::note(format!(
            "{} people STAY, because their receipts are kept here and are dated later than now: they may have come back after \
             them. Look at each, and erase by name who did not; or run this again when the clock has passed them: {}",
            of.len(),
            of.join(", ")
        ));
        if unread == 0 {
            return Err("not everybody was decided: see above".into());
        }
    }
    if unread > 0 {
        return Err(format!(
            "{unread} people can't be read: nobody can tell whether a receipt is theirs. All others are done. Where their \
             key-encryption key is missing add it to server.sealing_key, else take these rows of data_keys from another \
             backup; then run this again: {}",
            back.unread.join(", ")
        )
        .into());
    }
    Ok(ExitCode::SUCCESS)
}

async fn consented(store: &Store, person: &Person, purpose: Purpose, given: bool) -> Outcome {
    let mut r = store.read().await?;
    let key = person.key(&mut r).await?;
    let names = privacy::names(store, &person.subject, key);
    if !Person::is_known(&mut r, &names, key).await? {
        output::note(NOBODY);
    }
    drop(r);
    let now = now(store);
    let noted = Consent { purpose, given, noted_by: audit::ACTOR.to_owned(), noted_at: now };
    let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
    let counted = consent::note_on_all(store, &owners, &noted, now).await?;
    let (counts, mut w) = match counted {
        Some(w) => (true, w),
        None => (false, store.write().await?),
    };
    audit::note(&mut w, "privacy consent", purpose.as_str()).await?;
    w.save().await?;
    if counts {
        return Ok(ExitCode::SUCCESS);
    }
    Err("this was not noted under any name: the person said no at this moment or at one that was still to come by this clock, which is \
         as of now from here on; where they agree, say so again"
        .into())
}

async fn named(store: &Store, config: &Config, values: Vec<String>, erase: bool, json: bool) -> Outcome {
    // Also by those that stand by: what was asked before a rotation has its tokens by them.
    let secrets = config.guard.token_key.keyring().keys();
    let keys: Vec<TokenKey> =
        secrets.iter().filter_map(|key| TokenKey::new(key.expose().as_bytes())).collect();
    if keys.is_empty() {
        return Err("guard.token_key is not set: without it nothing is kept by which people could be found in bankers' questions".into());
    }
    let tokens: Vec<_> = values
        .iter()
        .flat_map(|value| keys.iter().flat_map(|key| key.tokens_of(&Raw::new(value.as_str()))))
        .collect();
    if erase {
        holds_must_stand(store, config).await?;
        let (signer, _) = app::audit_key(store, config)?;
        let by = (audit::ACTOR, &signer);
        let done = named::erase(store, (&keys, &tokens), by, &SystemIds, now(store)).await?;
        match &done.receipt {
            Some(receipt) => show(std::slice::from_ref(receipt), json),
            None => output::note("nothing was erased, and there is no receipt"),
        }
        if !done.held.is_empty() {
            let of: Vec<String> = done.held.iter().map(ToString::to_string).collect();
            output::note(format!(
                "{} interactions STAY, because a hold is on the banker: {}",
                of.len(),
                of.join(", ")
            ));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut w = store.write().await?;
    let found = named::find(&mut w, &tokens).await?;
    audit::note(&mut w, "privacy named", &seen::list(&[("found", Some(found.len().to_string()))])).await?;
    w.save().await?;
    if json {
        found.iter().for_each(output::json);
    } else {
        let row = |named: &NamedIn| {
            let held = if named.held { "held" } else { "-" };
            vec![named.interaction.to_string(), named.created_at.to_string(), held.to_owned()]
        };
        output::table(&["interaction", "asked on", "hold"], found.iter().map(row).collect());
        output::note(format!(
            "{} interactions of bankers name it; --erase --yes takes their texts out",
            found.len()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn purge(store: &Store, config: &Config, dry_run: bool, clock_is_right: bool, json: bool) -> Outcome {
    let now = now(store);
    if clock_is_right && !dry_run {
        purge::believe(store, now).await?;
    } else if !dry_run {
        privacy::believable(store, &config.retention, now).await?;
    }
    if !dry_run {
        holds_must_stand(store, config).await?;
    }
    let before = privacy::before(&config.retention, now);
    let (what, purged) = if dry_run {
        ("due", purge::due(&mut *store.read().await?, &before).await?)
    } else {
        let purged = privacy::purge(store, &before, now, || std::future::ready(())).await?;
        let mut w = store.write().await?;
        audit::note(&mut w, "privacy purge", &format!("{} interactions", purged.texts)).await?;
        w.save().await?;
        ("purged", purged)
    };
    if json {
        output::json(&purged);
        return Ok(ExitCode::SUCCESS);
    }
    output::line(format!(
        "{what}: texts of {} interactions, figures of {}, {} access events; kept: {} held, {} with a ticket that nobody closed",
        purged.texts, purged.figures, purged.access_events, purged.held, purged.waiting_for_a_person
    ));
    Ok(ExitCode::SUCCESS)
}
