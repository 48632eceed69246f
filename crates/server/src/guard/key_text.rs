//! What an API key looks like: `ciq_`, the environment, 43 letters and digits of chance, and six more that check the
//! rest. Whoever finds one in a file, a log or a repository knows what it is and that it is no accident (A8).

use crate::{
    config::Environment,
    wiring::{letters_of, random_letters, sha256_hex},
};

/// Letters and digits of chance: 256 bits.
const CHANCE: usize = 43;
/// Those that check the rest.
const CHECK: usize = 6;
/// Letters of chance that lists show, so that a person can tell keys apart.
const SHOWN: usize = 4;

/// A new key of this environment.
pub(crate) fn make(environment: Environment) -> String {
    checked(environment, &random_letters::<CHANCE>())
}

/// The key of this environment that is made of this chance, which is as good as its own.
pub(crate) fn make_of(environment: Environment, chance: &[u8; 32]) -> String {
    checked(environment, &letters_of::<CHANCE>(chance))
}

fn checked(environment: Environment, letters: &str) -> String {
    let key = format!("ciq_{}_{letters}", environment.short());
    let check = check(&key);
    key + &check
}

/// What a list shows of it.
pub(crate) fn beginning(key: &str) -> &str {
    let after = key.match_indices('_').nth(1).map_or(0, |(at, _)| at + 1);
    key.get(..after + SHOWN).unwrap_or(key)
}

/// The first 36 bits of the hash of what stands before, as six letters of hex pairs would be too few: base 62.
fn check(key: &str) -> String {
    const ALL: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut left = u64::from_str_radix(&sha256_hex(key.as_bytes())[..8], 16).unwrap_or(0);
    let mut text = Vec::with_capacity(CHECK);
    for _ in 0..CHECK {
        text.push(ALL[usize::try_from(left % 62).unwrap_or(0)]);
        left /= 62;
    }
    text.reverse();
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// As docs/security.md tells it to scanners.
    const PATTERN: &str = r"ciq_(dev|staging|prod)_[0-9A-Za-z]{49}";

    fn is_one(text: &str) -> bool {
        text.len() > CHECK && {
            let (key, sum) = text.split_at(text.len() - CHECK);
            check(key) == sum
        }
    }

    #[test]
    fn a_key_says_what_it_is_and_checks_itself() {
        let pattern = regex::Regex::new(&format!("^{PATTERN}$")).unwrap();
        for environment in Environment::ALL {
            assert_eq!(make_of(environment, &[7; 32]), make_of(environment, &[7; 32]));
            assert_ne!(make_of(environment, &[7; 32]), make_of(environment, &[8; 32]));
            assert!(
                pattern.is_match(&make_of(environment, &[7; 32])) && is_one(&make_of(environment, &[7; 32]))
            );
            let key = make(environment);
            assert!(pattern.is_match(&key) && is_one(&key), "{key}");
            let mut other = key.clone().into_bytes();
            let place = key.len() - CHECK - 3;
            other[place] = if other[place] == b'a' { b'b' } else { b'a' };
            assert!(!is_one(&String::from_utf8(other).unwrap()), "a letter that was changed is seen");
            assert!(beginning(&key).starts_with(&format!("ciq_{}_", environment.short())));
            assert_eq!(beginning(&key).len(), environment.short().len() + 9);
        }
        assert_ne!(make(Environment::Production), make(Environment::Production));
    }

    #[test]
    fn no_key_stands_in_the_repository() {
        let pattern = regex::Regex::new(PATTERN).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let (mut folders, mut read) = (vec![root], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let (name, path) = (entry.file_name(), entry.path());
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    if !["target", ".git", ".cache", "data", "node_modules"].iter().any(|skip| name == *skip)
                    {
                        folders.push(path);
                    }
                } else if kind.is_file() {
                    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                    read += 1;
                    for found in pattern.find_iter(&text) {
                        assert!(!is_one(found.as_str()), "{} holds an API key", path.display());
                    }
                }
            }
        }
        assert!(read > 500, "{read} files were read");
    }
}
