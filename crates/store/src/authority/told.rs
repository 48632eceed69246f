//! Rows that opened nothing because they are not as they were written: each is told once, by whichever replica finds it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use contactiq_domain::ids::AccessId;
use contactiq_guard::seal::{Cell, Sealer};
use uuid::Uuid;

/// So many are remembered as told; beyond it some are handed on again, and the access log has each once all the same.
const MOST: usize = 4096;

contactiq_domain::words! {
    /// What was not written here.
    DamagedKind as "reason" {
        /// An API key.
        Key => "damaged_key",
        /// A session of the pages.
        Session => "damaged_session",
        /// A ticket.
        Ticket => "damaged_ticket",
        /// A conversation whose person is not the one for whom it is sealed.
        Conversation => "damaged_conversation",
        /// An interaction in another conversation than the one for whose person it is sealed.
        Interaction => "damaged_interaction",
        /// An API key as it was before it was changed, revoked or rotated.
        PutBack => "key_put_back",
    }
}

/// A row that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// What it is.
    pub kind: DamagedKind,
    /// Its id, where that is one; never a word that somebody wrote into its place.
    pub id: Option<String>,
    /// The id of the access event that tells it: a keyed hash of what stands in the row, the same for every replica and
    /// after a restart. Another change of the row is another event.
    pub event: AccessId,
}

/// Those that this process found.
#[derive(Default)]
pub(crate) struct Found(Mutex<Damages>);

#[derive(Default)]
struct Damages {
    seen: HashSet<AccessId>,
    news: Vec<Damaged>,
}

impl Found {
    /// Notes that a row is damaged; `cells` are what it says.
    pub(crate) fn report(&self, sealer: &Sealer, kind: DamagedKind, id: &str, cells: &[Cell]) {
        let mut all = Vec::with_capacity(cells.len() + 1);
        all.push(Cell::Text(id.to_owned()));
        all.extend_from_slice(cells);
        let mac = sealer.mac_of_row(kind.as_str(), &all);
        let mut event = [0; 16];
        event.copy_from_slice(&mac[..16]);
        let Ok(event) = Uuid::from_bytes(event).hyphenated().to_string().parse::<AccessId>() else { return };
        let id = Uuid::try_parse(id).ok().map(|id| id.hyphenated().to_string());
        // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.seen.len() >= MOST {
            found.seen.clear();
        }
        if found.seen.insert(event) && found.news.len() < MOST {
            tracing::error!(
                critical = true,
                id = id.as_deref().unwrap_or("unreadable"),
                what = kind.as_str(),
                "a row that gives authority was changed by something else than ContactIQ: it opens nothing"
            );
            found.news.push(Damaged { kind, id, event });
        }
    }

    /// Those that were found since the last look.
    pub(crate) fn take(&self) -> Vec<Damaged> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_no_news_and_another_change_is() {
        let (found, sealer) = (Found::default(), Sealer::new(&[1; 32], || [0; 12]));
        let id = "01980000-0000-7000-8000-000000000001";
        let role = |role: &str| [Cell::Text(role.to_owned())];
        found.report(&sealer, DamagedKind::Key, id, &role("admin"));
        found.report(&sealer, DamagedKind::Key, id, &role("admin"));
        let news = found.take();
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].id.as_deref(), Some(id));
        found.report(&sealer, DamagedKind::Key, id, &role("admin"));
        assert_eq!(found.take(), []);
        found.report(&sealer, DamagedKind::Key, id, &role("auditor"));
        found.report(&sealer, DamagedKind::Session, id, &role("auditor"));
        let more = found.take();
        assert_eq!(more.len(), 2);
        assert!(more.iter().all(|one| one.event != news[0].event) && more[0].event != more[1].event);
        // Another process tells the same event, which is one.
        let other = Found::default();
        other.report(&sealer, DamagedKind::Key, id, &role("admin"));
        assert_eq!(other.take(), news);
    }

    #[test]
    fn what_somebody_wrote_in_the_place_of_an_id_is_not_told() {
        let (found, sealer) = (Found::default(), Sealer::new(&[1; 32], || [0; 12]));
        found.report(&sealer, DamagedKind::Key, "Jo Bloggs", &[]);
        assert_eq!(found.take()[0].id, None);
    }
}
