//! The dashboard: figures of the ledger, nothing else (P12).

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contactiq_domain::{Mode, Permission};
use contactiq_store::reports::{self, Report};
use serde::Deserialize;

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

pub(super) async fn page(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    visitor.must(&app, Permission::ReadReports)?;
    let first_visit = asked.filtered.is_none() && asked.demo.is_none();
    let filter = Filter {
        mode: asked.mode.and_then(|m| m.parse::<Mode>().ok()),
        period: asked.period.as_deref().and_then(Period::from_word).unwrap_or(Period::Month),
        demo: asked.demo.is_some() || (first_visit && app.config.server.demo),
    };
    let now = app.house.clock.now();
    let days = match filter.period {
        Period::Day => Some(1),
        Period::Week => Some(7),
        Period::Month => Some(30),
        Period::All => None,
    };
    let of = |demo: bool| reports::Filter {
        mode: filter.mode,
        since: days.map(|d| now.plus_seconds(-d * 86_400)),
        until: None,
        demo,
    };
    let fails = |e: contactiq_store::StoreError| visitor.fails(&app, e);
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let report = reports::report(&mut reader, &of(filter.demo)).await.map_err(fails)?;
    let real = if filter.demo { reports::report(&mut reader, &of(false)).await.map_err(fails)?.totals.interactions } else { report.totals.interactions };
    let view = DashboardView {
        layout: visitor.layout(&app),
        filter,
        figures: figures(&report, real),
        usage: report
            .modes
            .iter()
            .map(|m| ModeFigures { mode: m.mode, conversations: m.conversations, interactions: m.interactions })
            .collect(),
        intents: report
            .intents
            .iter()
            .map(|i| IntentFigures {
                intent: i.intent.clone(),
                interactions: i.interactions,
                resolved: i.resolved,
                guided: i.guided,
                confidence: i.confidence,
            })
            .collect(),
        escalations: report.triggers.iter().map(|t| (t.trigger, t.escalations)).collect(),
        confidence_bins: report.confidence,
        threshold: app.house.settings.of(filter.mode.unwrap_or(Mode::Customer)).confidence_threshold.get(),
        days: report
            .trend
            .iter()
            .map(|d| DayFigures { day: d.day.date(), total: d.interactions, resolved: d.resolved, escalated: d.escalated })
            .collect(),
    };
    Ok(show(StatusCode::OK, &view))
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
