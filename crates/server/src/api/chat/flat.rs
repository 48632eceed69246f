//! Any JSON value, seen from far: of a list and an object only as much is kept as is looked at. Clients send what they
//! like, and nothing that they send may cost much or end in an error before its place is known.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a value is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Flat {
    /// Left out, or `null`.
    #[default]
    Null,
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    /// How many there are, and the first.
    List(usize, Option<Box<Flat>>),
    /// Its `type`, where that is a text.
    Object(Option<String>),
}

struct Seen;

impl<'de> Visitor<'de> for Seen {
    type Value = Flat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Flat, E> {
        Ok(Flat::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Flat, E> {
        Ok(Flat::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Flat, E> {
        Ok(Flat::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Flat, E> {
        Ok(i64::try_from(number).map_or(Flat::Number(number as f64), Flat::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Flat, E> {
        Ok(Flat::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Flat, E> {
        Ok(Flat::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Flat, A::Error> {
        let Some(first) = list.next_element::<Flat>()? else { return Ok(Flat::List(0, None)) };
        let mut length = 1;
        while list.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Flat::List(length, Some(Box::new(first))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flat, A::Error> {
        let mut kind = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != "type" {
                map.next_value::<IgnoredAny>()?;
            } else if let Flat::Text(text) = map.next_value()? {
                kind = Some(text);
            }
        }
        Ok(Flat::Object(kind))
    }
}

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Flat, D::Error> {
        deserializer.deserialize_any(Seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_seen_from_far() {
        for (json, seen) in [
            ("null", Flat::Null),
            ("true", Flat::Flag(true)),
            ("-3", Flat::Integer(-3)),
            ("18446744073709551615", Flat::Number(18_446_744_073_709_551_615.0)),
            ("0.5", Flat::Number(0.5)),
            ("\"a\\u00e9\"", Flat::Text("a\u{e9}".to_owned())),
            ("[]", Flat::List(0, None)),
            (
                "[[1,2],{\"a\":[]},null]",
                Flat::List(3, Some(Box::new(Flat::List(2, Some(Box::new(Flat::Integer(1))))))),
            ),
            ("{\"a\":{\"type\":\"x\"},\"type\":\"text\"}", Flat::Object(Some("text".to_owned()))),
            ("{\"type\":[1]}", Flat::Object(None)),
        ] {
            assert_eq!(serde_json::from_str::<Flat>(json).unwrap(), seen, "{json}");
        }
        let deep = "[".repeat(100_000);
        assert!(serde_json::from_str::<Flat>(&deep).is_err(), "and no depth ends the process");
    }
}
