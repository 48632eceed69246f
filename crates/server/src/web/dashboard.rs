//! The dashboard: figures of the ledger, nothing else (P12).

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contactiq_domain::{Mode, Permission};
use contactiq_store::reports::{self, Report};
use serde::Deserialize;
use time::Date;

use super::{
    PageError, Visitor, show,
    views::{
        DashboardView,
        dashboard::{DayFigures, Figures, Filter, IntentFigures, ModeFigures, Period},
    },
};
use crate::app::App;

#[derive(Deserialize)]
pub(super) struct Asked {
    mode: Option<String>,
    period: Option<String>,
    demo: Option<String>,
    /// Set by the form, so that an unticked box differs from a first visit.
    filtered: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ReadReports)?;
    let first_visit = asked.filtered.is_none() && asked.demo.is_none();
    let filter = Filter {
        mode: visitor.caller.mode.or_else(|| asked.mode.and_then(|m| m.parse::<Mode>().ok())),
        period: asked.period.as_deref().and_then(Period::from_word).unwrap_or(Period::Month),
        demo: asked.demo.is_some() || (first_visit && app.config.server.demo),
    };
    let now = app.house.clock.now();
    let since = match filter.period {
        Period::Day => Some(1),
        Period::Week => Some(7),
        Period::Month => Some(30),
        Period::All => None,
    }
    .map(|days| now.plus_seconds(-days * 86_400));
    let of = |demo: bool| reports::Filter { mode: filter.mode, since, until: None, demo };
    let fails = |e: contactiq_store::StoreError| visitor.fails(&app, e);
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let report = reports::report(&mut reader, &of(filter.demo)).await.map_err(fails)?;
    let real = if filter.demo {
        reports::report(&mut reader, &of(false)).await.map_err(fails)?.totals.interactions
    } else {
        report.totals.interactions
    };
    let view = DashboardView {
        layout: visitor.layout(&app),
        filter,
        figures: figures(&report, real),
        usage: Mode::ALL
            .iter()
            .filter(|mode| filter.mode.is_none_or(|chosen| chosen == **mode))
            .map(|mode| {
                let found = report.modes.iter().find(|m| m.mode == *mode);
                ModeFigures {
                    mode: *mode,
                    conversations: found.map_or(0, |m| m.conversations),
                    interactions: found.map_or(0, |m| m.interactions),
                }
            })
            .collect(),
        intents: intents(&report.intents),
        escalations: report.triggers.iter().map(|t| (t.trigger, t.escalations)).collect(),
        confidence_bins: report.confidence,
        threshold: app.house.settings.of(filter.mode.unwrap_or(Mode::Customer)).confidence_threshold.get(),
        days: every_day(&report.trend, since.map(|s| s.date()), now.date()),
    };
    Ok(show(StatusCode::OK, &view))
}

/// Both assistants may know an intent of the same name: then the staff's says so, because two rows
/// that read alike tell nobody anything.
fn intents(found: &[reports::IntentFigures]) -> Vec<IntentFigures> {
    let twice = |i: &reports::IntentFigures| {
        found.iter().any(|other| other.intent == i.intent && other.mode != i.mode)
    };
    let name = |i: &reports::IntentFigures| {
        if i.mode == Mode::Banker && twice(i) { format!("{} (staff)", i.intent) } else { i.intent.clone() }
    };
    found
        .iter()
        .map(|i| IntentFigures {
            intent: name(i),
            interactions: i.interactions,
            resolved: i.resolved,
            guided: i.guided,
            confidence: i.confidence,
        })
        .collect()
}

/// Every day from `first` to `last`, also those on which nobody asked: a line over the days with data
/// alone would hide the gaps. Without a first day, from the first one that has data.
fn every_day(trend: &[reports::DayFigures], first: Option<Date>, last: Date) -> Vec<DayFigures> {
    let Some(first) = first.or_else(|| trend.first().map(|d| d.day.date())) else { return Vec::new() };
    let mut found = trend.iter().peekable();
    let mut days = Vec::new();
    let mut next = Some(first);
    while let Some(day) = next.filter(|day| *day <= last) {
        let data = found.next_if(|d| d.day.date() == day);
        days.push(DayFigures {
            day,
            total: data.map_or(0, |d| d.interactions),
            resolved: data.map_or(0, |d| d.resolved),
            escalated: data.map_or(0, |d| d.escalated),
        });
        next = day.next_day();
    }
    days
}

fn figures(report: &Report, real: u64) -> Figures {
    let totals = &report.totals;
    let any = totals.interactions > 0;
    let said = report.feedback.helpful + report.feedback.unhelpful;
    Figures {
        conversations: totals.conversations,
        interactions: totals.interactions,
        demo_interactions: totals.interactions - real.min(totals.interactions),
        containment: totals.containment(),
        escalation: totals.escalation(),
        confidence: report.confidence_average,
        p50_ms: any.then_some(report.latency.p50),
        p95_ms: any.then_some(report.latency.p95),
        p99_ms: any.then_some(report.latency.p99),
        cost_usd: report.cost.total_nano_usd as f64 / 1e9,
        helpful: (said > 0).then(|| report.feedback.helpful as f64 / said as f64),
        feedback: said,
    }
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Timestamp;
    use time::macros::date;

    use super::*;

    fn on(day: i64, interactions: u64) -> reports::DayFigures {
        let day = Timestamp::from_micros(day * 86_400_000_000);
        reports::DayFigures { day, interactions, resolved: interactions / 2, escalated: 1 }
    }

    fn totals(days: &[DayFigures]) -> Vec<(Date, u64)> {
        days.iter().map(|d| (d.day, d.total)).collect()
    }

    #[test]
    fn an_intent_of_both_assistants_is_told_apart() {
        let of = |mode, intent: &str| reports::IntentFigures {
            mode,
            intent: intent.to_owned(),
            interactions: 1,
            resolved: 0,
            guided: 0,
            escalated: 0,
            resolution: None,
            confidence: None,
        };
        let found =
            [of(Mode::Customer, "unknown"), of(Mode::Banker, "unknown"), of(Mode::Banker, "policy_lookup")];
        let names: Vec<_> = intents(&found).into_iter().map(|i| i.intent).collect();
        assert_eq!(names, ["unknown", "unknown (staff)", "policy_lookup"]);
    }

    #[test]
    fn a_day_without_questions_is_a_day_too() {
        let days = every_day(&[on(1, 4), on(3, 6)], Some(date!(1970 - 01 - 01)), date!(1970 - 01 - 05));
        let expected = [
            (date!(1970 - 01 - 01), 0),
            (date!(1970 - 01 - 02), 4),
            (date!(1970 - 01 - 03), 0),
            (date!(1970 - 01 - 04), 6),
            (date!(1970 - 01 - 05), 0),
        ];
        assert_eq!(totals(&days), expected);
        assert_eq!((days[3].resolved, days[3].escalated), (3, 1));
    }

    #[test]
    fn all_time_begins_with_the_first_day_that_has_data() {
        let days = every_day(&[on(364, 2)], None, date!(1971 - 01 - 02));
        assert_eq!(
            totals(&days),
            [(date!(1970 - 12 - 31), 2), (date!(1971 - 01 - 01), 0), (date!(1971 - 01 - 02), 0)]
        );
        assert!(every_day(&[], None, date!(1970 - 01 - 05)).is_empty());
    }
}
