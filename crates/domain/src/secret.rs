//! Secrets that open something elsewhere, and their values: one is in force, others stand by (A8).

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// One value. It can't be printed, cloned, compared or serialised, and its memory is wiped when it is dropped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value; white space around it (the newline of a file) is dropped.
    #[must_use]
    pub fn new(value: String) -> Self {
        let whole = Zeroizing::new(value);
        Self(Zeroizing::new(whole.trim().to_owned()))
    }

    /// Whether there is nothing in it, as when an environment variable is set to nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// A value of a keyring. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Key {
    secret: Arc<Secret>,
    id: Arc<str>,
}

impl Key {
    fn new(secret: Secret) -> Key {
        // Four bytes tell keys apart in figures and help nobody to guess a key of chance.
        let hash = Sha256::digest(secret.expose().as_bytes());
        let id = hash[..4].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Key { secret: Arc::new(secret), id: id.into() }
    }

    /// The value, for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }

    /// What logs and figures call it: the beginning of its hash, eight hex digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// The values of one secret, which change while others use it. Cloning shares them.
#[derive(Clone, Default)]
pub struct Keyring(Arc<Mutex<Ring>>);

#[derive(Default)]
struct Ring {
    keys: Vec<Key>,
    active: usize,
    /// Whether somebody found that none of them opens any more.
    stale: bool,
}

impl Keyring {
    /// One value; none where it is empty.
    #[must_use]
    pub fn of(value: impl Into<String>) -> Keyring {
        let ring = Keyring::default();
        ring.replace(vec![Secret::new(value.into())]);
        ring
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().keys.is_empty()
    }

    /// The value in force.
    #[must_use]
    pub fn active(&self) -> Option<Key> {
        let ring = self.lock();
        ring.keys.get(ring.active).cloned()
    }

    /// Which to try where this one was refused: what is in force meanwhile, or the next one that stands by. None where
    /// there is no other; then the values are held to be stale.
    #[must_use]
    pub fn instead_of(&self, refused: &Key) -> Option<Key> {
        let mut ring = self.lock();
        let count = ring.keys.len();
        let found = (0..count)
            .map(|step| &ring.keys[(ring.active + step) % count])
            .find(|key| key.expose() != refused.expose())
            .cloned();
        ring.stale |= found.is_none();
        found
    }

    /// Puts this value in force; whether it was another one before.
    pub fn promote(&self, key: &Key) -> bool {
        let mut ring = self.lock();
        let place = ring.keys.iter().position(|known| known.expose() == key.expose());
        match place {
            Some(place) if place != ring.active => {
                ring.active = place;
                true
            }
            _ => false,
        }
    }

    /// Notes that none of the values opens any more: they should be read again.
    pub fn note_stale(&self) {
        self.lock().stale = true;
    }

    /// Whether that was noted since the last look.
    #[must_use]
    pub fn take_stale(&self) -> bool {
        std::mem::take(&mut self.lock().stale)
    }

    /// Takes other values, the first of which is in force where it is new; whether anything changed. Who uses a value
    /// now goes on with it.
    pub fn replace(&self, values: Vec<Secret>) -> bool {
        let values: Vec<Secret> = values.into_iter().filter(|value| !value.is_empty()).collect();
        let mut ring = self.lock();
        let is_same = values.len() == ring.keys.len()
            && values.iter().zip(&ring.keys).all(|(new, old)| new.expose() == old.expose());
        if is_same {
            return false;
        }
        let first = ring.keys.first().map(|key| Arc::clone(&key.secret));
        let active = ring.keys.get(ring.active).map(|key| Arc::clone(&key.secret));
        ring.keys = values.into_iter().map(Key::new).collect();
        // A standby that was put in force stays so, until the first value is a new one.
        let is_first_new =
            first.is_none_or(|old| ring.keys.first().is_none_or(|k| k.expose() != old.expose()));
        let kept = active.and_then(|old| ring.keys.iter().position(|k| k.expose() == old.expose()));
        ring.active = if is_first_new { 0 } else { kept.unwrap_or(0) };
        ring.stale = false;
        true
    }

    /// The ids of all values, and whether each is in force.
    #[must_use]
    pub fn ids(&self) -> Vec<(String, bool)> {
        let ring = self.lock();
        ring.keys.iter().enumerate().map(|(at, key)| (key.id().to_owned(), at == ring.active)).collect()
    }

    /// All values.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        self.lock().keys.clone()
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} hidden)", self.lock().keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(values: &[&str]) -> Keyring {
        let ring = Keyring::default();
        replace(&ring, values);
        ring
    }

    fn replace(ring: &Keyring, values: &[&str]) -> bool {
        ring.replace(values.iter().map(|value| Secret::new((*value).to_owned())).collect())
    }

    fn active(ring: &Keyring) -> String {
        ring.active().map(|key| key.expose().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_key_is_trimmed_and_never_shown() {
        let secret = Secret::new(" sk-canary-1\n".to_owned());
        assert_eq!(secret.expose(), "sk-canary-1");
        let ring = Keyring::of("sk-canary-2");
        let shown = format!("{secret:?} {:?} {ring:?} {:?}", Some(&secret), ring.active());
        assert!(shown.contains("hidden") && !shown.contains("canary"), "{shown}");
        assert!(Secret::new(" \n".to_owned()).is_empty() && Keyring::of(" ").is_empty());
        // `printf sk-canary-2 | sha256sum`
        assert_eq!(ring.active().unwrap().id().len(), 8);
    }

    #[test]
    fn a_refused_value_gives_way_to_the_one_that_stands_by() {
        let ring = ring(&["old", "new"]);
        let refused = ring.active().unwrap();
        let other = ring.instead_of(&refused).unwrap();
        assert_eq!(other.expose(), "new");
        assert!(ring.promote(&other) && !ring.promote(&other));
        assert_eq!(active(&ring), "new");
        // Whoever was refused at the same time gets what is in force by now.
        assert_eq!(ring.instead_of(&refused).unwrap().expose(), "new");
        assert!(!ring.take_stale());
        assert!(Keyring::of("one").instead_of(&Keyring::of("one").active().unwrap()).is_none());
    }

    #[test]
    fn where_nothing_else_is_left_the_values_are_stale() {
        let ring = ring(&["only"]);
        assert!(ring.instead_of(&ring.active().unwrap()).is_none());
        assert!(ring.take_stale() && !ring.take_stale());
    }

    #[test]
    fn a_new_first_value_is_in_force_and_a_promoted_standby_stays_so_otherwise() {
        let ring = ring(&["a", "b"]);
        ring.promote(&ring.keys()[1]);
        assert!(!replace(&ring, &["a", "b"]));
        assert_eq!(active(&ring), "b");
        assert!(replace(&ring, &["a", "b", "c"]));
        assert_eq!(active(&ring), "b", "the first is the one that was refused");
        assert!(replace(&ring, &["d", "b"]));
        assert_eq!(active(&ring), "d");
        let held = ring.active().unwrap();
        assert!(replace(&ring, &["e"]));
        assert_eq!((held.expose(), active(&ring).as_str()), ("d", "e"), "who uses one goes on with it");
        assert_eq!(ring.ids().len(), 1);
    }
}
