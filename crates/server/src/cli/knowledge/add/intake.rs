//! Takes what was read, one after the other, and stores it: a run at once, or with `--each` every document
//! as it comes.

use std::collections::{HashMap, HashSet};

use contactiq_store::Store;

use super::{
    judged::{How, Judged, store_all},
    prune::{self, Prune},
    row::{Row, Skipped},
};

/// The most text that a run holds before it is stored, in bytes.
const MOST_HELD: usize = 512 * 1024 * 1024;

/// Why a run is given up, with nothing of it stored.
#[derive(Debug, thiserror::Error)]
#[error(
    "run_too_large: these documents hold more text than one run keeps in memory (512 MB), and nothing was stored: \
     add them in parts, or each for itself with --each"
)]
pub(super) struct TooLarge;

/// What a run is to prune.
pub(super) enum Pruning {
    No,
    Yes(Prune),
    /// Not all was read.
    Refused,
}

/// A run.
pub(super) struct Intake<'a> {
    store: &'a Store,
    how: How,
    each: bool,
    places: Vec<Place>,
    waiting: Vec<Judged>,
    held: usize,
    /// Which file or page of this run has a name first.
    names: HashMap<String, String>,
    /// Documents that say what a page of this run says.
    twins: HashSet<String>,
}

/// A line of the report.
enum Place {
    Said(Row),
    /// It waits for the transaction.
    Waits(String),
}

impl<'a> Intake<'a> {
    pub(super) fn new(store: &'a Store, how: How, each: bool) -> Intake<'a> {
        Intake {
            store,
            how,
            each,
            places: Vec::new(),
            waiting: Vec::new(),
            held: 0,
            names: HashMap::new(),
            twins: HashSet::new(),
        }
    }

    /// Adds a line to the report.
    pub(super) fn say(&mut self, row: Row) {
        self.places.push(Place::Said(row));
    }

    /// Takes what came of a file or page.
    pub(super) async fn take(&mut self, file: String, read: Result<Judged, Skipped>) -> Result<(), TooLarge> {
        let judged = read.and_then(|judged| self.named(&file, judged));
        let judged = match judged {
            Ok(judged) => judged,
            Err(why) => {
                self.say(Row::new(file, Err(why)));
                return Ok(());
            }
        };
        if self.each {
            let row = self.alone(file, judged).await;
            self.say(row);
            return Ok(());
        }
        self.held += judged.size();
        if self.held > MOST_HELD {
            return Err(TooLarge);
        }
        self.waiting.push(judged);
        self.places.push(Place::Waits(file));
        Ok(())
    }

    /// A document often lies beside its PDF, and `fees.md` in more than one folder. Both would have one name:
    /// the second would silently be a new version of the first, and at the next run the other way round.
    fn named(&mut self, file: &str, judged: Judged) -> Result<Judged, Skipped> {
        match self.names.get(&judged.name()) {
            Some(first) => Err(Skipped {
                code: "document_name_taken",
                why: format!("{first} has the same name {}: rename one, or add only one", judged.slug()),
            }),
            None => {
                self.names.insert(judged.name(), file.to_owned());
                Ok(judged)
            }
        }
    }

    async fn alone(&mut self, file: String, judged: Judged) -> Row {
        let done = match store_all(self.store, &[judged], self.how, None).await {
            Ok(stored) => stored.done.into_iter().next(),
            Err(why) => Some(Err(Skipped { code: "unavailable", why: why.to_string() })),
        };
        let done = done.unwrap_or_else(|| Err(Skipped { code: "unavailable", why: String::new() }));
        self.twins.extend(done.iter().filter_map(|done| done.twin.clone()));
        Row::new(file, done)
    }

    /// Stores what waits and prunes, in one transaction; the report.
    pub(super) async fn finish(mut self, pruning: Pruning) -> Vec<Row> {
        let prune = match pruning {
            Pruning::No => None,
            Pruning::Yes(mut prune) => {
                prune.kept.extend(std::mem::take(&mut self.twins));
                Some(prune)
            }
            Pruning::Refused => {
                self.say(prune::refused());
                None
            }
        };
        let Intake { store, how, places, waiting, .. } = self;
        let failed = |why: String| Skipped { code: "unavailable", why };
        let (done, pruned) = if waiting.is_empty() && prune.is_none() {
            (Vec::new(), Vec::new())
        } else {
            match store_all(store, &waiting, how, prune.as_ref()).await {
                Ok(stored) => (stored.done, stored.pruned),
                Err(why) => {
                    let why = failed(format!("nothing of this run was stored: {why}"));
                    let pruned = prune.iter().map(|_| Row::new("--prune".to_owned(), Err(why.clone())));
                    (waiting.iter().map(|_| Err(why.clone())).collect(), pruned.collect())
                }
            }
        };
        let mut done = done.into_iter();
        let row = |place| match place {
            Place::Said(row) => row,
            Place::Waits(file) => {
                let done = done.next().unwrap_or_else(|| Err(failed("it was not stored".to_owned())));
                Row::new(file, done)
            }
        };
        let mut rows: Vec<Row> = places.into_iter().map(row).collect();
        rows.extend(pruned);
        rows
    }
}
