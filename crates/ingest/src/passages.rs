//! Blocks become passages: one topic each, under its headings, tables and lists whole.

use contactiq_domain::Passage;
use contactiq_guard::Published;

use crate::block::Block;

/// A passage closes at the next block once it holds this many characters (about 128 tokens).
const ENOUGH: usize = 600;
/// A table or list longer than this is split between rows, never inside one.
const TOO_LONG: usize = 2_400;

/// No line of a passage is longer, in characters: a paragraph is cut at its sentences, and what has none where
/// it stands.
const LONGEST_LINE: usize = 2_400;

/// How often a line of these blocks has to be cut inside a sentence.
pub(crate) fn cut_anywhere(blocks: &[Block]) -> usize {
    let lines = blocks.iter().filter(|b| !matches!(b, Block::Heading { .. })).flat_map(Block::lines);
    lines.filter(|line| line.len() > LONGEST_LINE).map(|line| short_lines(&line).1).sum()
}

/// A line in parts of at most [`LONGEST_LINE`] characters, and how often it was cut inside a sentence.
fn short_lines(line: &str) -> (Vec<String>, usize) {
    let (mut parts, mut forced) = (Vec::new(), 0);
    let mut rest = line;
    while let Some((end, _)) = rest.char_indices().nth(LONGEST_LINE) {
        let head = &rest[..end];
        let after = |mark: char| move |c: (usize, char)| (c.1 == mark).then_some(c.0 + mark.len_utf8());
        // The last sentence that ends in it, else the last word.
        let sentence = ['.', '!', '?', '。', '؟', '।']
            .into_iter()
            .filter_map(|mark| {
                head.char_indices()
                    .filter_map(after(mark))
                    .rfind(|at| rest[*at..].starts_with(char::is_whitespace))
            })
            .max();
        let at = sentence.unwrap_or_else(|| {
            forced += 1;
            head.rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(end)
        });
        parts.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    (parts, forced)
}

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
        let lines = block.lines().into_iter().flat_map(|line| match line.len() > LONGEST_LINE {
            true => short_lines(&line).0,
            false => vec![line],
        });
        for part in split_long(lines.collect()) {
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
    fn a_paragraph_without_end_is_cut_at_its_sentences_and_at_last_anywhere() {
        let sentences = "A card costs $5. ".repeat(1_000);
        let paragraph = [Block::Paragraph(sentences.trim().to_owned())];
        let passages = cut(&paragraph);
        assert!(passages.len() > 5 && passages.iter().all(|p| p.text.as_str().len() <= LONGEST_LINE));
        assert!(passages.iter().all(|p| p.text.as_str().ends_with("$5.")));
        assert_eq!(cut_anywhere(&paragraph), 0);
        for endless in ["é".repeat(10_000), "word ".repeat(4_000)] {
            let paragraph = [Block::Paragraph(endless.trim().to_owned())];
            let passages = cut(&paragraph);
            assert!(passages.iter().all(|p| p.text.as_str().chars().count() <= LONGEST_LINE));
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
            let kept: usize = passages.iter().map(|p| letters(p.text.as_str())).sum();
            assert_eq!(kept, letters(&endless), "nothing is lost");
            assert!(cut_anywhere(&paragraph) > 2);
        }
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
