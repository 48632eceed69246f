//! The figures of P12, drawn from logged interactions: `/dashboard`.
//!
//! The handler gives plain numbers; this file turns them into tiles and charts and says what each
//! one means. Shares are from 0 to 1, durations are milliseconds, money is US dollars, days are UTC.

use contactiq_domain::{Mode, Trigger};
use time::Date;

use super::{layout::Layout, wording};

/// The dashboard.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "dashboard.html")]
pub struct DashboardView {
    /// The frame.
    pub layout: Layout,
    /// What was asked for.
    pub filter: Filter,
    /// The tiles.
    pub figures: Figures,
    /// A row for each mode, also one without interactions.
    pub usage: Vec<ModeFigures>,
    /// A row for each intent that occurred, in any order.
    pub intents: Vec<IntentFigures>,
    /// Escalations by deciding trigger, in any order.
    pub escalations: Vec<(Trigger, u64)>,
    /// Answers by confidence: 0.0 to 0.1 up to 0.9 to 1.0 (1.0 in the last).
    pub confidence_bins: [u64; 10],
    /// The confidence below which a person takes over (the mode's; for both, the default).
    pub threshold: f64,
    /// One row for each day of the period in order, also for days without interactions.
    pub days: Vec<DayFigures>,
}

/// The filter form: query parameters `mode`, `period` and `demo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// `mode=customer|banker`; none for `mode=both`.
    pub mode: Option<Mode>,
    /// `period=24h|7d|30d|all`.
    pub period: Period,
    /// `demo=1`: interactions of `contactiq demo traffic` are counted as well.
    pub demo: bool,
}

/// How far back the figures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// `24h`.
    Day,
    /// `7d`.
    Week,
    /// `30d`.
    Month,
    /// `all`.
    All,
}

/// The tiles. `None` where there is nothing to divide.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Conversations with at least one interaction.
    pub conversations: u64,
    /// Interactions.
    pub interactions: u64,
    /// Of these, made by `contactiq demo traffic`.
    pub demo_interactions: u64,
    /// Resolved, divided by all but the guided ones.
    pub containment: Option<f64>,
    /// Escalated, divided by all but the guided ones.
    pub escalation: Option<f64>,
    /// Mean confidence of the answers given.
    pub confidence: Option<f64>,
    /// Median time from question to end, ms.
    pub p50_ms: Option<f64>,
    /// 95 of 100 took no longer, ms.
    pub p95_ms: Option<f64>,
    /// 99 of 100 took no longer, ms.
    pub p99_ms: Option<f64>,
    /// What language models cost, USD.
    pub cost_usd: f64,
    /// "Yes", divided by all who said whether it helped.
    pub helpful: Option<f64>,
    /// How many said.
    pub feedback: u64,
}

/// One mode's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModeFigures {
    /// The mode.
    pub mode: Mode,
    /// Conversations.
    pub conversations: u64,
    /// Interactions.
    pub interactions: u64,
}

/// One intent's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct IntentFigures {
    /// The stable name.
    pub intent: String,
    /// Interactions.
    pub interactions: u64,
    /// Of these, resolved.
    pub resolved: u64,
    /// Of these, guided: left out of the share.
    pub guided: u64,
    /// Mean confidence of its answers.
    pub confidence: Option<f64>,
}

/// One day's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayFigures {
    /// The day.
    pub day: Date,
    /// Interactions.
    pub total: u64,
    /// Of these, resolved.
    pub resolved: u64,
    /// Of these, escalated.
    pub escalated: u64,
}

/// A figure with what it means.
struct Tile {
    name: &'static str,
    value: String,
    meaning: String,
}

impl Period {
    /// In the order of the form.
    pub const ALL: [Period; 4] = [Period::Day, Period::Week, Period::Month, Period::All];

    /// The word of the query.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Period::Day => "24h",
            Period::Week => "7d",
            Period::Month => "30d",
            Period::All => "all",
        }
    }

    /// From the word of the query; none for any other word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }

    fn label(self) -> &'static str {
        match self {
            Period::Day => "Last 24 hours",
            Period::Week => "Last 7 days",
            Period::Month => "Last 30 days",
            Period::All => "All time",
        }
    }
}

impl IntentFigures {
    /// Resolved, divided by all but the guided ones.
    pub(super) fn share_resolved(&self) -> Option<f64> {
        let counted = self.interactions.saturating_sub(self.guided);
        (counted > 0).then(|| self.resolved as f64 / counted as f64)
    }
}

impl DashboardView {
    fn is_empty(&self) -> bool {
        self.figures.interactions == 0
    }

    fn modes(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            ("both", "Both modes", self.filter.mode.is_none()),
            ("customer", "Customer", self.filter.mode == Some(Mode::Customer)),
            ("banker", "Staff", self.filter.mode == Some(Mode::Banker)),
        ]
    }

    fn periods(&self) -> [(&'static str, &'static str, bool); 4] {
        Period::ALL.map(|p| (p.as_str(), p.label(), self.filter.period == p))
    }

    fn demo_interactions(&self) -> String {
        wording::count(self.figures.demo_interactions)
    }

    fn tiles(&self) -> Vec<Tile> {
        let f = &self.figures;
        let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), wording::duration);
        let tile = |name, value, meaning: &str| Tile { name, value, meaning: meaning.to_owned() };
        let said = wording::counted(f.feedback as usize, "person", "people");
        vec![
            tile("Conversations", wording::count(f.conversations), "With at least one question."),
            tile(
                "Interactions",
                wording::count(f.interactions),
                "Questions that came in, whatever became of them.",
            ),
            tile(
                "Containment rate",
                wording::percent(f.containment),
                "Answered from documents without a person. Greetings and guidance are not counted.",
            ),
            tile(
                "Escalation rate",
                wording::percent(f.escalation),
                "Handed to a person. Greetings and guidance are not counted.",
            ),
            tile(
                "Average confidence",
                wording::decimal(f.confidence),
                "Probability that an answer is right and complete, over the answers given.",
            ),
            tile(
                "Helpful",
                wording::percent(f.helpful),
                &format!("Said yes to “Was this helpful?” ({said} answered)."),
            ),
            tile("Typical time (p50)", ms(f.p50_ms), "Half of the questions were done sooner."),
            tile("Slow time (p95)", ms(f.p95_ms), "95 of 100 were done sooner. The aim is under 5\u{a0}s."),
            tile("Slowest time (p99)", ms(f.p99_ms), "99 of 100 were done sooner."),
            tile("Cost", wording::dollars(f.cost_usd), "What language models charged, in US dollars."),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(name: &str, interactions: u64, resolved: u64, guided: u64) -> IntentFigures {
        IntentFigures { intent: name.into(), interactions, resolved, guided, confidence: None }
    }

    fn view(intents: Vec<IntentFigures>) -> DashboardView {
        DashboardView {
            layout: Layout::default(),
            filter: Filter { mode: None, period: Period::Week, demo: false },
            figures: Figures {
                interactions: intents.iter().map(|i| i.interactions).sum(),
                ..Figures::default()
            },
            usage: vec![],
            intents,
            escalations: vec![],
            confidence_bins: [0; 10],
            threshold: 0.68,
            days: vec![],
        }
    }

    #[test]
    fn greetings_do_not_count_against_resolution() {
        let chart =
            view(vec![intent("fees", 10, 9, 0), intent("greeting", 5, 0, 5), intent("loans", 4, 1, 2)])
                .resolution_chart();
        let labels: Vec<_> = chart.bars.iter().map(|b| (b.label.as_str(), b.value.as_str())).collect();
        assert_eq!(labels, [("Loans", "50% (1 of 2)"), ("Fees", "90% (9 of 10)")]);
    }

    #[test]
    fn an_empty_dashboard_says_how_to_fill_it() {
        let html = askama::Template::render(&view(vec![])).unwrap();
        assert!(html.contains("contactiq demo traffic") && !html.contains("<dl class=\"tiles\">"));
    }

    #[test]
    fn the_words_of_the_query_parse_back() {
        for period in Period::ALL {
            assert_eq!(Period::from_word(period.as_str()), Some(period));
        }
        assert_eq!(Period::from_word("7 days"), None);
    }
}
