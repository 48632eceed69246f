//! PostgreSQL and Redis pause, die and come back (Redis with what it had synced and no more), the spool's disk fills up,
//! and gateways and workers are killed meanwhile: what a client saw is in the record once (R1, R3). The services are
//! this test's own.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::watch, task::block_in_place};

use crate::{
    cluster::Database,
    crash::{self, Dice, ForgetfulDisk, Seen, Server, kills, serve},
    house::{client, soon},
    process::Terminal,
    reply::text,
    workers::process,
};

const CLIENTS: u64 = 6;

/// A PostgreSQL or a Redis that may be paused and die.
pub(crate) struct Service {
    script: PathBuf,
    pub(crate) folder: PathBuf,
    /// Where its processes work.
    works_in: PathBuf,
    pub(crate) url: String,
    /// Where it forgets what it had not synced, if it does.
    disk: Option<ForgetfulDisk>,
}

impl Service {
    /// A Redis on a disk that forgets what was not synced when it dies.
    pub(crate) fn forgetful_redis(below: &TempDir) -> Service {
        std::fs::create_dir(below.path().join("redis")).unwrap();
        let disk = ForgetfulDisk::below(&below.path().join("redis"));
        let redis = Self::started("redis", below, ".", Some(disk));
        let maps = |process: &String| std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
        let own = redis.processes();
        assert!(own.iter().all(|process| maps(process).contains("disk")), "Redis writes past the library");
        redis
    }

    pub(crate) fn start(name: &str, below: &TempDir, works_in: &str) -> Service {
        Self::started(name, below, works_in, None)
    }

    fn started(name: &str, below: &TempDir, works_in: &str, disk: Option<ForgetfulDisk>) -> Service {
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts");
        let script = Path::new(scripts).join(format!("{name}-private.sh"));
        let folder = below.path().join(name);
        let works_in = folder.join(works_in);
        let mut service = Service { script, works_in, folder, url: String::new(), disk };
        service.url = service.asked("start");
        service
    }

    fn asked(&self, action: &str) -> String {
        let mut command = Command::new(&self.script);
        command.arg(action).arg(&self.folder);
        command.env("POSTGRES_KEEPS", "yes").env("REDIS_APPENDFSYNC", "always");
        command.envs(self.disk.iter().flat_map(ForgetfulDisk::for_redis));
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// It dies at once and is there again, with what was on its disk.
    fn dies(&self) {
        let Some(disk) = &self.disk else {
            self.asked("restart");
            return;
        };
        self.asked("kill");
        disk.forget_if_any();
        self.asked("again");
    }

    fn processes(&self) -> Vec<String> {
        let works_in = self.works_in.canonicalize().unwrap();
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok());
        let own =
            processes.filter(|p| std::fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd == works_in));
        let own: Vec<String> = own.map(|p| p.file_name().to_string_lossy().into_owned()).collect();
        assert!(!own.is_empty(), "nothing works in {}", works_in.display());
        own
    }

    /// Sends a signal to each of its processes.
    pub(crate) fn signal(&self, signal: &str) {
        let own = self.processes();
        // One may have ended since.
        drop(Command::new("kill").arg(format!("-{signal}")).args(own).output().unwrap());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = Command::new(&self.script).arg("stop").arg(&self.folder).output();
    }
}

/// What happens beside the kill of a process.
#[derive(Clone, Copy, Debug)]
enum Outage {
    Nothing,
    DatabasePaused,
    DatabaseDied,
    QueuePaused,
    QueueDied,
    SpoolFull,
    EverythingPaused,
}

const OUTAGES: [Outage; 7] = [
    Outage::DatabasePaused,
    Outage::QueueDied,
    Outage::EverythingPaused,
    Outage::DatabaseDied,
    Outage::QueuePaused,
    Outage::SpoolFull,
    Outage::Nothing,
];

/// What a cluster stands on, and the flag that fills the disk of the gateway's spool.
pub(crate) struct Ground {
    pub(crate) database: Service,
    pub(crate) queue: Service,
    pub(crate) full: PathBuf,
}

impl Ground {
    fn breaks(&self, outage: Outage) {
        match outage {
            Outage::Nothing => {}
            Outage::DatabasePaused => self.database.signal("STOP"),
            Outage::QueuePaused => self.queue.signal("STOP"),
            Outage::DatabaseDied => self.database.dies(),
            Outage::QueueDied => self.queue.dies(),
            // With the queue away the spool is asked.
            Outage::SpoolFull => {
                std::fs::write(&self.full, "").unwrap();
                self.queue.signal("STOP");
            }
            Outage::EverythingPaused => {
                std::fs::write(&self.full, "").unwrap();
                self.queue.signal("STOP");
                self.database.signal("STOP");
            }
        }
    }

    pub(crate) fn heals(&self) {
        self.database.signal("CONT");
        self.queue.signal("CONT");
        let _ = std::fs::remove_file(&self.full);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_in_the_record_whatever_fails_beside_it() {
    // The user postgres must be able to enter it.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(open).tempdir_in("/tmp").unwrap();
    let (database, queue) =
        block_in_place(|| (Service::start("pgvector", &folder, "data"), Service::forgetful_redis(&folder)));
    let ground = Ground { database, queue, full: folder.path().join("full") };
    let tables = Database::on(&ground.database.url).await;
    let gateway = process(&tables, &ground.queue.url, "gateway");
    let spool = gateway.data().canonicalize().unwrap().join("spool");
    let gateway = gateway
        .with("LD_PRELOAD", crash::disk(folder.path()).display().to_string())
        .with("FULL_ROOT", spool.display().to_string())
        .with("FULL_WHILE", ground.full.display().to_string());
    let workers =
        [process(&tables, &ground.queue.url, "worker"), process(&tables, &ground.queue.url, "worker")];

    let key = gateway.run(&["keys", "create", "--name", "load", "--role", "service"]).well();
    let (server, url) = block_in_place(|| serve(&gateway));
    let mut running: [Option<Server>; 3] =
        [Some(server), Some(serve(&workers[0]).0), Some(serve(&workers[1]).0)];
    let (tell, address) = watch::channel(url);
    let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Seen::default()));
    let mut clients = tokio::task::JoinSet::new();
    for number in 1..=CLIENTS {
        let (key, address) = (key.trim().to_owned(), address.clone());
        clients.spawn(crash::client_of(number, key, address, Arc::clone(&stop), Arc::clone(&seen)));
    }

    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let turns = kills().max(OUTAGES.len() as u64);
    for turn in 0..turns {
        let chance = if turn < OUTAGES.len() as u64 { turn } else { dice.roll(OUTAGES.len() as u64) };
        let (outage, victim) = (OUTAGES[chance as usize], dice.roll(3) as usize);
        pause(200 + dice.roll(800)).await;
        block_in_place(|| ground.breaks(outage));
        pause(dice.roll(2500)).await;
        drop(running[victim].take());
        pause(dice.roll(1000)).await;
        block_in_place(|| ground.heals());
        let terminal = [&gateway, &workers[0], &workers[1]][victim];
        let (again, url) = block_in_place(|| serve(terminal));
        running[victim] = Some(again);
        if victim == 0 {
            tell.send(url).unwrap();
        }
    }
    pause(1000).await;
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;

    // All is there again: what waits is written.
    let url = tell.borrow().clone();
    let admin = gateway.run(&["keys", "create", "--name", "admin", "--role", "admin"]).well();
    let empty = async || {
        let ledger = client().get(format!("{url}/v1/ledger")).bearer_auth(admin.trim()).send();
        let ledger: Value = ledger.await.ok()?.json().await.ok()?;
        (ledger["queue_entries"] == 0 && ledger["spool_entries"] == 0 && ledger["waiting"] == 0)
            .then_some(ledger)
    };
    let ledger = soon(empty).await;
    keeping_is_told(&ground.queue, &url).await;
    let store = store(&gateway, &tables).await;
    println!("{turns} kills and outages: {}", crash::holds_all(&store, &seen).await);
    store.close().await;
    assert_eq!(ledger["dead_letters"], 0, "{ledger}");
    assert!(text(&ledger, "first_place") == "closed", "{ledger}");
}

/// `/ready` says how surely this Redis keeps what it took, also when that changes.
async fn keeping_is_told(queue: &Service, url: &str) {
    let told = async || {
        let ready = client().get(format!("{url}/ready")).send().await.unwrap();
        text(&ready.json::<Value>().await.unwrap(), "ledger").to_owned()
    };
    // The program wants the name that an address may leave out.
    let url_of_cli = queue.url.replace("redis://:", "redis://default:");
    let set = |name: &str, value: &str| {
        let cli = Command::new("redis-cli").args(["-u", &url_of_cli, "config", "set", name, value]).output();
        assert_eq!(cli.unwrap().stdout, b"OK\n");
    };
    let becomes = async |words: &str| soon(async || told().await.contains(words).then_some(())).await;
    becomes("ok: queued in Redis, synced").await;
    set("maxmemory", "10gb");
    set("maxmemory-policy", "allkeys-lru");
    becomes("which may evict what it took: set maxmemory-policy noeviction").await;
    set("maxmemory-policy", "noeviction");
    becomes("ok: queued in Redis, synced").await;
    set("appendonly", "no");
    becomes("which keeps nothing over a restart: set appendonly yes").await;
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

pub(crate) async fn store(gateway: &Terminal, tables: &Database) -> contactiq_store::Store {
    let settings = [
        ("CONTACTIQ_DATA_DIR".to_owned(), gateway.data().display().to_string()),
        ("CONTACTIQ_DATABASE_URL".to_owned(), tables.url.clone()),
    ];
    let config = contactiq_server::config::load_from(None, &settings.into()).unwrap();
    contactiq_server::app::open_store(&config).await.unwrap()
}
