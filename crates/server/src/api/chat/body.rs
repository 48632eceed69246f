//! The body of a completion as it came: what is known of it is taken, everything else is passed over.

use std::{collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{flat::Flat, parameters};

/// More turns than this are no conversation that somebody has.
pub(super) const MOST_TURNS: usize = 1_000;

/// The body.
#[derive(Default)]
pub(crate) struct Body {
    pub(super) model: Flat,
    pub(super) messages: Option<Turns>,
    pub(super) stream_options: Option<StreamOptions>,
    pub(super) contactiq: Option<Ours>,
    /// Everything else that is known, by its name.
    pub(super) parameters: BTreeMap<&'static str, Flat>,
}

/// What a stream is to say.
#[derive(serde::Deserialize, Default)]
pub(super) struct StreamOptions {
    #[serde(default)]
    pub(super) include_usage: Flat,
}

/// Our own field.
#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Ours {
    pub(super) conversation: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) session: Option<String>,
}

/// One turn, whoever is said to have said it.
#[derive(serde::Deserialize)]
pub(super) struct Turn {
    #[serde(default)]
    pub(super) role: Flat,
    #[serde(default)]
    pub(super) content: Content,
}

/// What a turn says.
#[derive(Debug, PartialEq, Default)]
pub(super) enum Content {
    /// Nothing.
    #[default]
    None,
    /// A text, or parts that are texts, each on a line of its own.
    Text(String),
    /// Parts, of which this one is no text.
    Part(usize),
    /// Neither.
    Wrong,
}

/// The turns.
pub(super) enum Turns {
    All(Vec<Turn>),
    TooMany,
    /// No list.
    Wrong,
}

#[derive(serde::Deserialize)]
struct Part {
    #[serde(rename = "type", default)]
    kind: Flat,
    #[serde(default)]
    text: Flat,
    #[serde(default)]
    refusal: Flat,
}

impl Part {
    fn text(self) -> Option<String> {
        match (self.kind, self.text, self.refusal) {
            (Flat::Text(kind), Flat::Text(text), _) if kind == "text" => Some(text),
            (Flat::Text(kind), _, Flat::Text(text)) if kind == "refusal" => Some(text),
            _ => None,
        }
    }
}

/// Values of these kinds are read to their end and are wrong here, which is said later with the place.
macro_rules! is_wrong {
    ($what:ident: $($visit:ident $kind:ty),+) => {$(
        fn $visit<E>(self, _: $kind) -> Result<$what, E> {
            Ok($what::Wrong)
        }
    )+};
}

/// The same of an object.
macro_rules! is_no_object {
    ($what:ident) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$what, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($what::Wrong)
        }
    };
}

struct Said;

impl<'de> Visitor<'de> for Said {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of parts")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::None)
    }

    is_wrong!(Content: visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64);

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Content, A::Error> {
        let mut whole = String::new();
        let mut at = 0;
        while let Some(part) = parts.next_element::<Part>()? {
            let Some(text) = part.text() else {
                while parts.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Content::Part(at));
            };
            if at > 0 {
                whole.push('\n');
            }
            whole.push_str(&text);
            at += 1;
        }
        Ok(if at == 0 { Content::None } else { Content::Text(whole) })
    }

    is_no_object!(Content);
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(Said)
    }
}

struct Listed;

impl<'de> Visitor<'de> for Listed {
    type Value = Turns;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_unit<E>(self) -> Result<Turns, E> {
        Ok(Turns::Wrong)
    }

    is_wrong!(Turns: visit_bool bool, visit_i64 i64, visit_u64 u64, visit_f64 f64, visit_str &str);
    is_no_object!(Turns);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Turns, A::Error> {
        let mut turns = Vec::new();
        while let Some(turn) = list.next_element()? {
            if turns.len() == MOST_TURNS {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Turns::TooMany);
            }
            turns.push(turn);
        }
        Ok(Turns::All(turns))
    }
}

impl<'de> Deserialize<'de> for Turns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Turns, D::Error> {
        deserializer.deserialize_any(Listed)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut body = Body::default();
        let mut seen: Vec<&'static str> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let Some(name) = parameters::name(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            // Two readers of one body must not read two things.
            if seen.contains(&name) {
                return Err(A::Error::duplicate_field(name));
            }
            seen.push(name);
            match name {
                "model" => body.model = map.next_value()?,
                "messages" => body.messages = Some(map.next_value()?),
                "stream_options" => body.stream_options = map.next_value()?,
                "contactiq" => body.contactiq = map.next_value()?,
                name => {
                    body.parameters.insert(name, map.next_value()?);
                }
            }
        }
        Ok(body)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Body, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(json: &str) -> Content {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_text_comes_whole_or_in_parts() {
        assert_eq!(content("\"a\""), Content::Text("a".to_owned()));
        let parts = r#"[{"type":"text","text":"a","x":1},{"type":"refusal","refusal":"b"}]"#;
        assert_eq!(content(parts), Content::Text("a\nb".to_owned()));
        assert_eq!(content("[]"), Content::None);
        assert_eq!(content("null"), Content::None);
        let image = r#"[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]"#;
        assert_eq!(content(image), Content::Part(1));
        assert_eq!(content(r#"[{"type":"text","text":7}]"#), Content::Part(0));
        for wrong in ["7", "-7", "0.5", "true", r#"{"type":"text","text":"a"}"#] {
            assert_eq!(content(wrong), Content::Wrong, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_what_is_known_stands_once() {
        let body: Body =
            serde_json::from_str(r#"{"model":"m","new":{"a":[1]},"temperature":1,"messages":[]}"#).unwrap();
        assert_eq!(body.model, Flat::Text("m".to_owned()));
        assert_eq!(body.parameters.len(), 1);
        let twice = serde_json::from_str::<Body>(r#"{"model":"a","model":"b"}"#).err().unwrap();
        assert!(twice.to_string().starts_with("duplicate field"), "{twice}");
        assert!(serde_json::from_str::<Body>("[]").is_err());
        assert!(serde_json::from_str::<Body>(r#"{"contactiq":{"mode":"customer"}}"#).is_err());
    }

    #[test]
    fn no_list_is_longer_than_a_conversation() {
        let of = |turns: usize| {
            let list = vec![r#"{"role":"user","content":"a"}"#; turns].join(",");
            serde_json::from_str::<Turns>(&format!("[{list}]")).unwrap()
        };
        assert!(matches!(of(MOST_TURNS), Turns::All(turns) if turns.len() == MOST_TURNS));
        assert!(matches!(of(MOST_TURNS + 1), Turns::TooMany));
    }
}
