//! What replicas share through PostgreSQL: with pgvector, and as bytes without.

use std::str::FromStr;

use contactiq_domain::{Collection, Passage, Timestamp, VectorKey, ids::DocumentId};
use contactiq_guard::Published;
use contactiq_store::{
    Location, Store, StoreError, documents,
    vectors::{self, Asked, FoundBy, Near, NoPgvector, Tidied, VectorColumn, Vectors},
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::task::JoinSet;

use crate::{
    engines::{Bench, Place, kek},
    samples::{NOW, document, passages},
};

const HOUR: i64 = 3_600;

/// Makes two tests of one body: `NAME::bytes` and `NAME::pgvector`.
macro_rules! in_both_columns {
    ($(async fn $name:ident($bench:ident) $body:block)+) => {$(
        async fn $name($bench: &Bench) $body

        mod $name {
            use super::$name as body;
            use crate::engines::{Bench, Place};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn bytes() {
                let bench = Bench::at(Place::postgresql().await).await;
                body(&bench).await;
                bench.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn pgvector() {
                let bench = Bench::at(Place::pgvector().await).await;
                super::adopted(&bench.store).await;
                body(&bench).await;
                bench.end().await;
            }
        }
    )+};
}

/// Takes pgvector into use, as a server does that starts.
async fn adopted(store: &Store) {
    assert_eq!(store.adopt_vectors().await.unwrap(), Some(VectorColumn::Pgvector));
    assert_eq!(store.vectors(), Some(VectorColumn::Pgvector));
}

async fn shared(store: &Store, encoder: &str, now: Timestamp) -> Vectors {
    Vectors::of(store, encoder, 3, now).await.unwrap().unwrap()
}

fn key(n: u16) -> VectorKey {
    let mut key = [7; 16];
    key[..2].copy_from_slice(&n.to_be_bytes());
    key
}

/// A unit vector at this angle.
fn vector(degrees: f32) -> [f32; 3] {
    let angle = degrees.to_radians();
    [angle.cos(), angle.sin(), 0.0]
}

async fn put(shared: &Vectors, keys: &[u16]) {
    let numbers: Vec<[f32; 3]> = keys.iter().map(|n| vector(f32::from(*n))).collect();
    let vectors: Vec<(VectorKey, &[f32])> =
        keys.iter().zip(&numbers).map(|(n, v)| (key(*n), v.as_slice())).collect();
    shared.put(&vectors).await.unwrap();
}

/// A document of passages that are found by these keys, one passage a list.
async fn add(bench: &Bench, shared: &Vectors, slug: &str, by: &[&[u16]]) -> DocumentId {
    let new = document(&bench.ids, slug, slug);
    let texts: Vec<String> = (0..by.len()).map(|n| format!("{slug} {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let own: Vec<Passage<Published>> = passages(&texts);
    let mut w = bench.write().await;
    documents::put(&mut w, &new, &own).await.unwrap();
    w.save().await.unwrap();
    drop(shared.link(&[(new.id, found(by))]).await.unwrap());
    new.id
}

fn found(by: &[&[u16]]) -> Vec<FoundBy> {
    let each = by.iter().enumerate();
    each.map(|(at, by)| FoundBy { position: at as u32, by: by.iter().map(|n| key(*n)).collect() }).collect()
}

async fn remove(bench: &Bench, slug: &str) {
    let mut w = bench.write().await;
    assert!(documents::remove(&mut w, Collection::Customer, slug).await.unwrap());
    w.save().await.unwrap();
}

async fn holds(shared: &Vectors, keys: &[u16]) -> Vec<u16> {
    let wanted: Vec<VectorKey> = keys.iter().map(|n| key(*n)).collect();
    let got = shared.get(&wanted).await.unwrap();
    keys.iter().copied().filter(|n| got.contains_key(&key(*n))).collect()
}

in_both_columns! {
    async fn what_one_replica_puts_another_gets(bench) {
        let (one, other) = (shared(&bench.store, "e", NOW).await, shared(&bench.store, "e", NOW).await);
        put(&one, &[1, 2, 3]).await;
        put(&other, &[3, 4]).await;
        one.put(&[(key(1), &[9.0, 9.0, 9.0]), (key(5), &[1.0]), (key(6), &[0.1, 0.2, 0.3])]).await.unwrap();
        let got = other.get(&[key(1), key(6), key(9)]).await.unwrap();
        assert_eq!(got.len(), 2);
        assert_eq!(got[&key(1)], vector(1.0), "what is there stays, to the last bit");
        assert_eq!(got[&key(6)], [0.1, 0.2, 0.3]);
        assert_eq!(holds(&one, &[1, 2, 3, 4, 5, 6]).await, [1, 2, 3, 4, 6]);
        assert_eq!(one.count().await.unwrap(), 5);
        // Another encoder has vectors of its own.
        let third = shared(&bench.store, "another", NOW).await;
        assert_eq!((third.count().await.unwrap(), holds(&third, &[1]).await), (0, vec![]));
        assert!(third.get(&[]).await.unwrap().is_empty());
    }

    async fn replicas_that_start_together_don_t_get_in_each_other_s_way(bench) {
        let mut tasks = JoinSet::new();
        for replica in 0..6_u16 {
            let store = bench.store.clone();
            tasks.spawn(async move {
                let shared = shared(&store, "e", NOW).await;
                let mut keys: Vec<u16> = (0..1_500).collect();
                keys.rotate_left(usize::from(replica) * 200);
                put(&shared, &keys).await;
            });
        }
        tasks.join_all().await;
        assert_eq!(shared(&bench.store, "e", NOW).await.count().await.unwrap(), 1_500);
    }

    async fn what_no_passage_uses_is_kept_for_a_day(bench) {
        let e = shared(&bench.store, "e", NOW).await;
        put(&e, &[1, 2, 3, 4]).await;
        add(bench, &e, "stays", &[&[1], &[2]]).await;
        add(bench, &e, "goes", &[&[2, 3]]).await;
        assert_eq!(vectors::tidy(&bench.store, NOW).await.unwrap(), Tidied { unused: 1, removed: 0 });
        remove(bench, "goes").await;
        let later = NOW.plus_seconds(HOUR);
        assert_eq!(vectors::tidy(&bench.store, later).await.unwrap(), Tidied { unused: 1, removed: 0 });
        assert_eq!(vectors::tidy(&bench.store, later).await.unwrap(), Tidied::default());

        // A replica that asks for one uses it: its day begins anew.
        assert_eq!(holds(&e, &[4]).await, [4]);
        let e = shared(&bench.store, "e", NOW.plus_seconds(24 * HOUR)).await;
        let day = later.plus_seconds(24 * HOUR + 1);
        assert_eq!(vectors::tidy(&bench.store, day).await.unwrap(), Tidied { unused: 1, removed: 1 });
        assert_eq!(e.count().await.unwrap(), 3);
        assert_eq!(holds(&e, &[1, 2, 3, 4]).await, [1, 2, 4]);
    }

    async fn an_erased_document_takes_its_vectors_with_it(bench) {
        let e = shared(&bench.store, "e", NOW).await;
        put(&e, &[1, 2, 3, 4, 5]).await;
        add(bench, &e, "leak", &[&[1, 2], &[3]]).await;
        add(bench, &e, "other", &[&[3, 4]]).await;
        assert_eq!(vectors::tidy(&bench.store, NOW).await.unwrap(), Tidied { unused: 1, removed: 0 });
        remove(bench, "leak").await;
        let mut w = bench.write().await;
        let done = contactiq_store::erase::document(&mut w, Collection::Customer, "leak", "desk", NOW).await;
        assert_eq!(done, Ok(contactiq_store::erase::Erased::Now { versions: 1 }));
        w.save().await.unwrap();
        // What another document says too stays; what nobody is found by may be an older wording, and goes
        // with the next tidying.
        assert_eq!(holds(&e, &[3, 1, 2]).await, [3]);
        vectors::tidy(&bench.store, NOW.plus_seconds(1)).await.unwrap();
        assert_eq!(holds(&e, &[1, 2, 3, 4, 5]).await, [3, 4]);
    }

    async fn what_is_used_again_stays_and_an_encoder_that_nobody_has_goes(bench) {
        let (e, old) = (shared(&bench.store, "e", NOW).await, shared(&bench.store, "old", NOW).await);
        put(&e, &[1]).await;
        put(&old, &[1]).await;
        vectors::tidy(&bench.store, NOW).await.unwrap();
        let id = add(bench, &e, "one", &[&[1]]).await;
        assert!(old.link(&[(id, found(&[&[1]]))]).await.unwrap().is_empty());
        let day = NOW.plus_seconds(25 * HOUR);
        let e = shared(&bench.store, "e", day).await;
        assert_eq!(vectors::tidy(&bench.store, day).await.unwrap(), Tidied { unused: 0, removed: 1 });
        assert_eq!((e.count().await.unwrap(), old.count().await.unwrap()), (1, 0));
    }

    async fn many_go_in_several_rounds(bench) {
        let e = shared(&bench.store, "e", NOW).await;
        put(&e, &(0..6_000).collect::<Vec<_>>()).await;
        let (hour, day) = (NOW.plus_seconds(HOUR), NOW.plus_seconds(26 * HOUR));
        assert_eq!(vectors::tidy(&bench.store, NOW).await.unwrap().unused, 5_000);
        assert_eq!(vectors::tidy(&bench.store, hour).await.unwrap().unused, 1_000);
        assert_eq!(vectors::tidy(&bench.store, day).await.unwrap().removed, 5_000);
        assert_eq!(vectors::tidy(&bench.store, day).await.unwrap().removed, 1_000);
        assert_eq!(e.count().await.unwrap(), 0);
    }
}

/// The documents, positions and cosines, nearest first.
fn told(mut near: Vec<Near>) -> Vec<(DocumentId, u32, f32, f32)> {
    near.sort_by(|a, b| b.best.total_cmp(&a.best).then(b.own.total_cmp(&a.own)));
    let round = |x: f32| (x * 1e4).round() / 1e4;
    near.iter().map(|n| (n.document, n.position, round(n.own), round(n.best))).collect()
}

fn cosine(degrees: f32) -> f32 {
    (degrees.to_radians().cos() * 1e4).round() / 1e4
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passages_are_found_by_their_own_vector_and_their_nearest_one() {
    let bench = Bench::at(Place::pgvector().await).await;
    adopted(&bench.store).await;
    let e = shared(&bench.store, "e", NOW).await;
    put(&e, &[0, 10, 20, 30, 40, 80]).await;
    let a = add(&bench, &e, "a", &[&[30, 10], &[40]]).await;
    let b = add(&bench, &e, "b", &[&[20, 80, 10]]).await;
    add(&bench, &e, "gone", &[&[0]]).await;
    remove(&bench, "gone").await;
    // 99 is not there: the passage is found by the rest, or not at all when it was its own.
    let c = add(&bench, &e, "c", &[&[80, 99], &[99, 80]]).await;
    let question = vector(0.0);
    let all = [a, b, c];
    let asked = Asked { vector: &question, documents: &all, also: &[] };
    let expected = [
        (b, 0, cosine(20.0), cosine(10.0)),
        (a, 0, cosine(30.0), cosine(10.0)),
        (a, 1, cosine(40.0), cosine(40.0)),
        (c, 0, cosine(80.0), cosine(80.0)),
    ];
    assert_eq!(told(e.nearest(asked).await.unwrap()), expected);
    assert!(e.nearest(Asked { documents: &[], ..asked }).await.unwrap().is_empty());
    let of_c = told(e.nearest(Asked { documents: &[c], ..asked }).await.unwrap());
    assert_eq!(of_c, [(c, 0, cosine(80.0), cosine(80.0))]);

    // What a passage is found by may change, and what was missing may come.
    let missing = e.link(&[(c, found(&[&[80, 99], &[99, 80]]))]).await.unwrap();
    assert_eq!(missing, [c]);
    put(&e, &[99]).await;
    let all = [(a, found(&[&[0], &[40]])), (c, found(&[&[80, 99], &[99, 80]]))];
    assert!(e.link(&all).await.unwrap().is_empty());
    let again = told(e.nearest(asked).await.unwrap());
    assert_eq!(again[0], (a, 0, 1.0, 1.0));
    assert_eq!(again.last().unwrap(), &(c, 1, cosine(99.0), cosine(80.0)));
    assert_eq!(again.len(), 5);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_finds_the_nearest_and_what_was_asked_for_besides() {
    let bench = Bench::at(Place::pgvector().await).await;
    adopted(&bench.store).await;
    let e = shared(&bench.store, "e", NOW).await;
    let far: Vec<u16> = (90..90 + 2_000).collect();
    let numbers: Vec<[f32; 3]> = far.iter().map(|n| vector(90.0 + f32::from(*n - 90) / 50.0)).collect();
    let vectors: Vec<(VectorKey, &[f32])> =
        far.iter().zip(&numbers).map(|(n, v)| (key(*n), v.as_slice())).collect();
    e.put(&vectors).await.unwrap();
    put(&e, &[1, 2, 3]).await;
    let a = add(&bench, &e, "near", &[&[1], &[2], &[3]]).await;
    let lists: Vec<[u16; 1]> = far.iter().map(|n| [*n]).collect();
    let b = add(&bench, &e, "far", &lists.iter().map(<[u16; 1]>::as_slice).collect::<Vec<_>>()).await;
    assert!(!e.index_when_many().await.unwrap(), "there are few");
    assert!(e.make_index().await.unwrap());
    assert!(!e.make_index().await.unwrap(), "there is one");

    let question = vector(0.0);
    let also = [(b, 1_999), (b, 5_000), (a, 0)];
    let both = [a, b];
    let asked = Asked { vector: &question, documents: &both, also: &also };
    let near = told(e.nearest(asked).await.unwrap());
    assert_eq!(near[..3], [1.0, 2.0, 3.0].map(|n: f32| (a, n as u32 - 1, cosine(n), cosine(n))));
    assert!((900..1_100).contains(&near.len()), "{}", near.len());
    assert!(near.iter().any(|n| (n.0, n.1) == (b, 1_999)) && !near.iter().any(|n| n.1 == 5_000));

    // Half an index that somebody left is made anew.
    let Location::Postgres(url) = bench.place.location() else { unreachable!() };
    let mut raw = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
    sqlx::raw_sql(
        "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'vectors_by_meaning_1'::regclass",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    raw.close().await.unwrap();
    assert_eq!(e.nearest(asked).await.unwrap().len(), 2_003, "without an index all are compared");
    assert!(e.make_index().await.unwrap());
    let again = told(e.nearest(asked).await.unwrap());
    assert_eq!(again[..3], near[..3]);
    assert!((900..1_100).contains(&again.len()), "{}", again.len());
    // Of a document that the nearest are not of, all passages are compared.
    assert_eq!(told(e.nearest(Asked { documents: &[a], also: &[], ..asked }).await.unwrap()), near[..3]);
    bench.end().await;
}

/// 95 of 100 passages are for staff, and nearer to the question than all that a customer may read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_collection_beside_a_large_one_is_found_whole() {
    let bench = Bench::at(Place::pgvector().await).await;
    adopted(&bench.store).await;
    let e = shared(&bench.store, "e", NOW).await;
    let (staff, customer): (Vec<u16>, Vec<u16>) = ((0..3_800).collect(), (5_000..5_200).collect());
    let angle = |n: u16| if n < 5_000 { f32::from(n) / 200.0 } else { 30.0 + f32::from(n - 5_000) / 10.0 };
    let numbers: Vec<(u16, [f32; 3])> =
        staff.iter().chain(&customer).map(|n| (*n, vector(angle(*n)))).collect();
    let vectors: Vec<(VectorKey, &[f32])> = numbers.iter().map(|(n, v)| (key(*n), v.as_slice())).collect();
    e.put(&vectors).await.unwrap();
    let of = |keys: &[u16]| keys.iter().map(|n| [*n]).collect::<Vec<_>>();
    let (staff, customer) = (of(&staff), of(&customer));
    add(&bench, &e, "staff", &staff.iter().map(<[u16; 1]>::as_slice).collect::<Vec<_>>()).await;
    let own = add(&bench, &e, "own", &customer.iter().map(<[u16; 1]>::as_slice).collect::<Vec<_>>()).await;
    let question = vector(0.0);
    let asked = Asked { vector: &question, documents: &[own], also: &[] };
    let exact = told(e.nearest(asked).await.unwrap());
    assert_eq!(exact.len(), 200);
    assert!(e.make_index().await.unwrap());
    let found = told(e.nearest(asked).await.unwrap());
    assert_eq!(found[..100], exact[..100], "as many as fusion looks at");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_pgvector_bytes_are_shared_and_with_it_the_column_is_its_own() {
    let place = Place::pgvector().await;
    let Location::Postgres(url) = place.location() else { unreachable!() };
    let mut admin = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
    let (_, database) = url.rsplit_once('/').unwrap();
    let user = format!("user_of_{database}");
    for sql in [
        format!("CREATE ROLE {user} LOGIN PASSWORD 'hush'"),
        format!("ALTER DATABASE {database} OWNER TO {user}"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    let (_, address) = url.rsplit_once('@').unwrap();
    let location = Location::Postgres(format!("postgres://{user}:hush@{address}"));
    let open = async || Store::open(&location, kek()).await.unwrap();

    let store = open().await;
    assert_eq!(store.vectors(), Some(VectorColumn::Bytes(NoPgvector::NotAllowed)));
    let e = shared(&store, "e", NOW).await;
    put(&e, &[1]).await;
    assert_eq!(holds(&e, &[1]).await, [1]);
    let asked = Asked { vector: &[1.0, 0.0, 0.0], documents: &[], also: &[] };
    let refused = e.nearest(asked).await.unwrap_err();
    assert_eq!(refused, StoreError::NoPgvector(NoPgvector::NotAllowed));
    assert!(refused.to_string().contains("CREATE EXTENSION vector"), "{refused}");
    assert!(!e.make_index().await.unwrap());

    // An administrator follows the advice. A command that opens the store changes nothing, a server does.
    sqlx::raw_sql("CREATE EXTENSION vector").execute(&mut admin).await.unwrap();
    let new = open().await;
    assert_eq!(new.vectors(), Some(VectorColumn::Bytes(NoPgvector::NotAdopted)));
    assert_eq!(holds(&shared(&new, "e", NOW).await, &[1]).await, [1]);
    // It waits for nobody who holds the table, and nobody waits for it.
    let mut holder = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE vectors IN ACCESS SHARE MODE").execute(&mut holder).await.unwrap();
    let (refused, other) = tokio::join!(new.adopt_vectors(), async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        tokio::time::timeout(std::time::Duration::from_secs(2), open()).await
    });
    assert!(refused.unwrap_err().is_transient());
    other.unwrap().close().await;
    holder.close().await.unwrap();
    adopted(&new).await;
    // A process that was there before fails once, looks, and goes on.
    assert!(e.put(&[(key(2), &[1.0, 0.0, 0.0])]).await.is_err());
    e.put(&[(key(2), &[1.0, 0.0, 0.0])]).await.unwrap();
    let n = shared(&new, "e", NOW).await;
    assert_eq!(holds(&n, &[1, 2]).await, [2], "the others are computed again");
    put(&n, &[1]).await;
    new.close().await;
    store.close().await;

    // Who can't see the extension takes nothing away from those who can.
    sqlx::raw_sql("CREATE SCHEMA elsewhere; ALTER EXTENSION vector SET SCHEMA elsewhere")
        .execute(&mut admin)
        .await
        .unwrap();
    let hidden = open().await;
    assert_eq!(hidden.vectors(), Some(VectorColumn::Closed(NoPgvector::OutOfSight)));
    assert!(Vectors::of(&hidden, "e", 3, NOW).await.unwrap().is_none());
    let still = hidden.adopt_vectors().await.unwrap();
    assert_eq!(still, Some(VectorColumn::Closed(NoPgvector::OutOfSight)));
    hidden.close().await;
    sqlx::raw_sql("ALTER EXTENSION vector SET SCHEMA public").execute(&mut admin).await.unwrap();
    let back = open().await;
    assert_eq!(back.vectors(), Some(VectorColumn::Pgvector));
    assert_eq!(holds(&shared(&back, "e", NOW).await, &[1]).await, [1]);
    back.close().await;

    // The extension may be taken away with all that is made of it.
    sqlx::raw_sql("DROP EXTENSION vector CASCADE").execute(&mut admin).await.unwrap();
    let without = open().await;
    assert_eq!(without.vectors(), Some(VectorColumn::Closed(NoPgvector::NotAllowed)));
    let made = without.adopt_vectors().await.unwrap();
    assert_eq!(made, Some(VectorColumn::Bytes(NoPgvector::NotAllowed)));
    put(&shared(&without, "e", NOW).await, &[1]).await;
    without.close().await;
    let cleared = format!(
        "ALTER DATABASE {database} OWNER TO postgres; DROP OWNED BY {user} CASCADE; DROP ROLE {user}"
    );
    sqlx::raw_sql(AssertSqlSafe(cleared)).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    place.end().await;
}

#[tokio::test]
async fn with_sqlite_nothing_is_shared() {
    let bench = Bench::at(Place::sqlite()).await;
    assert_eq!(bench.store.vectors(), None);
    assert!(Vectors::of(&bench.store, "e", 3, NOW).await.unwrap().is_none());
    assert_eq!(vectors::tidy(&bench.store, NOW).await.unwrap(), Tidied::default());
    bench.end().await;
}
