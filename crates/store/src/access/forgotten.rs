//! What is left of access events of whom was forgotten: that something was seen, when and how (E7).

use contactiq_domain::Timestamp;

use super::{AT_ONCE, LOCAL_ADMIN, actors, kept::free, told, whose};
use crate::{Store, StoreError, Writer, conversations::Owner, privacy::turns, value::values};

/// Notes that this person is forgotten: from then on [`sweep`] takes who and from where out of the events up to this
/// moment, also of those that a spool brings later. The local administrator's and a name that a key has stay: that is no
/// one person, or one can't tell whose events they are.
pub(crate) async fn forget(w: &mut Writer, owner: &Owner<'_>, now: Timestamp) -> Result<(), StoreError> {
    for name in actors(owner) {
        let by_key =
            w.row("SELECT id FROM api_keys WHERE name = $1 LIMIT 1", values![&name]).await?.is_some();
        if by_key || name == LOCAL_ADMIN {
            continue;
        }
        let hash = w.blind(&whose(&name));
        w.execute(
            "INSERT INTO erased_actors (whose, erased_at) VALUES ($1, $2)
             ON CONFLICT (whose) DO UPDATE SET erased_at = CASE
                 WHEN excluded.erased_at > erased_actors.erased_at THEN excluded.erased_at
                 ELSE erased_actors.erased_at END",
            values![hash, now],
        )
        .await?;
    }
    Ok(())
}

/// Gives the events of an earlier version, which have no hash of their actor, one: batch by batch, each in a transaction
/// of its own. They are opened while nobody is kept from writing; what is damaged stays as it is.
pub(crate) async fn hash_those_of_before(store: &Store) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let mut r = store.read().await?;
        let sql = "SELECT * FROM access_events WHERE whose IS NULL AND id > $1 ORDER BY id LIMIT $2";
        let rows = r.rows(sql, values![&after, AT_ONCE as i64]).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.text("id")?;
        let events = rows.iter().filter_map(|row| told(row).ok());
        let hashed: Vec<_> = events.map(|event| (event.id, r.blind(&whose(&event.actor)))).collect();
        drop(r);
        let mut w = store.write().await?;
        for (id, hash) in hashed {
            let sql = "UPDATE access_events SET whose = $2 WHERE id = $1 AND whose IS NULL";
            w.execute(sql, values![id, hash]).await?;
        }
        w.save().await?;
    }
}

/// Takes out who and from where of the events of people who were forgotten after them, but for what a hold in force
/// concerns; of how many. Batch by batch, each in a transaction of its own.
pub(crate) async fn sweep(store: &Store) -> Result<u64, StoreError> {
    let sql = format!(
        "UPDATE access_events SET actor = '', from_ip = '', whose = '' WHERE id IN (SELECT id FROM access_events
             WHERE whose IN (SELECT whose FROM erased_actors) AND occurred_at <= (SELECT erased_at FROM erased_actors
                 WHERE erased_actors.whose = access_events.whose) AND {} LIMIT $1)",
        free()
    );
    let mut swept = 0;
    loop {
        let mut w = store.write().await?;
        // Whoever places a hold at this moment is waited for and seen, or waits.
        turns::with_everybody(&mut w).await?;
        let some = w.execute_built(sql.clone(), values![AT_ONCE as i64]).await?;
        w.save().await?;
        swept += some;
        if some < AT_ONCE as u64 {
            return Ok(swept);
        }
    }
}
