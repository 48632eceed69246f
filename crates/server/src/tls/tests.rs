use std::process::Command;

use contactiq_domain::Clock;
use tempfile::TempDir;

use super::*;
use crate::wiring::SystemClock;

/// Certificates for `localhost` that sign themselves, in a folder.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        let arguments = format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.pem \
             -subj /CN={name} -days 30"
        );
        let ran =
            Command::new("openssl").args(arguments.split(' ')).current_dir(dir.path()).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
    put(&dir, "one", "one");
    dir
}

/// Puts a certificate and a key where the server looks.
fn put(dir: &TempDir, certificate: &str, key: &str) {
    let from = |name: String| std::fs::read(dir.path().join(name)).unwrap();
    std::fs::write(dir.path().join("tls.pem"), from(format!("{certificate}.pem"))).unwrap();
    std::fs::write(dir.path().join("tls.key"), from(format!("{key}.key"))).unwrap();
}

fn pair(dir: &TempDir) -> TlsPair {
    let key = SecretText::written(vec![format!("file:{}", dir.path().join("tls.key").display())]);
    TlsPair { certificate: dir.path().join("tls.pem").display().to_string(), key }
}

fn open(dir: &TempDir) -> Result<Option<Tls>, PairError> {
    Tls::open(&pair(dir), SystemClock.now())
}

/// The certificate that a handshake would get now.
fn shown(tls: &Tls) -> Vec<u8> {
    tls.held.0.read().unwrap().cert[0].to_vec()
}

#[test]
fn a_pair_is_read_and_its_end_is_known() {
    let dir = folder();
    let tls = open(&dir).unwrap().unwrap();
    let left = tls.days_left(SystemClock.now());
    assert!((29.9..=30.0).contains(&left), "{left}");
    assert!(tls.days_left(SystemClock.now().plus_seconds(31 * 86_400)) < 0.0);
    assert!(
        Tls::open(&TlsPair { certificate: String::new(), key: SecretText::default() }, SystemClock.now())
            .unwrap()
            .is_none()
    );
}

#[test]
fn what_is_no_pair_is_told_without_a_word_of_the_key() {
    let dir = folder();
    let key = std::fs::read_to_string(dir.path().join("one.key")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let why = || open(&dir).unwrap_err();
    put(&dir, "one", "two");
    assert_eq!(why(), PairError::Mismatch);
    put(&dir, "one", "one");
    write("tls.key", "no key at all, canary");
    assert_eq!(why(), PairError::NoKey);
    write("tls.key", &key.replace("MIG", "MIH"));
    assert!(matches!(why(), PairError::Unusable | PairError::NoKey), "{:?}", why());
    write("tls.key", "");
    assert!(matches!(why(), PairError::Key(_)));
    put(&dir, "one", "one");
    write("tls.pem", "canary");
    assert_eq!(why(), PairError::NoCertificate);
    write("tls.pem", &key);
    assert_eq!(why(), PairError::NoCertificate);
    std::fs::remove_file(dir.path().join("tls.pem")).unwrap();
    assert!(matches!(why(), PairError::Certificate(_)));
    let secret: String = key.lines().nth(1).unwrap().chars().take(20).collect();
    for said in [why().to_string(), format!("{:?}", why())] {
        assert!(!said.contains("canary") && !said.contains(&secret), "{said}");
    }
}

#[test]
fn a_new_pair_is_taken_when_both_have_changed_and_a_broken_one_leaves_the_old_in_force() {
    let dir = folder();
    let tls = open(&dir).unwrap().unwrap();
    let (first, now) = (shown(&tls), SystemClock.now());
    assert_eq!(tls.look(now), Change::None);
    // Half of it: whoever is still writing is not told off, whoever leaves it so is, once.
    put(&dir, "two", "one");
    assert_eq!(tls.look(now), Change::None);
    assert!(!tls.is_refused());
    assert_eq!(tls.look(now), Change::Refused(PairError::Mismatch));
    assert_eq!(tls.look(now), Change::None);
    assert!(tls.is_refused() && shown(&tls) == first);
    // The old one again.
    put(&dir, "one", "one");
    assert_eq!(tls.look(now), Change::None);
    assert!(!tls.is_refused());
    // All of the new one.
    put(&dir, "two", "two");
    assert_eq!(tls.look(now), Change::None);
    assert_eq!(tls.look(now), Change::Taken);
    let second = shown(&tls);
    assert!(second != first && !tls.is_refused());
    // A file that is gone.
    std::fs::remove_file(dir.path().join("tls.key")).unwrap();
    assert_eq!(tls.look(now), Change::None);
    assert!(matches!(tls.look(now), Change::Refused(PairError::Key(_))));
    assert_eq!(shown(&tls), second);
    // One that ended in the meantime.
    put(&dir, "one", "one");
    let later = now.plus_seconds(40 * 86_400);
    assert_eq!(tls.look(later), Change::None);
    assert!(matches!(tls.look(later), Change::Refused(PairError::Ended(_))));
    assert_eq!(shown(&tls), second);
}
