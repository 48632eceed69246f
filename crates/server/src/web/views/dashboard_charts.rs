//! The dashboard's charts: which numbers, in which order, with which words.

use time::Date;

use super::{
    chart::{Bars, Caption, Columns, Lines, Numbers},
    dashboard::{DashboardView, DayFigures, IntentFigures},
    wording,
};

/// The most intents that a chart shows; its table has them all.
const MOST_BARS: usize = 12;

impl DashboardView {
    pub(super) fn usage_chart(&self) -> Bars {
        let most = self.usage.iter().map(|m| m.interactions).max().unwrap_or(0).max(1) as f64;
        let bars = self
            .usage
            .iter()
            .map(|m| {
                let value = wording::count(m.interactions);
                (wording::mode(m.mode).to_owned(), m.interactions as f64 / most, value)
            })
            .collect();
        let rows = self
            .usage
            .iter()
            .map(|m| {
                vec![
                    wording::mode(m.mode).to_owned(),
                    wording::count(m.conversations),
                    wording::count(m.interactions),
                ]
            })
            .collect();
        Bars::new(
            Caption {
                id: "usage",
                title: "Usage by mode",
                meaning: "Interactions with each assistant.",
                summary: list(
                    self.usage
                        .iter()
                        .map(|m| (wording::mode(m.mode).to_owned(), wording::count(m.interactions))),
                ),
            },
            bars,
            Numbers { columns: vec!["Mode", "Conversations", "Interactions"], rows },
        )
    }

    pub(super) fn intent_chart(&self) -> Bars {
        let mut intents = self.intents.clone();
        intents.sort_by(|a, b| b.interactions.cmp(&a.interactions).then_with(|| a.intent.cmp(&b.intent)));
        let most = intents.first().map_or(1, |i| i.interactions).max(1) as f64;
        let all = self.figures.interactions.max(1) as f64;
        let bar = |i: &IntentFigures| {
            let share = i.interactions as f64;
            let value =
                format!("{} ({})", wording::count(i.interactions), wording::percent(Some(share / all)));
            (wording::plain(&i.intent), share / most, value)
        };
        self.intent_bars(
            "intents",
            "Intent frequency",
            "What people ask about, most frequent first.",
            &intents,
            bar,
        )
    }

    pub(super) fn confidence_by_intent_chart(&self) -> Bars {
        let mut intents: Vec<_> = self.intents.iter().filter(|i| i.confidence.is_some()).cloned().collect();
        intents.sort_by(|a, b| a.confidence.unwrap_or(1.0).total_cmp(&b.confidence.unwrap_or(1.0)));
        let bar = |i: &IntentFigures| {
            (wording::plain(&i.intent), i.confidence.unwrap_or(0.0), wording::decimal(i.confidence))
        };
        self.intent_bars(
            "intent-confidence",
            "Average confidence by intent",
            "Over the answers given, least confident first. A full bar is 1.00.",
            &intents,
            bar,
        )
    }

    pub(super) fn resolution_chart(&self) -> Bars {
        let mut intents: Vec<_> =
            self.intents.iter().filter(|i| i.share_resolved().is_some()).cloned().collect();
        let share = |i: &IntentFigures| i.share_resolved().unwrap_or(1.0);
        intents.sort_by(|a, b| share(a).total_cmp(&share(b)).then(b.interactions.cmp(&a.interactions)));
        let bar = |i: &IntentFigures| {
            let counted = i.interactions.saturating_sub(i.guided);
            let value = format!("{} of {}", wording::count(i.resolved), wording::count(counted));
            (
                wording::plain(&i.intent),
                share(i),
                format!("{} ({value})", wording::percent(i.share_resolved())),
            )
        };
        self.intent_bars(
            "resolution",
            "Intents with the lowest resolution",
            "Share answered without a person, lowest first: where documents or examples are missing, or where \
             people are meant to answer.",
            &intents,
            bar,
        )
    }

    fn intent_bars(
        &self,
        id: &'static str,
        title: &'static str,
        meaning: &'static str,
        sorted: &[IntentFigures],
        bar: impl Fn(&IntentFigures) -> (String, f64, String),
    ) -> Bars {
        let bars: Vec<_> = sorted.iter().take(MOST_BARS).map(bar).collect();
        let summary = list(bars.iter().map(|(label, _, value)| (label.clone(), value.clone())));
        let rows = sorted.iter().map(intent_row).collect();
        let columns = vec!["Intent", "Interactions", "Resolved", "Average confidence"];
        Bars::new(Caption { id, title, meaning, summary }, bars, Numbers { columns, rows })
    }

    pub(super) fn escalation_chart(&self) -> Bars {
        let mut triggers = self.escalations.clone();
        triggers.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let most = triggers.first().map_or(1, |t| t.1).max(1) as f64;
        let all: u64 = triggers.iter().map(|t| t.1).sum::<u64>().max(1);
        let share = |n: u64| wording::percent(Some(n as f64 / all as f64));
        let bars: Vec<_> = triggers
            .iter()
            .map(|(trigger, n)| {
                let value = format!("{} ({})", wording::count(*n), share(*n));
                (wording::trigger(*trigger).to_owned(), *n as f64 / most, value)
            })
            .collect();
        let rows = triggers
            .iter()
            .map(|(trigger, n)| vec![wording::trigger(*trigger).to_owned(), wording::count(*n), share(*n)])
            .collect();
        let caption = Caption {
            id: "reasons",
            title: "Escalation reasons",
            meaning: "Why a person took over, by the trigger that decided.",
            summary: list(bars.iter().map(|(label, _, value)| (label.clone(), value.clone()))),
        };
        Bars::new(caption, bars, Numbers { columns: vec!["Reason", "Escalations", "Share"], rows })
    }

    pub(super) fn confidence_chart(&self) -> Columns {
        let range = |i: usize| format!("{:.1} to {:.1}", i as f64 / 10.0, (i + 1) as f64 / 10.0);
        let rows: Vec<Vec<String>> = self
            .confidence_bins
            .iter()
            .enumerate()
            .map(|(i, n)| vec![range(i), wording::count(*n)])
            .collect();
        let summary = list(
            self.confidence_bins
                .iter()
                .enumerate()
                .filter(|(_, n)| **n > 0)
                .map(|(i, n)| (range(i), wording::count(*n))),
        );
        let caption = Caption {
            id: "confidence",
            title: "Confidence distribution",
            meaning: "How sure the assistant was of what it wrote. Left of the threshold, a person takes over.",
            summary,
        };
        let numbers = Numbers { columns: vec!["Confidence", "Answers"], rows };
        Columns::ten(caption, self.confidence_bins, self.threshold, numbers)
    }

    pub(super) fn trend_chart(&self) -> Lines {
        let days: Vec<String> = self.days.iter().map(|d| short_day(d.day)).collect();
        let of = |pick: fn(&DayFigures) -> u64| self.days.iter().map(pick).collect::<Vec<_>>();
        let lines = [
            ("Interactions", "total", of(|d| d.total)),
            ("Resolved", "resolved", of(|d| d.resolved)),
            ("Escalated", "escalated", of(|d| d.escalated)),
        ];
        let rows = self
            .days
            .iter()
            .map(|d| {
                let counts = [d.total, d.resolved, d.escalated].map(wording::count);
                std::iter::once(wording::day(d.day)).chain(counts).collect()
            })
            .collect();
        let summary = match (self.days.first(), self.days.last()) {
            (Some(first), Some(last)) => {
                format!("Interactions a day from {} to {}.", wording::day(first.day), wording::day(last.day))
            }
            _ => "No days.".to_owned(),
        };
        let caption = Caption {
            id: "trend",
            title: "Trend by day",
            meaning: "Interactions a day, and how many were resolved or escalated (UTC days).",
            summary,
        };
        let numbers = Numbers { columns: vec!["Day", "Interactions", "Resolved", "Escalated"], rows };
        Lines::new(caption, &days, &lines, numbers)
    }
}

/// An intent as a row of numbers.
fn intent_row(i: &IntentFigures) -> Vec<String> {
    vec![
        wording::plain(&i.intent),
        wording::count(i.interactions),
        wording::percent(i.share_resolved()),
        wording::decimal(i.confidence),
    ]
}

/// `22 Nov`.
fn short_day(day: Date) -> String {
    let month = day.month().to_string();
    format!("{} {}", day.day(), month.get(..3).unwrap_or(&month))
}

/// `Customer: 12; Staff: 3.`
fn list(pairs: impl Iterator<Item = (String, String)>) -> String {
    let parts: Vec<_> = pairs.map(|(name, value)| format!("{name}: {value}")).collect();
    if parts.is_empty() { "Nothing to show.".to_owned() } else { format!("{}.", parts.join("; ")) }
}
