//! The content of a page: `main` or the one `article`; where neither stands, the smallest container that
//! holds most of the prose.

use std::collections::{HashMap, HashSet};

use scraper::{ElementRef, Html, Node, Selector};

use crate::{
    block::Block,
    html::{MAX_DEPTH, first, is_left_out, walk},
};

/// A container is entered when it holds at least three quarters of its parent's prose.
const MOST: (usize, usize) = (3, 4);
/// Elements that hold others.
const CONTAINERS: &[&str] = &["div", "section", "table", "tbody", "tr", "td", "center", "span", "body"];
/// What may be a menu when most of its letters are links.
const MENUS: &[&str] = &["ul", "ol", "div", "section", "table", "p", "dl"];

/// What stands in an element, in letters.
#[derive(Default, Clone, Copy)]
struct Weight {
    /// Outside links.
    prose: usize,
    /// In links.
    linked: usize,
    /// Level-1 headings.
    titles: usize,
}

type Weights = HashMap<usize, Weight>;

/// The blocks of a page's content.
pub(super) fn blocks(page: &Html) -> Vec<Block> {
    for root in [first(page, "main, [role=main]"), only_article(page)].into_iter().flatten() {
        let mut out = Vec::new();
        walk(root, 0, &|_| false, &mut out);
        // A page that a script fills has an empty `main`.
        if out.iter().any(|b| !matches!(b, Block::Heading { .. })) {
            return out;
        }
    }
    first(page, "body").map(densest).unwrap_or_default()
}

/// The article, if the page has one: several are teasers, those inside it are comments.
fn only_article(page: &Html) -> Option<ElementRef<'_>> {
    let selector = Selector::parse("article").ok()?;
    let mut found = page.select(&selector);
    let article = found.next()?;
    let inside: HashSet<_> = article.descendants().map(|node| node.id()).collect();
    found.all(|other| inside.contains(&other.id())).then_some(article)
}

/// Text density, by one rule: go down while one container holds most of the prose and every title, then
/// leave out what is mostly links.
fn densest(body: ElementRef<'_>) -> Vec<Block> {
    let mut weights = Weights::new();
    weigh(body, 0, false, &mut weights);
    let of = |element: ElementRef<'_>| weights.get(&place(element)).copied().unwrap_or_default();
    let mut root = body;
    loop {
        let all = of(root);
        let next = root.children().filter_map(ElementRef::wrap).find(|child| {
            let own = of(*child);
            CONTAINERS.contains(&child.value().name())
                && own.titles == all.titles
                && own.prose > 0
                && own.prose * MOST.1 >= all.prose * MOST.0
        });
        match next {
            Some(child) => root = child,
            None => break,
        }
    }
    let menu = |element: ElementRef<'_>| {
        let own = of(element);
        MENUS.contains(&element.value().name()) && own.titles == 0 && own.linked > 2 * own.prose
    };
    let mut out = Vec::new();
    walk(root, 0, &menu, &mut out);
    out
}

/// The weights of an element and of all below it, each looked at once. Below [`MAX_DEPTH`] nothing is
/// read, here as in the walk.
fn weigh(element: ElementRef<'_>, depth: usize, linked: bool, weights: &mut Weights) -> Weight {
    let mut weight = Weight::default();
    if depth > MAX_DEPTH || (depth > 0 && is_left_out(element)) {
        return weight;
    }
    weight.titles = usize::from(element.value().name() == "h1");
    let linked = linked || element.value().name() == "a";
    for node in element.children() {
        if let Node::Text(text) = node.value() {
            let letters = text.chars().filter(|c| !c.is_whitespace()).count();
            if linked {
                weight.linked += letters;
            } else {
                weight.prose += letters;
            }
        } else if let Some(child) = ElementRef::wrap(node) {
            let below = weigh(child, depth + 1, linked, weights);
            weight.prose += below.prose;
            weight.linked += below.linked;
            weight.titles += below.titles;
        }
    }
    weights.insert(place(element), weight);
    weight
}

/// Where an element lies in memory tells it from all others of the page.
fn place(element: ElementRef<'_>) -> usize {
    std::ptr::from_ref(element.value()).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &str) -> Vec<String> {
        blocks(&Html::parse_document(source)).iter().flat_map(Block::lines).collect()
    }

    #[test]
    fn main_comes_first_then_the_one_article() {
        let around = |content: &str| {
            format!("<body><div class=top><a href=/>Home</a></div><p>Rates are current.</p>{content}</body>")
        };
        assert_eq!(lines(&around("<article><p>No</p></article><main><p>Yes</p></main>")), ["Yes"]);
        assert_eq!(lines(&around("<div role=main><p>Yes</p></div>")), ["Yes"]);
        assert_eq!(
            lines(&around("<article><p>Yes</p><article><p>Comment</p></article></article>")),
            ["Yes", "Comment"]
        );
        let teasers = lines(&around("<article><p>One</p></article><article><p>Two</p></article>"));
        assert!(teasers.contains(&"One".to_owned()) && teasers.contains(&"Two".to_owned()), "{teasers:?}");
        assert_eq!(
            lines("<body><main><h1>Fees</h1></main><div><p>A card costs $10.</p></div></body>"),
            ["Fees", "A card costs $10."],
            "an empty main is none"
        );
    }

    #[test]
    fn without_either_the_densest_container_counts_and_menus_do_not() {
        let page = "<body><div id=top><ul><li><a href=/a>Accounts</a></li><li><a href=/c>Cards</a></li></ul></div>\
            <div id=page><div id=side><a href=/x>Offers for you today</a></div><div id=text><h1>Card fees</h1>\
            <p>A replacement card costs $10 and takes five working days to arrive.</p>\
            <ul><li>Order it in <a href=/app>the app</a>.</li><li>Wait for the letter.</li></ul>\
            <ul><li><a href=/1>More about cards</a></li><li><a href=/2>More about fees</a></li></ul></div></div>\
            <div id=foot>Copyright</div></body>";
        assert_eq!(
            lines(page),
            [
                "Card fees",
                "A replacement card costs $10 and takes five working days to arrive.",
                "- Order it in the app.",
                "- Wait for the letter.",
            ]
        );
    }

    #[test]
    fn the_title_beside_the_text_is_kept() {
        assert_eq!(
            lines("<body><h1>Fees</h1><div><p>A card costs ten dollars a year.</p></div></body>"),
            ["Fees", "A card costs ten dollars a year."]
        );
    }
}
