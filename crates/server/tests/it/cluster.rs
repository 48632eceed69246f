//! A database that several processes share, in a real PostgreSQL with pgvector at
//! `CONTACTIQ_TEST_PGVECTOR_URL`, behind a door that a test can close. Without it these tests fail: they
//! don't skip.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use contactiq_pipeline::House;
use contactiq_server::{app, config};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{
    embeddings::{keep_vectors, with_kept_vectors},
    house::{keep_trained, with_trained},
    remote_encoder::{INTENTS, TRIGGERS, is_real, shortened, shortened_models},
};

/// How the server behind a door stands.
#[derive(Clone, Copy, PartialEq)]
enum Server {
    /// It answers.
    There,
    /// Every connection ends and none begins.
    Away,
    /// Connections stay, others begin, and nothing is answered: it is paused.
    Silent,
}

/// A fresh database. It stays in the server, which the tests throw away.
pub(crate) struct Database {
    /// Its URL, through the door.
    pub(crate) url: String,
    server: watch::Sender<Server>,
    _door: JoinSet<()>,
    /// The sealing key, which all processes of one database share.
    key: Arc<TempDir>,
}

impl Database {
    pub(crate) async fn new() -> Database {
        #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
        let server = std::env::var("CONTACTIQ_TEST_PGVECTOR_URL").expect(
            "CONTACTIQ_TEST_PGVECTOR_URL names no server: run `make test`, which starts private ones",
        );
        Database::on(&server).await
    }

    /// In this server.
    pub(crate) async fn on(server: &str) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("contactiq_it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let mut admin = PgConnection::connect(server).await.unwrap();
        for sql in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        admin.close().await.unwrap();
        let (user, rest) = server.rsplit_once('@').unwrap();
        let (address, _) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{user}@{}/{name}", listener.local_addr().unwrap());
        let (there, seen) = watch::channel(Server::There);
        let mut door = JoinSet::new();
        door.spawn(keep_door(listener, address.to_owned(), seen));
        let key = Arc::new(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        std::fs::write(key.path().join("sealing.key"), [7; 32]).unwrap();
        Database { url, server: there, _door: door, key }
    }

    /// From now on the server is away: every connection ends and none begins. Or it is back.
    pub(crate) fn is_away(&self, away: bool) {
        self.server.send(if away { Server::Away } else { Server::There }).unwrap();
    }

    /// From now on the server is paused: nothing that is sent to it is answered, and nobody is told.
    pub(crate) fn is_silent(&self) {
        self.server.send(Server::Silent).unwrap();
    }

    /// Runs a statement inside.
    pub(crate) async fn run(&self, sql: &'static str) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Gives a data folder the key of this database.
    pub(crate) fn admit(&self, folder: &TempDir) {
        std::fs::copy(self.key.path().join("sealing.key"), folder.path().join("sealing.key")).unwrap();
    }

    /// Takes pgvector into use, as a server does that starts.
    pub(crate) async fn adopt(&self) {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        self.admit(&dir);
        let env = [
            ("CONTACTIQ_DATA_DIR".to_owned(), dir.path().display().to_string()),
            ("CONTACTIQ_DATABASE_URL".to_owned(), self.url.clone()),
        ];
        app::adopt_vectors(&config::load_from(None, &env.into()).unwrap()).await.unwrap();
    }

    /// A replica with a data folder of its own, which learns little, and nothing that another one learned.
    pub(crate) async fn replica(&self, settings: &[(&'static str, String)]) -> Replica {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        with_trained(dir.path(), shortened_models(settings));
        self.replica_in(dir, settings).await
    }

    /// The same, which has to learn: nothing is in its folder.
    pub(crate) async fn new_replica(&self, settings: &[(&'static str, String)]) -> Replica {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        self.replica_in(dir, settings).await
    }

    async fn replica_in(&self, dir: TempDir, settings: &[(&'static str, String)]) -> Replica {
        self.admit(&dir);
        let real = is_real(settings);
        if real {
            with_kept_vectors(dir.path());
        }
        let mut env: std::collections::HashMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        for (name, field, text) in [
            ("intents.toml", "CONTACTIQ__FILES__INTENTS", INTENTS),
            ("triggers.toml", "CONTACTIQ__FILES__TRIGGERS", TRIGGERS),
        ] {
            let file = dir.path().join(name);
            std::fs::write(&file, shortened(text)).unwrap();
            env.insert(field.to_owned(), file.display().to_string());
        }
        env.insert("CONTACTIQ_DATA_DIR".to_owned(), dir.path().display().to_string());
        env.insert("CONTACTIQ_DATABASE_URL".to_owned(), self.url.clone());
        let config = config::load_from(None, &env).unwrap();
        app::adopt_vectors(&config).await.unwrap();
        let (house, standing) = app::build_house(&config, Arc::new(|_, _, _| {})).await.unwrap();
        assert!(standing.encoder.is_ok(), "{:?}", standing.encoder);
        if real {
            keep_vectors(dir.path());
        }
        keep_trained(dir.path(), shortened_models(settings));
        Replica { house, _dir: dir }
    }
}

/// The house of one process.
pub(crate) struct Replica {
    pub(crate) house: House,
    _dir: TempDir,
}

async fn keep_door(listener: TcpListener, address: String, server: watch::Receiver<Server>) {
    let mut inside = JoinSet::new();
    loop {
        let (mut from, _) = listener.accept().await.unwrap();
        let (address, mut server) = (address.clone(), server.clone());
        inside.spawn(async move {
            if server.wait_for(|server| *server != Server::Silent).await.is_ok_and(|s| *s == Server::Away) {
                return;
            }
            let Ok(mut to) = TcpStream::connect(&address).await else { return };
            let changed = tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut from, &mut to) => None,
                changed = server.wait_for(|server| *server != Server::There) => changed.ok().map(|s| *s),
            };
            if changed == Some(Server::Silent) {
                // Both ends stay open for as long as it lasts.
                let _ = server.wait_for(|server| *server != Server::Silent).await;
            }
        });
    }
}
