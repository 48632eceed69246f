//! Takes what was read, one after the other, and stores it: a run at once, or with `--each` every document
//! as it comes.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use contactiq_store::Store;

use super::{
    judged::{How, Judged, store_all, were_others},
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

/// Why a run ends before its last document.
#[derive(Debug, thiserror::Error)]
pub(super) enum GivenUp {
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// With `--each`: what comes after would fail as well, and the report says so. What was stored before stays.
    #[error("the rest of the run was not stored")]
    Stopped,
}

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
    ///
    /// # Errors
    /// When nothing more can be taken.
    pub(super) async fn take(&mut self, file: String, read: Result<Judged, Skipped>) -> Result<(), GivenUp> {
        let judged = read.and_then(|judged| self.named(&file, judged));
        let judged = match judged {
            Ok(judged) => judged,
            Err(why) => {
                self.say(Row::new(file, Err(why)));
                return Ok(());
            }
        };
        if self.each {
            return self.alone(file, judged).await;
        }
        self.held += judged.size();
        if self.held > MOST_HELD {
            return Err(TooLarge.into());
        }
        self.waiting.push(judged);
        self.places.push(Place::Waits(file));
        Ok(())
    }

    /// A document often lies beside its PDF, and `fees.md` in more than one folder. Both would have one name:
    /// the second would silently be a new version of the first, and at the next run the other way round. In
    /// another folder it is named by its folder too; the first in the alphabet keeps the plain name, and what
    /// stands under a name already is never replaced by another file ([`put`](super::judged)).
    fn named(&mut self, file: &str, mut judged: Judged) -> Result<Judged, Skipped> {
        if let Some(first) = self.names.get(&judged.name()).cloned() {
            let taken = || Skipped {
                code: "document_name_taken",
                why: format!("{first} has the same name {}: rename one, or add only one", judged.slug()),
            };
            let slug = by_its_folder(Path::new(file), Path::new(&first), judged.slug()).ok_or_else(taken)?;
            let name = format!("{}/{slug}", judged.collection());
            if self.names.contains_key(&name) {
                return Err(taken());
            }
            judged.rename(slug);
        }
        self.names.insert(judged.name(), file.to_owned());
        Ok(judged)
    }

    /// A database that is full, read-only or still away after all tries is so for the next document too; one that
    /// is busy is not.
    async fn alone(&mut self, file: String, judged: Judged) -> Result<(), GivenUp> {
        let unavailable = |why: String| Skipped { code: "unavailable", why };
        let done = match store_all(self.store, &[judged], self.how, None).await {
            Ok(stored) => stored.done.into_iter().next(),
            Err(why) if !were_others(&why) => {
                let why = unavailable(format!("this one and all after it were not stored: {why}"));
                self.say(Row::new(file, Err(why)));
                return Err(GivenUp::Stopped);
            }
            Err(why) => Some(Err(unavailable(why.to_string()))),
        };
        let done = done.unwrap_or_else(|| Err(unavailable(String::new())));
        self.twins.extend(done.iter().filter_map(|done| done.twin.clone()));
        self.say(Row::new(file, done));
        Ok(())
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
        let mut rest = None;
        let (done, pruned) = if waiting.is_empty() && prune.is_none() {
            (Vec::new(), Vec::new())
        } else {
            match store_all(store, &waiting, how, prune.as_ref()).await {
                Ok(stored) => (stored.done, stored.pruned),
                Err(why) => {
                    // One line for all: a thousand times the same hides what was skipped for another reason.
                    let files = waiting.len();
                    let what = match files {
                        0 => "--prune".to_owned(),
                        1 => "1 document".to_owned(),
                        files => format!("{files} documents"),
                    };
                    let why = failed(format!("nothing of this run was stored: {why}"));
                    rest = Some(Row::new(what, Err(why)));
                    (Vec::new(), Vec::new())
                }
            }
        };
        let mut done = done.into_iter();
        let nothing = rest.is_some();
        let row = |place| match place {
            Place::Said(row) => Some(row),
            Place::Waits(_) if nothing => None,
            Place::Waits(file) => {
                let done = done.next().unwrap_or_else(|| Err(failed("it was not stored".to_owned())));
                Some(Row::new(file, done))
            }
        };
        let mut rows: Vec<Row> = places.into_iter().filter_map(row).collect();
        rows.extend(pruned);
        rows.extend(rest);
        rows
    }
}

/// The name of a file with that of the folder in which it lies; none where it lies in the folder of the other.
fn by_its_folder(file: &Path, other: &Path, slug: &str) -> Option<String> {
    let folder = file.parent().filter(|folder| Some(*folder) != other.parent())?;
    let folder = folder.file_name()?.to_str()?;
    let mut name = String::new();
    for c in folder.to_lowercase().chars() {
        if c.is_alphanumeric() {
            name.push(c);
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    (!name.is_empty()).then(|| format!("{name}-{slug}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_folder_is_named_by_it() {
        let name = |file: &str, other: &str| by_its_folder(Path::new(file), Path::new(other), "fees");
        assert_eq!(name("bank/Home Loans/fees.md", "bank/cards/fees.md").as_deref(), Some("home-loans-fees"));
        assert_eq!(name("bank/fees.pdf", "bank/fees.md"), None, "a document beside its PDF");
        assert_eq!(name("+/fees.md", "bank/fees.md"), None);
    }
}
