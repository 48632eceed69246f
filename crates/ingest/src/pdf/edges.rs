//! What stands at the edges of every page: running titles and page numbers are no text of the document.

use std::collections::HashMap;

use super::lines::Line;

/// Takes out what repeats at the top and bottom of pages, and the numbers of pages. A row of a table that
/// repeats there names columns: the first one stays.
pub(super) fn leave_out_edges(pages: &mut [Vec<Line>]) {
    let key = |line: &Line, number: usize| {
        // The page's number counts as one sign; other figures must be the same to be a repetition.
        let text = line.text();
        let words = text.split_inclusive(|c: char| !c.is_alphanumeric()).map(|word| {
            let figure = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            let its_own = figure.parse::<usize>().is_ok_and(|n| n.abs_diff(number) <= 2);
            if its_own { word.replace(figure, "#") } else { word.to_owned() }
        });
        (words.collect::<String>(), (line.y / 6.0).round() as i64)
    };
    let mut seen: HashMap<(String, i64), usize> = HashMap::new();
    for (i, page) in pages.iter().enumerate() {
        for at in outermost(page) {
            *seen.entry(key(&page[at], i + 1)).or_default() += 1;
        }
    }
    let several = pages.len() > 1;
    let often = (pages.len() / 2).max(if pages.len() == 2 { 2 } else { 3 });
    let mut kept = Vec::new();
    for (i, page) in pages.iter_mut().enumerate() {
        let mut out = Vec::new();
        for at in outermost(page) {
            let key = key(&page[at], i + 1);
            let repeats = seen.get(&key).is_some_and(|times| *times >= often);
            if repeats && page[at].cells.len() > 1 && !kept.contains(&key) {
                kept.push(key);
            } else if repeats || (several && is_page_number(&page[at].text(), i + 1)) {
                out.push(at);
            }
        }
        let mut at = 0;
        page.retain(|_| {
            at += 1;
            !out.contains(&(at - 1))
        });
    }
}

/// The two highest and the two lowest lines of a page.
fn outermost(page: &[Line]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..page.len()).collect();
    order.sort_by(|a, b| page[*b].y.total_cmp(&page[*a].y));
    if order.len() > 4 {
        order.drain(2..order.len() - 2);
    }
    order
}

fn is_page_number(text: &str, number: usize) -> bool {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_it = |n: &str| n.parse() == Ok(number);
    match words[..] {
        [n] | ["page", n] | ["page", n, _] | ["page", n, "of", _] | [n, "of", _] => is_it(n),
        _ => false,
    }
}
