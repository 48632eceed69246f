//! `word/numbering.xml`: which lists count and which have bullets.

use std::collections::HashMap;

use super::xml::{self, Event};
use crate::contents::Unreadable;

/// The lists of a document.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// The definition of each list.
    lists: HashMap<usize, usize>,
    /// Whether a level of a definition counts.
    counts: HashMap<(usize, usize), bool>,
}

impl Numbering {
    pub(super) fn read(part: &str) -> Result<Numbering, Unreadable> {
        let mut numbering = Numbering::default();
        let (mut definition, mut level, mut list) = (None, None, None);
        let id = |text: Option<String>| text.and_then(|t| t.parse::<usize>().ok());
        xml::walk(part, |event| {
            if let Event::Open(tag) = event {
                match tag.name() {
                    "abstractNum" => (definition, list) = (id(tag.get("abstractNumId")), None),
                    "num" => (definition, list) = (None, id(tag.get("numId"))),
                    "lvl" => level = id(tag.get("ilvl")),
                    "abstractNumId" => {
                        if let (Some(list), Some(of)) = (list, tag.number()) {
                            numbering.lists.insert(list, of);
                        }
                    }
                    "numFmt" => {
                        if let (Some(definition), Some(level)) = (definition, level) {
                            let counts = !matches!(tag.val().as_deref(), Some("bullet" | "none") | None);
                            numbering.counts.insert((definition, level), counts);
                        }
                    }
                    _ => {}
                }
            }
            Ok(())
        })?;
        Ok(numbering)
    }

    /// Whether this level of a list counts its items.
    pub(super) fn counts(&self, list: usize, level: usize) -> bool {
        self.lists.get(&list).and_then(|of| self.counts.get(&(*of, level))).copied().unwrap_or(false)
    }
}
