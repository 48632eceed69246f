//! `contactiq audit`: the log from the inside. What an auditor verifies without trusting this program, `contactiq-verify`
//! does.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use contactiq_auditlog::{Checkpoint, Entry, disclosure::Disclosure, export, note};
use contactiq_domain::{Clock, ids::InteractionId};
use contactiq_store::{
    Store,
    audit::{self as log, AuditKind, Filter},
};
use serde_json::json;
use uuid::Uuid;

use super::{Outcome, audit, output};
use crate::{
    api::audit::Export,
    app::{self, Audit},
    config::Config,
    wiring::SystemClock,
};

/// A server that runs signs within seconds; the lease of one that died ends after ten.
const SIGNED_WITHIN: Duration = Duration::from_secs(15);

/// Commands of `audit`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Verify the log in the database, or an export of it; say which entry fails first.
    Verify {
        /// An export in place of the database.
        export: Option<PathBuf>,
        /// Checkpoints that were kept elsewhere: lines as `audit.anchor_file` has them, or an earlier export.
        #[arg(long)]
        anchors: Option<PathBuf>,
        /// The public keys, where they are not this installation's.
        #[arg(long)]
        key: Option<PathBuf>,
        /// Hold each record against its entry too.
        #[arg(long, conflicts_with = "export")]
        records: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write the log to a file, up to its last checkpoint.
    Export {
        /// The file; `-` is standard output.
        file: String,
        /// Begin behind so many entries: what an auditor has already.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// Prove to somebody outside that an interaction is in the log and what its record is.
    Prove {
        /// Its id.
        interaction: InteractionId,
        /// The file; standard output without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Print the last checkpoint as a signed note.
    Checkpoint,
    /// List the latest entries.
    List {
        /// Only of this kind.
        #[arg(long)]
        kind: Option<AuditKind>,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        last: u32,
        /// One JSON object a line: the bytes of the entries.
        #[arg(long)]
        json: bool,
    },
    /// List what was to become an entry and is no event: somebody wrote into the outbox past ContactIQ, or it is damaged.
    Letters {
        /// Forget this one, once you have seen to it; that is an entry.
        #[arg(long, value_name = "ID")]
        forget: Option<Uuid>,
        /// Take in these, or all, that are events and have no proof: a server of an older version noted them beside a new
        /// one. Look at them first: nothing shows that no other hand wrote them. That is an entry.
        #[arg(long, value_name = "ID", num_args = 0.., conflicts_with = "forget")]
        take_in: Option<Vec<Uuid>>,
        /// One JSON object a line.
        #[arg(long, conflicts_with_all = ["forget", "take_in"])]
        json: bool,
    },
    /// Begin a new log in the place of one that is lost for good, with no server running (docs/runbook.md).
    Begin {
        /// Do it: what is remembered of the old log is forgotten.
        #[arg(long)]
        yes: bool,
    },
    /// Say what stands for a name or an address in the entries' `actor` and `from`.
    Pseudonym {
        /// For instance a key's name as `contactiq keys list` shows it, or an IP address.
        word: String,
    },
    /// The keys that sign checkpoints.
    Keys {
        /// Make a new key. Servers sign with it when they are started again; the old one stays known.
        #[arg(long)]
        rotate: bool,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Outcome {
    if let Command::Verify { export: Some(file), anchors, key, json, .. } = command {
        return offline(&config, &file, anchors, key, json);
    }
    let store = app::open_store(&config).await?.at_work();
    let audit = Audit::open(&store, &config).await?;
    let done = match command {
        Command::Verify { anchors, key, records, json, .. } => {
            verify(&store, &audit, anchors, key, records, json).await
        }
        Command::Export { file, from } => write_export(&store, &audit, &file, from).await,
        Command::Prove { interaction, out } => prove(&store, &audit, interaction, out).await,
        Command::Checkpoint => checkpoint(&store, &audit).await,
        Command::List { kind, last, json } => list(&audit, kind, last, json).await,
        Command::Letters { take_in: Some(only), .. } => take_in_letters(&store, &only).await,
        Command::Letters { forget, json, .. } => letters(&store, forget, json).await,
        Command::Begin { yes } => begin(&store, &audit, yes).await,
        Command::Pseudonym { word } => {
            output::line(store.pseudonym(&word));
            Ok(ExitCode::SUCCESS)
        }
        Command::Keys { rotate } => keys(&store, &audit, &config, rotate).await,
    };
    audit.stop().await?;
    audit.log.close().await;
    store.close().await;
    done
}

/// Sees that what waits is in the log and signed: a server does so, or we do.
async fn up_to_date(store: &Store, audit: &Audit) -> Result<(), contactiq_store::StoreError> {
    let (since, mut asked) = (Instant::now(), false);
    loop {
        if audit.run(true).await?.leads {
            return Ok(());
        }
        let waiting = log::waiting(&mut *store.read().await?).await?.events;
        let signed = audit.log.checkpoint().await?.map_or(0, |(size, _)| size);
        let is_signed = waiting == 0 && signed == audit.log.size().await?;
        if is_signed || since.elapsed() > SIGNED_WITHIN {
            return Ok(());
        }
        if !std::mem::replace(&mut asked, true) {
            audit.want_checkpoint(store).await?;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn read_keys(
    path: Option<PathBuf>,
    own: impl FnOnce() -> PathBuf,
) -> Result<Vec<contactiq_auditlog::VerifyingKey>, String> {
    let path = path.unwrap_or_else(own);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    note::keys(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_anchors(
    path: Option<PathBuf>,
    keys: &[contactiq_auditlog::VerifyingKey],
) -> Result<Vec<Checkpoint>, String> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    export::anchors(&mut BufReader::new(file), keys).map_err(|fault| fault.to_string())
}

fn offline(
    config: &Config,
    file: &PathBuf,
    anchors: Option<PathBuf>,
    key: Option<PathBuf>,
    json: bool,
) -> Outcome {
    let keys = read_keys(key, || app::audit_public_file(config))?;
    let anchors = read_anchors(anchors, &keys)?;
    let opened = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    match export::verify(&mut BufReader::with_capacity(1 << 20, opened), &keys, &anchors) {
        Ok(whole) if json => output::json(&whole),
        Ok(whole) => output::line(format!(
            "verified: {} entries, {} checkpoints and {} anchors agree, root {}",
            whole.size - whole.from,
            whole.checkpoints,
            whole.anchors,
            whole.root
        )),
        Err(fault) => return not_verified(&fault.to_string(), fault.entry, json),
    }
    Ok(ExitCode::SUCCESS)
}

fn not_verified(why: &str, entry: Option<u64>, json: bool) -> Outcome {
    if json {
        output::json(&json!({ "verified": false, "entry": entry, "why": why }));
    } else {
        output::problem(&format!("not verified: {why}"));
    }
    Ok(ExitCode::FAILURE)
}

async fn verify(
    store: &Store,
    audit: &Audit,
    anchors: Option<PathBuf>,
    key: Option<PathBuf>,
    records: bool,
    json: bool,
) -> Outcome {
    let keys = match key {
        Some(path) => read_keys(Some(path), PathBuf::new)?,
        None => audit.keys.clone(),
    };
    let anchors = read_anchors(anchors, &keys)?;
    match audit.log.verify(store, (&audit.origin, &keys), &anchors, records).await {
        Ok(found) => {
            if json {
                output::json(&figures(&found, true));
            } else {
                output::line(format!(
                    "verified: {} entries, {} checkpoints and {} anchors agree; {} entries wait for their checkpoint",
                    found.log.size, found.log.checkpoints, found.log.anchors, found.unsigned
                ));
                told_of_letters(&found.letters);
                if records {
                    output::line(format!(
                        "{} records are those that were committed to, {} were erased",
                        found.records, found.closed
                    ));
                    output::line(format!(
                        "{} closed records are accounted for, 0 are not; holds, tickets and receipts stand as the log tells",
                        found.accounted
                    ));
                    if found.untold > 0 {
                        output::line(format!(
                            "of {} closed records this log does not tell which they are: start a server of this version once",
                            found.untold
                        ));
                    }
                    if found.earlier > 0 {
                        output::line(format!("{} records ended before the log began", found.earlier));
                    }
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(log::AuditFault::Store(error)) if error.is_transient() => Err(error.into()),
        Err(log::AuditFault::Apart(found)) => {
            if json {
                output::json(&figures(&found, false));
            } else {
                output::line(format!(
                    "the log is whole: {} entries, {} checkpoints and {} anchors agree",
                    found.log.size, found.log.checkpoints, found.log.anchors
                ));
                output::line(format!(
                    "{} records are those that were committed to, {} were erased: {} are accounted for, {} are not",
                    found.records,
                    found.closed,
                    found.accounted,
                    found.unaccounted.len()
                ));
                for id in &found.unaccounted {
                    output::problem(&format!(
                        "interaction {id}: its record is gone, and nothing accounts for it"
                    ));
                }
                told_of_letters(&found.letters);
                found.apart.iter().for_each(|apart| output::problem(&apart.to_string()));
            }
            Ok(ExitCode::FAILURE)
        }
        Err(fault) => {
            let entry = match &fault {
                log::AuditFault::Found { entry, .. } => *entry,
                _ => None,
            };
            not_verified(&fault.to_string(), entry, json)
        }
    }
}

/// What was found as JSON; `verified` is false where something is gone or stands otherwise.
fn figures(found: &log::Verified, verified: bool) -> serde_json::Value {
    json!({
        "verified": verified, "log": found.log, "unsigned": found.unsigned, "records": found.records,
        "erased": found.closed, "earlier": found.earlier, "accounted": found.accounted, "untold": found.untold,
        "unaccounted": found.unaccounted.len(), "unaccounted_interactions": found.unaccounted, "apart": found.apart,
        "letters": found.letters,
    })
}

/// Names what was put aside: it is no fault of the log, and no entry tells what it was.
fn told_of_letters(letters: &[log::Letter]) {
    for letter in letters {
        let event = letter.event.map_or_else(|| "no event".to_owned(), |event| format!("event {event}"));
        output::problem(&format!(
            "letter {} ({event}), put aside on {}: it was to become an entry and can't be read",
            letter.id, letter.found_at
        ));
    }
}

async fn begin(store: &Store, audit: &Audit, yes: bool) -> Outcome {
    if audit.log.size().await? > 0 {
        return Err("the log has entries: `contactiq audit verify --records` says whether they are whole, and docs/runbook.md, \"The audit log does not verify\", how a lost log is moved away first".into());
    }
    if !yes {
        output::line(
            "a new log would begin with entry 0, and what is remembered of the old one be forgotten; --yes does it",
        );
        return Ok(ExitCode::SUCCESS);
    }
    // First: whatever happens then, it is on record.
    noted(store, "audit begin", "log").await?;
    audit.log.begin_anew(store, SystemClock.now()).await?;
    Ok(ExitCode::SUCCESS)
}

/// So many are listed.
const LETTERS: u32 = 1_000;

async fn take_in_letters(store: &Store, only: &[Uuid]) -> Outcome {
    let mut w = store.write().await?;
    let taken = log::take_in_letters(&mut w, only).await?;
    audit::note(&mut w, "audit letters take-in", &taken.to_string()).await?;
    w.save().await?;
    output::note(format!("{taken} taken in"));
    Ok(ExitCode::SUCCESS)
}

async fn letters(store: &Store, forget: Option<Uuid>, json: bool) -> Outcome {
    if let Some(id) = forget {
        let mut w = store.write().await?;
        log::forget_letter(&mut w, id).await?;
        audit::note(&mut w, "audit letters forget", &id.to_string()).await?;
        w.save().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let found = log::letters(&mut *store.read().await?, LETTERS).await?;
    match json {
        true => found.iter().for_each(output::json),
        false => told_of_letters(&found),
    }
    Ok(ExitCode::SUCCESS)
}

async fn write_export(store: &Store, audit: &Audit, file: &str, from: u64) -> Outcome {
    up_to_date(store, audit).await?;
    let mut export = Export::begin(&audit.log, &audit.origin, from).await?;
    let mut to: Box<dyn Write + Send> = match file {
        "-" => Box::new(std::io::stdout()),
        path => Box::new(BufWriter::new(File::create(path)?)),
    };
    while let Some(part) = export.next(&audit.log).await? {
        to.write_all(&part)?;
    }
    to.flush()?;
    drop(to);
    noted(store, "audit export", &from.to_string()).await?;
    output::note(format!("{} entries, {} checkpoints", export.entries, export.checkpoints));
    Ok(ExitCode::SUCCESS)
}

async fn prove(store: &Store, audit: &Audit, id: InteractionId, out: Option<PathBuf>) -> Outcome {
    up_to_date(store, audit).await?;
    let proof: Disclosure = audit.log.prove(store, id, &audit.keys).await?;
    let text = proof.to_text();
    match out {
        Some(path) => std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?,
        None => output::raw(&text),
    }
    noted(store, "audit prove", &id.to_string()).await?;
    if proof.opened.is_none() {
        output::note("the record was erased: the proof shows that the entry is in the log");
    }
    Ok(ExitCode::SUCCESS)
}

async fn checkpoint(store: &Store, audit: &Audit) -> Outcome {
    up_to_date(store, audit).await?;
    match audit.log.checkpoint().await? {
        Some((_, note)) => {
            output::raw(&note);
            Ok(ExitCode::SUCCESS)
        }
        None => Err("the log has no entry yet".into()),
    }
}

async fn list(audit: &Audit, kind: Option<AuditKind>, last: u32, json: bool) -> Outcome {
    let found = audit.log.latest(&Filter { kind, before: None }, last).await?;
    if json {
        found.iter().for_each(|logged| output::line(String::from_utf8_lossy(&logged.leaf)));
    } else {
        let rows = found.iter().filter_map(|logged| logged.entry()).map(|entry| row(&entry));
        output::table(&["entry", "logged", "kind", "what"], rows.collect());
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &Entry) -> Vec<String> {
    let fields: Vec<String> = entry.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let logged = contactiq_domain::Timestamp::from_micros(entry.logged_at_us);
    vec![entry.index.to_string(), logged.to_string(), entry.kind.clone(), fields.join(" ")]
}

async fn keys(store: &Store, audit: &Audit, config: &Config, rotate: bool) -> Outcome {
    let mut keys = audit.keys.clone();
    if rotate {
        let key = app::rotate_audit_key(config)?;
        noted(store, "audit keys rotate", &key.to_string()).await?;
        output::note("servers sign with the new key when they are started again; give it to your auditors");
        keys.push(key);
    }
    keys.iter().for_each(output::line);
    output::note(format!(
        "the last one signs; its private half is in {}",
        app::audit_key_file(config).display()
    ));
    Ok(ExitCode::SUCCESS)
}

async fn noted(store: &Store, command: &str, target: &str) -> Result<(), contactiq_store::StoreError> {
    let mut w = store.write().await?;
    audit::note(&mut w, command, target).await?;
    w.save().await
}

/// What `doctor` says of the log.
pub(super) async fn standing(config: &Config) -> Result<(String, bool), String> {
    let store = app::open_store(config).await.map_err(|error| error.to_string())?;
    let audit = Audit::open(&store, config).await.map_err(|error| error.to_string())?;
    let found = async {
        let (size, last) = audit.log.verify_tail(&audit.keys).await.map_err(|fault| fault.to_string())?;
        let mut reader = store.read().await.map_err(|error| error.to_string())?;
        let waiting = log::waiting(&mut reader).await.map_err(|error| error.to_string())?;
        let last = last.map_or_else(
            || "no checkpoint yet".to_owned(),
            |last| {
                let at = contactiq_domain::Timestamp::from_micros(last.made_at_us);
                format!("the last checkpoint is of {} at {at} and verifies", last.size)
            },
        );
        let late = waiting.oldest.is_some_and(|oldest| oldest < SystemClock.now().plus_seconds(-60));
        let advice = if late {
            ", the oldest for more than a minute: start the server, which takes them in; where one runs, its log says why it does not"
        } else {
            ""
        };
        let letters = match waiting.letters {
            0 => String::new(),
            letters => format!("; {letters} rows are no events and are kept aside: `contactiq audit letters`"),
        };
        let owner = audit.log.other_owner().await.map_err(|error| error.to_string())?;
        let owned = owner.as_ref().map_or_else(String::new, |owner| {
            format!(
                "; its schema belongs to {owner}, who is not the user of server.database_url and can change the log: \
                 docs/runbook.md, \"The schema of the audit log\""
            )
        });
        let is_off = late || owner.is_some() || waiting.letters > 0;
        Ok((format!("{size} entries; {last}; {} events wait{advice}{letters}{owned}", waiting.events), is_off))
    }
    .await;
    audit.log.close().await;
    store.close().await;
    found
}
