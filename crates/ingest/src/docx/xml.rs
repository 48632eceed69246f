//! The XML of a part, element by element: names without their prefix, text with its references resolved.
//! A document type is refused, so that no entity can grow; nesting has an end.

use quick_xml::{
    Reader,
    events::{BytesStart, Event as Raw},
};

use crate::contents::Unreadable;

/// How deep elements may nest. Word itself nests a table of a table in 12.
const MAX_DEPTH: usize = 250;

/// What a part is made of.
pub(super) enum Event<'a> {
    /// An element begins. It closes in an event of its own, also when it is empty.
    Open(Tag<'a>),
    /// An element of this name ends.
    Close(&'a str),
    /// Text.
    Text(&'a str),
}

/// An element's name and attributes.
pub(super) struct Tag<'a>(&'a BytesStart<'a>);

impl Tag<'_> {
    /// Its name, without a prefix.
    pub(super) fn name(&self) -> &str {
        let name = self.0.name().0;
        name.rsplit_once(':').map_or(name, |(_, local)| local)
    }

    /// Whether it is this element.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    /// The attribute of this name, without a prefix.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0
            .attributes()
            .flatten()
            .find(|a| a.key.0.rsplit_once(':').map_or(a.key.0, |(_, local)| local) == name)
            .map(|a| a.value.into_owned())
    }

    /// `w:val`.
    pub(super) fn val(&self) -> Option<String> {
        self.get("val")
    }

    /// `w:val` as a number.
    pub(super) fn number(&self) -> Option<usize> {
        self.val()?.parse().ok()
    }

    /// A property that is on unless its value says no.
    pub(super) fn on(&self) -> bool {
        !matches!(self.val().as_deref(), Some("0" | "false" | "off" | "none"))
    }
}

/// Shows each event of a part to `take`, in order.
pub(super) fn walk(
    text: &str,
    mut take: impl FnMut(Event<'_>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|_| Unreadable::Damaged)? {
            Raw::Start(start) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Unreadable::TooDeep);
                }
                take(Event::Open(Tag(&start)))?;
            }
            Raw::Empty(start) => {
                let tag = Tag(&start);
                take(Event::Open(Tag(&start)))?;
                take(Event::Close(tag.name()))?;
            }
            Raw::End(end) => {
                depth = depth.saturating_sub(1);
                let name = end.name().0;
                take(Event::Close(name.rsplit_once(':').map_or(name, |(_, local)| local)))?;
            }
            Raw::Text(text) => take(Event::Text(&text.xml10_content()))?,
            Raw::CData(text) => take(Event::Text(&text.xml10_content()))?,
            Raw::GeneralRef(reference) => {
                let known = match &*reference.xml10_content() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().map_err(|_| Unreadable::Damaged)?,
                };
                take(Event::Text(known.ok_or(Unreadable::Damaged)?.encode_utf8(&mut [0; 4])))?;
            }
            Raw::DocType(_) => return Err(Unreadable::Damaged),
            Raw::Eof => return if depth == 0 { Ok(()) } else { Err(Unreadable::Damaged) },
            Raw::Comment(_) | Raw::Decl(_) | Raw::PI(_) => {}
        }
    }
}
