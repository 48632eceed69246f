//! Blocks become passages: one topic each, under its headings, tables and lists whole.

use contactiq_domain::Passage;
use contactiq_guard::Published;

use crate::block::Block;

/// A passage closes at the next block once it holds this many characters (about 128 tokens).
const ENOUGH: usize = 600;
/// A table or list longer than this is split between rows, never inside one.
const TOO_LONG: usize = 2_400;

/// Cuts blocks into passages. The document's own title (a first level-1 heading) is no heading of
/// the path, because every passage would carry it.
pub(crate) fn cut(blocks: &[Block]) -> Vec<Passage<Published>> {
    let mut cutter = Cutter::default();
    for block in blocks {
        match block {
            Block::Heading { level, text } => cutter.heading(*level, text),
            other => cutter.block(other),
        }
    }
    cutter.close();
    cutter.passages
}

#[derive(Default)]
struct Cutter {
    passages: Vec<Passage<Published>>,
    path: Vec<(u8, String)>,
    open: String,
}

impl Cutter {
    fn heading(&mut self, level: u8, text: &str) {
        self.close();
        while self.path.last().is_some_and(|(l, _)| *l >= level) {
            self.path.pop();
        }
        if level > 1 {
            self.path.push((level, text.to_owned()));
        }
    }

    fn block(&mut self, block: &Block) {
        for part in split_long(block.lines()) {
            // A lead-in ("You need:") stays with its list.
            let leads_in = self.open.trim_end().ends_with(':');
            if self.open.chars().count() >= ENOUGH && !leads_in {
                self.close();
            }
            if !self.open.is_empty() {
                self.open.push('\n');
            }
            self.open.push_str(&part);
        }
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.open);
        if text.trim().is_empty() {
            return;
        }
        self.passages.push(Passage {
            position: self.passages.len() as u32,
            headings: self.path.iter().map(|(_, t)| t.clone()).collect(),
            text: Published::by_bank(text),
        });
    }
}

fn split_long(lines: Vec<String>) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for line in lines {
        if !part.is_empty() {
            if part.len() + line.len() > TOO_LONG {
                parts.push(std::mem::take(&mut part));
            } else {
                part.push('\n');
            }
        }
        part.push_str(&line);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_knows_its_headings_and_keeps_a_list_with_its_lead_in() {
        let passages = cut(&crate::markdown::blocks(
            "# Title\n\nIntro.\n\n## Cards\n\n### Lost\n\nYou need:\n\n- the app\n- a PIN\n\n## Loans\n\nText.\n",
        ));
        let shape: Vec<(Vec<&str>, &str)> = passages
            .iter()
            .map(|p| (p.headings.iter().map(String::as_str).collect(), p.text.as_str()))
            .collect();
        assert_eq!(
            shape,
            [
                (vec![], "Intro."),
                (vec!["Cards", "Lost"], "You need:\n- the app\n- a PIN"),
                (vec!["Loans"], "Text."),
            ]
        );
        assert_eq!(passages[2].position, 2);
    }

    #[test]
    fn nothing_is_lost_from_a_long_table() {
        let rows = (0..200).map(|i| format!("| fee {i} | ${i} |")).collect::<Vec<_>>().join("\n");
        let passages = cut(&crate::markdown::blocks(&format!("| Fee | Amount |\n|---|---|\n{rows}\n")));
        let all: String = passages.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n");
        assert!(passages.len() > 1);
        assert_eq!(all.lines().count(), 200);
        assert!(all.contains("fee 199 | Amount: $199"));
    }
}
