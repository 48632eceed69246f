//! How fast the audit log is written, exported and verified on this machine.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    process::ExitCode,
    time::Instant,
};

use contactiq_auditlog::export;
use contactiq_domain::{Clock, Ids, ids::InteractionId};
use contactiq_store::audit::{self, AuditKind, Event};
use serde_json::json;

use super::{Outcome, output};
use crate::{
    api::audit::Export,
    app::{self, Audit},
    config::Config,
    wiring::{self, SystemClock, SystemIds},
};

/// Events that are noted in one transaction.
const TOGETHER: usize = 2_000;

pub(super) async fn run(config: &Config, entries: usize, json: bool) -> Outcome {
    let store = app::open_store(config).await?;
    let audit = Audit::open(&store, config).await?;
    let (mut noted, mut appended) = (0.0, 0.0);
    let mut left = entries;
    while left > 0 {
        let some: Vec<Event> = (0..left.min(TOGETHER)).map(|_| event()).collect();
        left -= some.len();
        let since = Instant::now();
        let mut w = store.write().await?;
        audit::note_all(&mut w, &some).await?;
        w.save().await?;
        noted += since.elapsed().as_secs_f64();
        let since = Instant::now();
        audit.run(left == 0).await?;
        appended += since.elapsed().as_secs_f64();
    }
    let path = config.server.data_dir.join("bench.jsonl");
    let since = Instant::now();
    let mut file = BufWriter::new(File::create(&path)?);
    let mut export = Export::begin(&audit.log, &audit.origin, 0).await?;
    while let Some(part) = export.next(&audit.log).await? {
        file.write_all(&part)?;
    }
    file.flush()?;
    let exported = since.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(&path)?.len();
    let since = Instant::now();
    let whole = export::verify(&mut BufReader::with_capacity(1 << 20, File::open(&path)?), &audit.keys, &[])?;
    let offline = since.elapsed().as_secs_f64();
    let since = Instant::now();
    audit.verify(&store, false, SystemClock.now()).await?;
    let inside = since.elapsed().as_secs_f64();
    audit.stop().await?;
    audit.log.close().await;
    store.close().await;
    let rate = |seconds: f64| entries as f64 / seconds;
    if json {
        output::json(&json!({
            "engine": store.engine(), "entries": whole.size, "bytes": bytes,
            "noted_a_second": rate(noted), "appended_a_second": rate(appended),
            "export_seconds": exported, "verify_export_seconds": offline, "verify_database_seconds": inside,
        }));
    } else {
        let row = |what: &str, seconds: f64| {
            vec![what.to_owned(), format!("{seconds:.2}"), format!("{:.0}", rate(seconds))]
        };
        output::table(
            &[&format!("{} entries, {} MB as a file", whole.size, bytes / 1_000_000), "seconds", "a second"],
            vec![
                row("noted in the outbox, 2000 a transaction", noted),
                row("taken into the log by the sequencer", appended),
                row("exported", exported),
                row("export verified: every entry, checkpoint, signature", offline),
                row("database verified: every column, tile, checkpoint", inside),
            ],
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// An event as most are: an interaction that commits to its record.
fn event() -> Event {
    let mut event = Event::new(
        SystemIds.next(),
        SystemClock.now(),
        AuditKind::Interaction,
        &[
            ("interaction", Some(InteractionId::new(&SystemIds).to_string())),
            ("form", Some(audit::RECORD_FORM.to_owned())),
            ("mode", Some("customer".to_owned())),
            ("outcome", Some("resolved".to_owned())),
            ("knowledge", Some("k17".to_owned())),
            ("sources", Some("customer/card-fees@2 customer/replacement-card@1".to_owned())),
            ("model", Some("extractive".to_owned())),
        ],
    );
    event.commitment = Some(contactiq_auditlog::Hash(wiring::random::<32>()));
    event
}
