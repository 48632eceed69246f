//! The clients that OpenAI publishes, for Python and for Node, against a real server. They are fetched once, at the
//! versions of `tests/openai`, into a folder beside the build; without pip or npm these tests fail: they don't skip.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use contactiq_domain::Role;
use contactiq_server::wiring::{random_text, sha256_hex};

use crate::house::start;

/// What every script checks, in its order.
const CHECKS: &[&str] = &["completion", "stream", "models", "conversation", "orders", "errors"];

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/openai")
}

fn run(command: &mut Command) -> String {
    let ran = command.output().unwrap_or_else(|e| panic!("{command:?} can't be run: {e}"));
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{command:?}: {out}{}", String::from_utf8_lossy(&ran.stderr));
    out
}

/// The folder of a client at the version that these files name; `fetch` fills an empty one.
fn fetched(files: &[&str], fetch: impl FnOnce(&Path)) -> PathBuf {
    let named: String =
        files.iter().map(|file| std::fs::read_to_string(scripts().join(file)).unwrap()).collect();
    let version = &sha256_hex(named.as_bytes())[..16];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai").join(version);
    if !folder.exists() {
        let beside = folder.with_extension(format!("{}.part", random_text::<9>()));
        std::fs::create_dir_all(&beside).unwrap();
        for file in files {
            std::fs::copy(scripts().join(file), beside.join(file)).unwrap();
        }
        fetch(&beside);
        // A rename, so that nobody uses half of it. Whoever comes second throws its own away.
        if std::fs::rename(&beside, &folder).is_err() {
            std::fs::remove_dir_all(&beside).unwrap();
        }
    }
    folder
}

/// The packages that a file of `tests/openai` pins, for Python.
pub(crate) fn python_packages(pins: &str) -> PathBuf {
    let folder = fetched(&[pins], |folder| {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-warn-script-location",
        ]);
        pip.args(["--only-binary=:all:", "--target"]).arg(folder.join("packages"));
        run(pip.arg("--requirement").arg(folder.join(pins)));
    });
    folder.join("packages")
}

/// Runs a client against a server of its own; the checks that it passed.
async fn checks(mut client: Command) -> Vec<String> {
    let running = start(&[]).await;
    let (customer, service) = (running.key(Role::Customer).await, running.key(Role::Service).await);
    client
        .env("CLIENT_URL", format!("{}/v1", running.url))
        .env("CLIENT_CUSTOMER", &customer.text)
        .env("CLIENT_SERVICE", &service.text)
        .env("NO_PROXY", "127.0.0.1");
    let passed = tokio::task::spawn_blocking(move || run(&mut client)).await.unwrap();
    passed.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_for_python_asks_streams_lists_and_understands_every_error() {
    let packages = python_packages("requirements.txt");
    let mut python = Command::new("python3");
    python.arg(scripts().join("client.py")).env("PYTHONPATH", packages);
    let passed = checks(python).await;
    assert_eq!(passed, CHECKS.iter().chain(&["together"]).copied().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_for_node_asks_streams_lists_and_understands_every_error() {
    let folder = fetched(&["package.json", "package-lock.json"], |folder| {
        let quiet = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
        run(Command::new("npm").args(quiet).current_dir(folder));
    });
    // Beside its packages, where Node looks for them.
    let script = folder.join(format!("{}.mjs", random_text::<9>()));
    std::fs::copy(scripts().join("client.mjs"), &script).unwrap();
    let mut node = Command::new("node");
    node.arg(&script);
    let passed = checks(node).await;
    std::fs::remove_file(script).unwrap();
    assert_eq!(passed, CHECKS);
}
