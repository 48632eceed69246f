//! What language models cost, broken down.

use contactiq_domain::{
    Mode, Timestamp, Zone,
    interaction::{NanoUsd, Tokens},
};
use contactiq_store::{
    conversations,
    costs::{self, By, Cost, Filter},
    interactions, keys,
};

use crate::{
    engines::Bench,
    keys::key,
    samples::{NOW, conversation, record, started},
};

/// Five answers on two days at the bank, which are one in UTC.
async fn logged(bench: &Bench) {
    let mut w = bench.write().await;
    let shop = key(&bench.ids, "shop");
    keys::create(&mut w, &shop).await.unwrap();
    let evening = "1970-01-31T13:59:59Z".parse::<Timestamp>().unwrap();
    let night = evening.plus_seconds(1);
    for (at, mode, by, model, cost) in [
        (evening, Mode::Customer, Some(shop.id), "gpt", 100),
        (evening, Mode::Customer, None, "gpt", 20),
        (night, Mode::Banker, Some(shop.id), "gpt", 3),
        // Vectors alone: no model was asked.
        (night, Mode::Customer, Some(shop.id), "extractive", 4),
        (night, Mode::Banker, None, "extractive", 7),
    ] {
        let own = conversations::Conversation { mode, owner_key: by, ..conversation(&bench.ids) };
        conversations::create(&mut w, &own).await.unwrap();
        let mut made = record(&started(&bench.ids, &own));
        (made.created_at, made.completed_at) = (at, at);
        (made.model, made.cost_usd) = (model.into(), NanoUsd(cost));
        made.tokens = if cost != 4 { Tokens { input: 10, output: 2 } } else { Tokens::default() };
        interactions::complete(&mut w, &made).await.unwrap();
    }
    w.save().await.unwrap();
}

async fn by(bench: &Bench, by: By, filter: &Filter) -> Vec<(String, u64, u64, i64)> {
    let sydney = Zone::named("Australia/Sydney").unwrap();
    let lines = costs::broken_down(&mut *bench.read().await, by, filter, &sydney).await.unwrap();
    lines.into_iter().map(|(name, c)| (name, c.requests, c.calls, c.cost.0)).collect()
}

fn line(name: &str, requests: u64, calls: u64, cost: i64) -> (String, u64, u64, i64) {
    (name.to_owned(), requests, calls, cost)
}

on_both_engines! {
    async fn costs_are_told_by_day_month_assistant_model_and_key(bench) {
        logged(bench).await;
        let all = Filter::default();
        assert_eq!(by(bench, By::Day, &all).await, [line("1970-01-31", 2, 2, 120), line("1970-02-01", 3, 2, 14)]);
        assert_eq!(by(bench, By::Month, &all).await, [line("1970-01", 2, 2, 120), line("1970-02", 3, 2, 14)]);
        assert_eq!(by(bench, By::Mode, &all).await, [line("customer", 3, 2, 124), line("banker", 2, 2, 10)]);
        assert_eq!(by(bench, By::Model, &all).await, [line("gpt", 3, 3, 123), line("extractive", 2, 1, 11)]);
        assert_eq!(by(bench, By::Key, &all).await, [line("shop", 3, 2, 107), line("-", 2, 2, 27)]);
        let total = costs::total(&mut *bench.read().await, &all).await.unwrap();
        let expected =
            Cost { requests: 5, calls: 4, tokens_input: 40, tokens_output: 8, cost: NanoUsd(134) };
        assert_eq!((total, total.average()), (expected, Some(NanoUsd(26))));

        let of_bankers = Filter { mode: Some(Mode::Banker), ..all };
        assert_eq!(by(bench, By::Key, &of_bankers).await, [line("-", 1, 1, 7), line("shop", 1, 1, 3)]);
        let until = Some("1970-01-31T14:00:00Z".parse().unwrap());
        assert_eq!(by(bench, By::Mode, &Filter { until, ..all }).await, [line("customer", 2, 2, 120)]);
        let none = Filter { until: Some(NOW), ..all };
        assert!(by(bench, By::Model, &none).await.is_empty());
        let total = costs::total(&mut *bench.read().await, &none).await.unwrap();
        assert_eq!((total, total.average()), (Cost::default(), None));
    }
}
