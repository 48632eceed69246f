use contactiq_domain::{
    Category, IntentName, Mode, Outcome, Probability, Record, Routing, Timestamp, Trigger, ids::FeedbackId,
};
use contactiq_guard::Masked;
use contactiq_store::{
    Writer, conversations,
    feedback::{self, Feedback},
    interactions,
    reports::{self, Filter},
};

use crate::{
    engines::Bench,
    samples::{NOW, begun, conversation, interrupt_unfinished, masked, record, started},
};

async fn play(
    w: &mut Writer,
    bench: &Bench,
    mode: Mode,
    change: impl FnOnce(&mut Record<Masked>),
) -> Record<Masked> {
    let mut own = conversation(&bench.ids);
    own.mode = mode;
    conversations::create(w, &own).await.unwrap();
    let mut next = record(&started(&bench.ids, &own));
    change(&mut next);
    if next.outcome == Outcome::Escalated {
        next.trigger.get_or_insert(Trigger::LowConfidence);
    }
    interactions::complete(w, &next).await.unwrap();
    next
}

fn probability(value: f64) -> Probability {
    Probability::new(value).unwrap()
}

on_both_engines! {
    async fn an_empty_ledger_has_no_rates(bench) {
        let report = reports::report(&mut *bench.read().await, &Filter::default()).await.unwrap();
        assert_eq!(report.totals, reports::Totals::default());
        assert_eq!((report.totals.containment(), report.totals.escalation()), (None, None));
        assert!(report.intents.is_empty() && report.modes.is_empty() && report.trend.is_empty());
        assert_eq!(report.latency, reports::Latency::default());
        assert_eq!(report.cost, reports::Cost::default());
    }

    async fn every_figure_comes_from_the_ledger(bench) {
        let mut w = bench.write().await;
        // 100 resolved answers take 1 to 100 ms; confidences fall into the two highest bins.
        let mut first = None;
        for n in 1..=100 {
            let told = play(&mut w, bench, Mode::Customer, |r| {
                r.processing_time_ms = f64::from(n);
                r.confidence = probability(if n <= 60 { 0.85 } else { 1.0 });
            })
            .await;
            first.get_or_insert(told);
        }
        let day = Timestamp::from_micros(NOW.micros() + 86_400_000_000);
        for (trigger, intent, category) in [
            (Trigger::SecurityFraud, "fraud_alert", Category::HumanOnly),
            (Trigger::SecurityFraud, "fraud_alert", Category::HumanOnly),
            (Trigger::LowConfidence, "policy_lookup", Category::Automatable),
        ] {
            play(&mut w, bench, Mode::Banker, |r| {
                r.outcome = Outcome::Escalated;
                r.trigger = Some(trigger);
                r.intent = IntentName::new(intent).unwrap();
                r.category = category;
                let asked = category == Category::Automatable;
                r.routing = if asked { Routing::Answer } else { Routing::Escalate };
                r.confidence = if asked { probability(0.25) } else { Probability::ZERO };
                r.created_at = day;
                r.processing_time_ms = 50.0;
            })
            .await;
        }
        for outcome in [Outcome::Guided, Outcome::Guided, Outcome::Blocked, Outcome::Failed] {
            play(&mut w, bench, Mode::Customer, |r| {
                r.outcome = outcome;
                r.routing = Routing::Guide;
                r.intent = IntentName::new("greeting").unwrap();
                r.processing_time_ms = 50.0;
            })
            .await;
        }
        let unfinished = begun(&mut w, &bench.ids).await;
        let mut lost = started(&bench.ids, &unfinished);
        lost.created_at = NOW.plus_seconds(-999);
        interactions::start(&mut w, &lost).await.unwrap();
        interactions::start(&mut w, &started(&bench.ids, &unfinished)).await.unwrap();
        interrupt_unfinished(&mut w, NOW).await;
        let first = first.unwrap();
        for (subject, helpful, problem) in
            [("a", Some(true), None), ("b", Some(true), None), ("c", Some(false), Some("wrong")), ("d", None, Some("odd"))]
        {
            let said = Feedback {
                id: FeedbackId::new(&bench.ids),
                interaction: first.id,
                subject: subject.into(),
                helpful,
                problem: problem.map(masked),
                created_at: NOW,
            };
            feedback::save(&mut w, &said).await.unwrap();
        }
        w.save().await.unwrap();

        let report = reports::report(&mut *bench.read().await, &Filter::default()).await.unwrap();
        let totals = report.totals;
        assert_eq!((totals.interactions, totals.conversations), (108, 108));
        assert_eq!((totals.resolved, totals.guided, totals.escalated), (100, 2, 3));
        assert_eq!((totals.blocked, totals.failed, totals.interrupted), (1, 1, 1));
        assert_eq!(totals.containment(), Some(100.0 / 105.0));
        assert_eq!(totals.escalation(), Some(3.0 / 105.0));

        let modes: Vec<_> = report.modes.iter().map(|m| (m.mode, m.interactions, m.conversations)).collect();
        assert_eq!(modes, [(Mode::Banker, 3, 3), (Mode::Customer, 105, 105)]);

        let intents: Vec<_> =
            report.intents.iter().map(|i| (i.intent.as_str(), i.interactions, i.resolved, i.escalated)).collect();
        assert_eq!(
            intents,
            [("fee_inquiry", 100, 100, 0), ("greeting", 4, 0, 0), ("fraud_alert", 2, 0, 2), ("policy_lookup", 1, 0, 1)]
        );
        assert_eq!(report.intents[2].resolution, None, "nobody expects an answer there");
        assert_eq!(report.intents[2].confidence, None);
        assert!((report.intents[0].confidence.unwrap() - 0.91).abs() < 1e-9);
        let triggers: Vec<_> = report.triggers.iter().map(|t| (t.trigger, t.escalations)).collect();
        assert_eq!(triggers, [(Trigger::SecurityFraud, 2), (Trigger::LowConfidence, 1)]);
        assert_eq!(report.confidence, [0, 0, 1, 0, 0, 0, 0, 0, 60, 40]);

        assert_eq!((report.latency.p50, report.latency.p95, report.latency.p99), (50.0, 95.0, 99.0));
        assert!((report.latency.average - (5050.0 + 350.0) / 107.0).abs() < 1e-9);
        assert_eq!((report.cost.total_nano_usd, report.cost.tokens_input), (107 * 1_500, 107 * 120));
        assert_eq!(report.cost.tokens_output, 107 * 40);
        assert!((report.cost.average_nano_usd - 107.0 * 1_500.0 / 108.0).abs() < 1e-9);
        let said = report.feedback;
        assert_eq!((said.helpful, said.unhelpful, said.problems), (2, 1, 2));
        let trend: Vec<_> =
            report.trend.iter().map(|d| (d.day.to_string(), d.interactions, d.resolved, d.escalated)).collect();
        assert_eq!(
            trend,
            [
                ("1970-01-10T00:00:00Z".into(), 1, 0, 0),
                ("1970-01-11T00:00:00Z".into(), 104, 100, 0),
                ("1970-01-12T00:00:00Z".into(), 3, 0, 3),
            ]
        );
    }

    async fn a_filter_limits_every_figure(bench) {
        let mut w = bench.write().await;
        play(&mut w, bench, Mode::Customer, |_| {}).await;
        play(&mut w, bench, Mode::Banker, |r| r.outcome = Outcome::Escalated).await;
        play(&mut w, bench, Mode::Customer, |r| r.demo = true).await;
        play(&mut w, bench, Mode::Customer, |r| r.created_at = NOW.plus_seconds(60)).await;
        let all = Filter { demo: true, ..Filter::default() };
        for (filter, interactions) in [
            (all, 4),
            (Filter::default(), 3),
            (Filter { mode: Some(Mode::Banker), ..all }, 1),
            (Filter { since: Some(NOW.plus_seconds(60)), ..all }, 1),
            (Filter { until: Some(NOW.plus_seconds(60)), ..all }, 3),
            (Filter { since: Some(NOW), until: Some(NOW), ..all }, 0),
        ] {
            let report = reports::report(&mut w, &filter).await.unwrap();
            assert_eq!(report.totals.interactions, interactions, "{filter:?}");
            assert_eq!(report.modes.iter().map(|m| m.interactions).sum::<u64>(), interactions);
            assert_eq!(report.intents.iter().map(|i| i.interactions).sum::<u64>(), interactions);
            assert_eq!(report.confidence.iter().sum::<u64>(), interactions);
            assert_eq!(report.trend.iter().map(|d| d.interactions).sum::<u64>(), interactions);
            assert_eq!(report.cost.total_nano_usd, interactions as i64 * 1_500);
        }
    }

    async fn the_latest_scored_interactions_come_first_and_others_not_at_all(bench) {
        let mut w = bench.write().await;
        for (n, sure) in [(0, 0.9), (1, 0.5), (2, 1.0)] {
            play(&mut w, bench, Mode::Customer, |r| {
                r.created_at = NOW.plus_seconds(n);
                r.confidence = probability(sure);
            })
            .await;
        }
        // Withheld answers count as well as shown ones.
        play(&mut w, bench, Mode::Customer, |r| {
            r.created_at = NOW.plus_seconds(3);
            r.confidence = probability(0.2);
            r.intent = IntentName::new("card_limits").unwrap();
            r.outcome = Outcome::Escalated;
        })
        .await;
        play(&mut w, bench, Mode::Banker, |_| {}).await;
        play(&mut w, bench, Mode::Customer, |r| r.demo = true).await;
        play(&mut w, bench, Mode::Customer, |r| r.confidence = Probability::ZERO).await;
        let lost = begun(&mut w, &bench.ids).await;
        interactions::start(&mut w, &started(&bench.ids, &lost)).await.unwrap();
        interrupt_unfinished(&mut w, NOW.plus_seconds(9)).await;

        let found = reports::latest_scored(&mut w, Mode::Customer, 500).await.unwrap();
        let sure: Vec<f64> = found.iter().map(|s| s.confidence.get()).collect();
        assert_eq!(sure, [0.2, 1.0, 0.5, 0.9]);
        assert_eq!((found[0].intent.as_str(), found[1].intent.as_str()), ("card_limits", "fee_inquiry"));
        assert_eq!(reports::latest_scored(&mut w, Mode::Customer, 2).await.unwrap(), found[..2]);
        assert_eq!(reports::latest_scored(&mut w, Mode::Banker, 500).await.unwrap().len(), 1);
    }
}
