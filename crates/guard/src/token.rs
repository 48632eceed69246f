//! Keyed tokens: analysts count how often a value comes without seeing it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{PersonalType, Raw, numbering};

/// HMAC-SHA256 of a value's type and its normal form, the first 64 bits. With one key the same value has the
/// same token everywhere; without the key a token can't be tried out. It is pseudonymous data all the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 8]);

/// The key of tokens. It can't be printed.
#[derive(Clone)]
pub struct TokenKey(Hmac<Sha256>);

impl TokenKey {
    /// The shortest secret that a key is made of, in bytes.
    pub const LEAST: usize = 32;

    /// A key from a secret of at least [`TokenKey::LEAST`] bytes; none when it is shorter.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<TokenKey> {
        if secret.len() < Self::LEAST {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(TokenKey)
    }

    /// The tokens that a value has, as whatever it may have been recognised: to look for it.
    #[must_use]
    pub fn tokens_of(&self, value: &Raw) -> Vec<(PersonalType, Token)> {
        let as_kind = |kind: &PersonalType| Some((*kind, self.token(*kind, value.expose())?));
        PersonalType::ALL.iter().filter_map(as_kind).collect()
    }

    /// The token of a value; none of what is never kept in any form.
    pub(crate) fn token(&self, kind: PersonalType, value: &str) -> Option<Token> {
        if kind.is_secret() {
            return None;
        }
        let mut mac = self.0.clone();
        mac.update(kind.as_str().as_bytes());
        mac.update(b"\0");
        mac.update(numbering::key(kind, value).as_bytes());
        let mut token = [0; 8];
        token.copy_from_slice(&mac.finalize().into_bytes()[..8]);
        Some(Token(token))
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({self})")
    }
}

impl serde::Serialize for Token {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Token {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("a token is 16 hex digits");
        if text.len() != 16 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut token = [0; 8];
        for (byte, digits) in token.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Token(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PersonalType as P;

    #[test]
    fn the_same_value_in_another_form_has_the_same_token() {
        let key = TokenKey::new(&[7; 32]).unwrap();
        let token = |kind, value| key.token(kind, value).unwrap();
        assert_eq!(token(P::AccountNumber, "9081 7264"), token(P::AccountNumber, "9081-7264"));
        assert_eq!(token(P::Person, "Mia Lopez"), token(P::Person, "mia lopez"));
        assert_ne!(token(P::AccountNumber, "90817264"), token(P::CustomerId, "90817264"));
        assert_ne!(token(P::AccountNumber, "90817264"), token(P::AccountNumber, "90817265"));
        let other = TokenKey::new(&[8; 32]).unwrap();
        assert_ne!(Some(token(P::Person, "Mia")), other.token(P::Person, "Mia"));
        assert_eq!(token(P::Person, "Mia").to_string().len(), 16);
    }

    /// The value that `openssl dgst -sha256 -mac HMAC` gives for "PERSON\0mialopez".
    #[test]
    fn a_token_is_the_beginning_of_an_hmac_sha256() {
        let key = TokenKey::new(b"0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(key.token(P::Person, "Mia Lopez").unwrap().to_string(), "a943cf508e431c52");
    }

    #[test]
    fn secrets_have_no_token_and_a_short_key_is_none() {
        let key = TokenKey::new(&[7; 32]).unwrap();
        for kind in P::ALL {
            assert_eq!(key.token(*kind, "9081 7264").is_none(), kind.is_secret(), "{kind}");
        }
        assert!(TokenKey::new(&[7; 31]).is_none());
        assert_eq!(format!("{key:?}"), "TokenKey");
    }
}
