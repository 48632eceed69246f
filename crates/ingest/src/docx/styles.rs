//! `word/styles.xml`: which styles are headings, and which number their paragraphs.

use std::collections::HashMap;

use super::xml::{self, Event};
use crate::contents::Unreadable;

/// How far a style may be based on another.
const MAX_CHAIN: usize = 20;

#[derive(Debug, Default, Clone)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<usize>,
    list: Option<usize>,
    level: Option<usize>,
}

/// The paragraph styles of a document by id.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Style>);

/// What a style makes of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The title of the whole.
    Title,
    /// A heading; 1 is the outermost.
    Heading(usize),
    /// Goes on with the item of a list.
    Continues,
    /// Text.
    Body,
}

impl Styles {
    pub(super) fn read(part: &str) -> Result<Styles, Unreadable> {
        let mut all = HashMap::new();
        let mut open: Option<(String, Style)> = None;
        xml::walk(part, |event| {
            match event {
                Event::Open(tag) if tag.is("style") => {
                    open = tag.get("styleId").map(|id| (id, Style::default()));
                }
                Event::Close("style") => all.extend(open.take()),
                Event::Open(tag) => {
                    if let Some((_, style)) = &mut open {
                        match tag.name() {
                            "name" => style.name = tag.val().unwrap_or_default().to_lowercase(),
                            "basedOn" => style.based_on = tag.val(),
                            "outlineLvl" => style.outline = tag.number(),
                            "numId" => style.list = tag.number(),
                            "ilvl" => style.level = tag.number(),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(Styles(all))
    }

    /// A style and those it is based on.
    fn chain<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Style> {
        let first = self.0.get(id);
        std::iter::successors(first, |style| self.0.get(style.based_on.as_ref()?)).take(MAX_CHAIN)
    }

    /// What paragraphs of this style are. Names of built-in styles are English in every language of Word.
    pub(super) fn role(&self, id: &str) -> Role {
        for style in self.chain(id) {
            if style.name == "title" {
                return Role::Title;
            }
            if let Some(level) = style.name.strip_prefix("heading ").and_then(|n| n.parse().ok()) {
                return Role::Heading(level);
            }
            if style.name.starts_with("list continue") {
                return Role::Continues;
            }
            if let Some(level) = style.outline.filter(|level| *level < 9) {
                return Role::Heading(level + 1);
            }
        }
        // A file without styles.xml names the built-in ones by their ids.
        match id.strip_prefix("Heading").and_then(|n| n.parse().ok()) {
            Some(level) if self.0.is_empty() => Role::Heading(level),
            _ if self.0.is_empty() && id == "Title" => Role::Title,
            _ => Role::Body,
        }
    }

    /// The list that paragraphs of this style belong to, and its level.
    pub(super) fn list(&self, id: &str) -> Option<(usize, usize)> {
        let list = self.chain(id).find_map(|style| style.list)?;
        Some((list, self.chain(id).find_map(|style| style.level).unwrap_or(0)))
    }
}
