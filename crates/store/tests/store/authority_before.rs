//! Rows of the version before there were MACs: signed once, by the first start, and never again.

use contactiq_domain::{TicketState, Timestamp, ids::KeyId};
use contactiq_store::{
    Store,
    conversations::Owner,
    keys::{self, ApiKey},
    page_sessions::{self, PageSession},
    sealing, tickets,
};

use crate::{
    engines::{Bench, kek, kek_of},
    keys::key,
    page_sessions::session,
    samples::{NOW, ticket, told},
};

const FORM: &str = "keyring/root";
const SIGNED: &str = "keyring/root/rows signed";

/// What the version before wrote: two keys, one of them revoked, a session and a ticket that somebody took.
struct Before {
    key: ApiKey,
    revoked: KeyId,
    session: PageSession,
    ticket: contactiq_domain::ids::TicketId,
}

/// Makes the database what the version before had: without the columns, and with a keyring that says nothing of them.
async fn made_by_the_version_before(bench: &Bench) -> Before {
    let mut w = bench.write().await;
    let (key, revoked) = (key(&bench.ids, "shop"), key(&bench.ids, "old shop"));
    keys::create(&mut w, &key).await.unwrap();
    keys::create(&mut w, &revoked).await.unwrap();
    keys::revoke(&mut w, "old shop", NOW).await.unwrap();
    let session = session(&bench.ids, "person:1");
    page_sessions::begin(&mut w, &session).await.unwrap();
    let record = told(&mut w, &bench.ids).await;
    let ticket = ticket(&bench.ids, &record);
    tickets::open(&mut w, &ticket).await.unwrap();
    tickets::advance(&mut w, ticket.id, TicketState::Taken, "Ann", None, NOW).await.unwrap();
    tickets::note_hands(&mut w, ticket.id, &Owner { subject: "ann", key: None }).await.unwrap();
    w.save().await.unwrap();
    for (table, column) in
        [("api_keys", "mac"), ("api_keys", "generation"), ("page_sessions", "mac"), ("tickets", "mac")]
    {
        bench.place.raw_of(format!("ALTER TABLE {table} DROP COLUMN {column}")).await;
    }
    bench.place.raw("DELETE FROM _sqlx_migrations WHERE version = 43").await.unwrap();
    rewrap(bench, SIGNED, FORM).await;
    Before { key, revoked: revoked.id, session, ticket: ticket.id }
}

async fn rewrap(bench: &Bench, from: &str, to: &str) {
    let wrapped = bench.place.bytes("SELECT wrapped FROM keyring WHERE name = 'root'").await;
    let kek = kek();
    let root = kek.unwrap(kek.active(), &wrapped, from).unwrap();
    let digits: String = kek.wrap(&root, to).iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = match bench.store.engine() {
        "sqlite" => format!("X'{digits}'"),
        _ => format!("'\\x{digits}'::bytea"),
    };
    bench.place.raw_of(format!("UPDATE keyring SET wrapped = {bytes} WHERE name = 'root'")).await;
}

async fn is_as_it_was(store: &Store, before: &Before) {
    let mut r = store.read().await.unwrap();
    assert_eq!(keys::find_by_hash(&mut r, &before.key.hash).await.unwrap().as_ref(), Some(&before.key));
    let revoked = keys::find_by_id(&mut r, before.revoked).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(NOW));
    let found = page_sessions::find(&mut r, &before.session.token_hash).await.unwrap();
    assert_eq!(found.as_ref(), Some(&before.session));
    let ann = Owner { subject: "ann", key: None };
    assert!(tickets::get_for(&mut r, before.ticket, &ann).await.unwrap().is_some());
    assert_eq!(store.take_damaged(), []);
}

async fn entries(bench: &Bench) -> i64 {
    bench.place.number("SELECT COUNT(*) FROM audit_outbox WHERE body LIKE '%\"rows\":\"signed\"%'").await
}

on_both_engines! {
    async fn rows_of_before_are_signed_once_by_servers_that_start_together(bench) {
        assert_eq!(entries(bench).await, 0, "of a new database there is nothing to say");
        let before = made_by_the_version_before(bench).await;
        let (one, two, three) = tokio::join!(bench.place.open(), bench.place.open(), bench.place.open());
        for store in [one.unwrap(), two.unwrap(), three.unwrap()] {
            is_as_it_was(&store, &before).await;
            store.close().await;
        }
        assert_eq!(entries(bench).await, 1);
        let counts = "SELECT COUNT(*) FROM audit_outbox WHERE body LIKE '%\"api_keys\":\"2\"%'
             AND body LIKE '%\"page_sessions\":\"1\"%' AND body LIKE '%\"tickets\":\"1\"%'";
        assert_eq!(bench.place.number(counts).await, 1);
        // From then on a row without a MAC is damaged, whatever starts.
        bench.place.raw_of(format!("UPDATE api_keys SET mac = NULL, role = 'admin' WHERE id = '{}'", before.key.id)).await;
        let later = bench.place.open().await.unwrap();
        assert_eq!(keys::find_by_hash(&mut later.read().await.unwrap(), &before.key.hash).await.unwrap(), None);
        assert_eq!(keys::damaged(&mut later.read().await.unwrap()).await.unwrap().len(), 1);
        assert_eq!(entries(bench).await, 1);
        later.close().await;
    }

    async fn who_puts_back_the_keyring_of_before_is_in_the_audit_log(bench) {
        let before = made_by_the_version_before(bench).await;
        let wrapped = bench.place.bytes("SELECT wrapped FROM keyring WHERE name = 'root'").await;
        bench.place.open().await.unwrap().close().await;
        assert_eq!(entries(bench).await, 1);
        bench.place.raw_of(format!("UPDATE api_keys SET mac = NULL WHERE id = '{}'", before.key.id)).await;
        let digits: String = wrapped.iter().map(|byte| format!("{byte:02x}")).collect();
        let bytes = if bench.store.engine() == "sqlite" { format!("X'{digits}'") } else { format!("'\\x{digits}'::bytea") };
        bench.place.raw_of(format!("UPDATE keyring SET wrapped = {bytes} WHERE name = 'root'")).await;
        bench.place.open().await.unwrap().close().await;
        assert_eq!(entries(bench).await, 2, "that it was signed once more is on record");
    }

    async fn a_rotation_of_the_key_encryption_key_leaves_every_row_as_it_was(bench) {
        let before = made_by_the_version_before(bench).await;
        bench.place.open().await.unwrap().close().await;
        let both = Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        let now = Timestamp::from_micros(1);
        while sealing::rotate_step(&both, "a test", now).await.unwrap() > 0 {}
        both.close().await;
        let rotated = Store::open(&bench.place.location(), kek_of(&[[9; 32]])).await.unwrap();
        is_as_it_was(&rotated, &before).await;
        rotated.close().await;
        assert_eq!(entries(bench).await, 1, "the keyring says still that they are signed");
        // What the key-encryption key of before wrapped, also a keyring of that time, opens nothing without it.
        assert!(Store::open(&bench.place.location(), kek_of(&[[7; 32]])).await.is_err());
    }
}
