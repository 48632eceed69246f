//! `word/document.xml`: paragraphs, lists and tables in order, as a reader of the page sees them.

use std::collections::HashMap;

use super::{
    numbering::Numbering,
    styles::{Role, Styles},
    xml::{self, Event, Tag},
};
use crate::{
    block::Block,
    contents::{MAX_TEXT, Unreadable, squeeze},
    table,
};

/// The most columns that a cell may span: a file may say a million.
const MAX_SPAN: usize = 64;

/// The blocks of the body. `notes` are the footnotes by id.
pub(super) fn blocks(
    part: &str,
    styles: &Styles,
    numbering: &Numbering,
    notes: HashMap<String, String>,
) -> Result<Vec<Block>, Unreadable> {
    let mut body = Body { notes, ..Body::new(styles, numbering) };
    xml::walk(part, |event| body.take(event))?;
    Ok(body.finish())
}

/// The footnotes by id.
pub(super) fn notes(
    part: &str,
    styles: &Styles,
    numbering: &Numbering,
) -> Result<HashMap<String, String>, Unreadable> {
    let mut found = HashMap::new();
    let mut open: Option<(String, Body<'_>)> = None;
    xml::walk(part, |event| {
        match (&event, &mut open) {
            (Event::Open(tag), None) if tag.is("footnote") => {
                // The lines that part notes from the page are notes of a type.
                if let (Some(id), None) = (tag.get("id"), tag.get("type")) {
                    open = Some((id, Body::new(styles, numbering)));
                }
            }
            (Event::Close("footnote"), Some(_)) => {
                if let Some((id, body)) = open.take() {
                    let lines: Vec<String> = body.finish().iter().flat_map(Block::lines).collect();
                    found.insert(id, lines.join(" "));
                }
            }
            (_, Some((_, body))) => body.take(event)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    outline: Option<usize>,
    list: Option<usize>,
    level: Option<usize>,
    bold: bool,
    plain: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    /// The first row says that it is a header, by its property or because it alone is bold.
    marked: bool,
    bold_rows: Vec<bool>,
    row: Vec<String>,
    row_is_plain: bool,
    cell: Option<Vec<String>>,
    span: usize,
    merged: Option<bool>,
}

struct Body<'a> {
    styles: &'a Styles,
    numbering: &'a Numbering,
    notes: HashMap<String, String>,
    blocks: Vec<(Block, Role)>,
    /// Open paragraphs: a text box stands in one.
    paragraphs: Vec<Paragraph>,
    /// Open tables, outermost first.
    tables: Vec<Table>,
    /// The list that the last block is, by its id.
    list: Option<usize>,
    /// Inside what is not shown: deleted, moved away, or said again for old readers.
    left_out: usize,
    in_text: bool,
    in_run: bool,
    run_hidden: bool,
    run_bold: bool,
    size: usize,
}

impl<'a> Body<'a> {
    fn new(styles: &'a Styles, numbering: &'a Numbering) -> Body<'a> {
        Body {
            styles,
            numbering,
            notes: HashMap::new(),
            blocks: Vec::new(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            list: None,
            left_out: 0,
            in_text: false,
            in_run: false,
            run_hidden: false,
            run_bold: false,
            size: 0,
        }
    }

    fn take(&mut self, event: Event<'_>) -> Result<(), Unreadable> {
        match event {
            Event::Open(tag) if self.left_out > 0 || is_left_out(tag.name()) => {
                self.left_out += usize::from(is_left_out(tag.name()));
            }
            Event::Close(name) if self.left_out > 0 => self.left_out -= usize::from(is_left_out(name)),
            Event::Text(_) if self.left_out > 0 => {}
            Event::Open(tag) => self.open(&tag),
            Event::Close(name) => self.close(name),
            Event::Text(text) if self.in_text => self.say(text)?,
            Event::Text(_) => {}
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), Unreadable> {
        self.size += text.len();
        if self.size > MAX_TEXT {
            return Err(Unreadable::TooHeavy);
        }
        if let (false, Some(paragraph)) = (self.run_hidden, self.paragraphs.last_mut()) {
            paragraph.text.push_str(text);
            if !text.trim().is_empty() {
                if self.run_bold { paragraph.bold = true } else { paragraph.plain = true }
            }
        }
        Ok(())
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "p" => self.paragraphs.push(Paragraph::default()),
            "r" => (self.in_run, self.run_hidden, self.run_bold) = (true, false, false),
            "t" => self.in_text = true,
            "vanish" if self.in_run => self.run_hidden = tag.on(),
            "b" if self.in_run => self.run_bold = tag.on(),
            "tab" | "br" | "cr" if self.in_run => self.add(" "),
            "noBreakHyphen" => self.add("-"),
            "footnoteReference" => {
                if let Some(note) = tag.get("id").and_then(|id| self.notes.remove(&id)) {
                    self.add(&format!(" ({note})"));
                }
            }
            "tbl" => {
                // A table inside a paragraph's text box does not belong to the cell around it.
                self.tables.push(Table::default());
            }
            "tc" => {
                if let Some(table) = self.tables.last_mut() {
                    (table.cell, table.span, table.merged) = (Some(Vec::new()), 1, None);
                }
            }
            "tblHeader" if tag.on() => {
                if let Some(table) = self.tables.last_mut().filter(|t| t.rows.is_empty()) {
                    table.marked = true;
                }
            }
            "gridSpan" => {
                if let Some(table) = self.tables.last_mut() {
                    table.span = tag.number().unwrap_or(1).clamp(1, MAX_SPAN);
                }
            }
            "vMerge" => {
                if let Some(table) = self.tables.last_mut() {
                    table.merged = Some(tag.val().as_deref() != Some("restart"));
                }
            }
            name => self.property(name, tag),
        }
    }

    fn property(&mut self, name: &str, tag: &Tag<'_>) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        match name {
            "pStyle" => paragraph.style = tag.val(),
            "outlineLvl" => paragraph.outline = tag.number(),
            "numId" => paragraph.list = tag.number(),
            "ilvl" => paragraph.level = tag.number(),
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if let (false, Some(paragraph)) = (self.run_hidden, self.paragraphs.last_mut()) {
            paragraph.text.push_str(text);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "r" => (self.in_run, self.run_hidden, self.run_bold) = (false, false, false),
            "p" => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.paragraph(paragraph);
                }
            }
            "tc" => self.close_cell(),
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.rows.push(std::mem::take(&mut table.row));
                    table.bold_rows.push(!std::mem::take(&mut table.row_is_plain));
                }
            }
            "tbl" => {
                if let Some(table) = self.tables.pop() {
                    self.close_table(table);
                }
            }
            _ => {}
        }
    }

    fn paragraph(&mut self, paragraph: Paragraph) {
        let text = squeeze(&paragraph.text);
        if text.is_empty() {
            return;
        }
        if let Some(table) = self.tables.last_mut() {
            table.row_is_plain |= paragraph.plain || !paragraph.bold;
            if let Some(cell) = &mut table.cell {
                cell.push(text);
            }
            return;
        }
        let style = paragraph.style.as_deref().unwrap_or("Normal");
        let role = match paragraph.outline.filter(|level| *level < 9) {
            Some(level) => Role::Heading(level + 1),
            None => self.styles.role(style),
        };
        match role {
            Role::Title => self.push(Block::Heading { level: 1, text }, role),
            Role::Heading(_) => self.push(Block::Heading { level: 2, text }, role),
            Role::Continues | Role::Body => self.words(text, &paragraph, style, role),
        }
    }

    /// Running text, or an item of a list. A list with the number 0 is none: it takes a style's away.
    fn words(&mut self, text: String, paragraph: &Paragraph, style: &str, role: Role) {
        let by_style = self.styles.list(style);
        let list = paragraph.list.or(by_style.map(|(list, _)| list)).filter(|list| *list > 0);
        let level = paragraph.level.or(by_style.map(|(_, level)| level)).unwrap_or(0);
        match (list, self.blocks.last_mut()) {
            (Some(list), Some((Block::List { items, .. }, _)))
                if self.list == Some(list) || (level > 0 && self.list.is_some()) =>
            {
                items.push(text);
            }
            (Some(list), _) => {
                self.push(
                    Block::List { ordered: self.numbering.counts(list, level), items: vec![text] },
                    Role::Body,
                );
                self.list = Some(list);
            }
            (None, Some((Block::List { items, .. }, _)))
                if role == Role::Continues && self.list.is_some() =>
            {
                if let Some(item) = items.last_mut() {
                    item.push(' ');
                    item.push_str(&text);
                }
            }
            (None, _) => self.push(Block::Paragraph(text), Role::Body),
        }
    }

    fn push(&mut self, block: Block, role: Role) {
        self.list = None;
        self.blocks.push((block, role));
    }

    fn close_cell(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let Some(lines) = table.cell.take() else { return };
        let mut text = lines.join(" ");
        // A cell that goes on from the row above says the same there, so that each row can be read alone.
        if table.merged == Some(true)
            && self.size <= MAX_TEXT
            && let Some(above) = table.rows.last().and_then(|row| row.get(table.row.len()))
        {
            text.clone_from(above);
            self.size += text.len();
        }
        table.row.push(text);
        table.row.extend(std::iter::repeat_n(String::new(), table.span - 1));
    }

    fn close_table(&mut self, table: Table) {
        let first_alone_is_bold = table.bold_rows.first() == Some(&true)
            && table.rows.first().is_some_and(|row| row.iter().any(|cell| !cell.is_empty()))
            && table.bold_rows.iter().skip(1).any(|bold| !bold);
        let marked = table.marked || first_alone_is_bold;
        // One column frames text; it has nothing that a header could name.
        let one_column = table.rows.iter().all(|row| row.iter().filter(|c| !c.is_empty()).count() <= 1);
        match self.tables.last_mut() {
            Some(outer) => {
                let lines = table::of_rows(table.rows, marked).map(|t| t.lines()).unwrap_or_default();
                if let Some(cell) = &mut outer.cell {
                    cell.push(lines.iter().map(|l| l.replace(" | ", ", ")).collect::<Vec<_>>().join("; "));
                }
            }
            None if one_column => {
                for text in table.rows.into_iter().flatten().filter(|c| !c.is_empty()) {
                    self.push(Block::Paragraph(text), Role::Body);
                }
            }
            None => {
                if let Some(block) = table::of_rows(table.rows, marked) {
                    self.push(block, Role::Body);
                }
            }
        }
    }

    /// The blocks with the levels of their headings: under a title, or where several headings are
    /// outermost, these are chapters and the first level is the title's alone.
    fn finish(self) -> Vec<Block> {
        let titled = self.blocks.iter().any(|(_, role)| *role == Role::Title);
        let outermost = self.blocks.iter().filter_map(|(_, role)| level(*role)).min().unwrap_or(1);
        let chapters = self.blocks.iter().filter(|(_, role)| level(*role) == Some(outermost)).count();
        let first = if titled || chapters > 1 { 2 } else { 1 };
        self.blocks
            .into_iter()
            .map(|(block, role)| match (block, level(role)) {
                (Block::Heading { text, .. }, Some(level)) => {
                    Block::Heading { level: (level - outermost + first).min(6) as u8, text }
                }
                (block, _) => block,
            })
            .collect()
    }
}

const fn level(role: Role) -> Option<usize> {
    match role {
        Role::Heading(level) => Some(level),
        Role::Title | Role::Continues | Role::Body => None,
    }
}

/// Elements whose text is not on the page: `Fallback` says again what `Choice` said.
fn is_left_out(name: &str) -> bool {
    matches!(name, "del" | "moveFrom" | "Fallback" | "instrText" | "pPrChange" | "rPrChange" | "tblPrChange")
}
