//! Budgets: what is reserved, settled, given back and refused, by one process and by several.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use contactiq_domain::{
    Budget, Mode, Period, Scope, Spender, Timestamp, Zone,
    clock::FixedClock,
    ids::{CountingIds, KeyId},
    interaction::NanoUsd,
};
use contactiq_store::{
    Budgets, Store,
    budgets::{BudgetSettings, Crossing, Level, Outstanding, Refused, outstanding, standing},
    conversations, interactions,
    keys::{self, ApiKey},
};
use tokio::task::JoinSet;

use crate::{
    engines::Bench,
    keys::key,
    samples::{NOW, conversation, record, started},
};

const CUSTOMER: Spender = Spender::Question { mode: Mode::Customer, key: None };
const BANKER: Spender = Spender::Question { mode: Mode::Banker, key: None };
const LEASE: i64 = 100;

fn usd(amount: i64) -> NanoUsd {
    NanoUsd(amount)
}

fn a_day(amount: i64) -> Budget {
    Budget { day: Some(usd(amount)), month: None }
}

fn settings(all: Budget) -> BudgetSettings {
    BudgetSettings { all, lease: Duration::from_secs(LEASE as u64), ..BudgetSettings::none(Zone::utc()) }
}

struct Process {
    budgets: Budgets,
    clock: Arc<FixedClock>,
    told: Arc<Mutex<Vec<Crossing>>>,
}

/// Ids are given by one source, as two processes never give the same.
fn process(store: &Store, ids: &Arc<CountingIds>, settings: BudgetSettings) -> Process {
    let (clock, told) = (Arc::new(FixedClock::at(NOW)), Arc::new(Mutex::new(Vec::new())));
    let heard = Arc::clone(&told);
    let hook = Arc::new(move |crossing: &Crossing| heard.lock().unwrap().push(crossing.clone()));
    let own: Arc<CountingIds> = Arc::clone(ids);
    Process { budgets: Budgets::new(store.clone(), settings, clock.clone(), own, hook), clock, told }
}

fn one(bench: &Bench, all: Budget) -> Process {
    process(&bench.store, &Arc::default(), settings(all))
}

/// Spent and reserved of a scope.
async fn purse(store: &Store, of: &Budgets, now: Timestamp, scope: Scope, period: Period) -> (i64, i64) {
    of.flush().await;
    let all = standing(&mut store.read().await.unwrap(), of.settings(), now).await.unwrap();
    let found = all.iter().find(|s| s.scope == scope && s.period == period).unwrap();
    (found.spent.0, found.reserved.0)
}

async fn day(bench: &Bench, of: &Budgets, scope: Scope) -> (i64, i64) {
    purse(&bench.store, of, NOW, scope, Period::Day).await
}

async fn open(bench: &Bench) -> Outstanding {
    outstanding(&mut *bench.read().await).await.unwrap()
}

async fn kept_key(bench: &Bench, budget: Budget) -> KeyId {
    let mut w = bench.write().await;
    let made = ApiKey { budget, ..key(&bench.ids, "shop") };
    keys::create(&mut w, &made).await.unwrap();
    w.save().await.unwrap();
    made.id
}

on_both_engines! {
    async fn a_call_is_reserved_settled_and_counted_for_everything_it_belongs_to(bench) {
        let Process { budgets, .. } = one(bench, a_day(100));
        let held = budgets.reserve(CUSTOMER, Some(usd(60))).await.unwrap();
        assert_eq!(held.amount(), Some(usd(60)));
        assert_eq!(day(bench, &budgets, Scope::All).await, (0, 60));
        let no_room = budgets.reserve(BANKER, Some(usd(41))).await.unwrap_err();
        assert_eq!(no_room, Refused::Held { scope: Scope::All, period: Period::Day });
        let beside = budgets.reserve(BANKER, Some(usd(40))).await.unwrap();
        assert_eq!(open(bench).await, Outstanding { reservations: 2, amount: usd(100) });
        held.settle(usd(25));
        beside.settle(usd(10));
        assert_eq!(day(bench, &budgets, Scope::All).await, (35, 0));
        assert_eq!(day(bench, &budgets, Scope::Mode(Mode::Customer)).await, (25, 0));
        assert_eq!(day(bench, &budgets, Scope::Mode(Mode::Banker)).await, (10, 0));
        assert_eq!(purse(&bench.store, &budgets, NOW, Scope::All, Period::Month).await, (35, 0));
        assert_eq!(open(bench).await, Outstanding::default());
        let used_up = budgets.reserve(BANKER, Some(usd(66))).await.unwrap_err();
        assert_eq!(used_up, Refused::UsedUp { scope: Scope::All, period: Period::Day });
        assert_eq!(used_up.to_string(), "the budget of a day (all) is used up");
        budgets.reserve(BANKER, Some(usd(65))).await.unwrap().settle(usd(65));
        assert_eq!(day(bench, &budgets, Scope::All).await, (100, 0));
    }

    async fn a_reservation_that_is_dropped_is_given_back(bench) {
        let Process { budgets, .. } = one(bench, a_day(100));
        drop(budgets.reserve(CUSTOMER, Some(usd(100))).await.unwrap());
        assert_eq!(day(bench, &budgets, Scope::All).await, (0, 0));
        // Whoever asks and does not wait holds nothing either.
        for _ in 0..20 {
            let asked = budgets.reserve(CUSTOMER, Some(usd(100)));
            let _left = tokio::time::timeout(Duration::from_micros(200), asked).await;
        }
        budgets.flush().await;
        assert_eq!(day(bench, &budgets, Scope::All).await, (0, 0));
        assert_eq!(open(bench).await, Outstanding::default());
    }

    async fn more_than_one_transaction_takes_is_settled_all_the_same(bench) {
        let Process { budgets, .. } = one(bench, a_day(10_000));
        let mut held = Vec::new();
        for _ in 0..6 {
            let mut asked: JoinSet<_> = JoinSet::new();
            for _ in 0..60 {
                let budgets = budgets.clone();
                asked.spawn(async move { budgets.reserve(CUSTOMER, Some(usd(20))).await });
            }
            held.extend(asked.join_all().await.into_iter().flatten());
        }
        assert!(held.len() > 300, "{}", held.len());
        let spent = held.len() as i64;
        held.into_iter().for_each(|held| held.settle(usd(1)));
        assert_eq!(day(bench, &budgets, Scope::All).await, (spent, 0));
    }

    async fn without_a_budget_nothing_is_reserved_and_all_is_counted(bench) {
        let Process { budgets, .. } = one(bench, Budget::default());
        for cost in [7, 0, 5] {
            let free = budgets.reserve(CUSTOMER, None).await.unwrap();
            assert_eq!((free.amount(), open(bench).await), (None, Outstanding::default()));
            free.settle(usd(cost));
        }
        budgets.reserve(Spender::Encoder, None).await.unwrap().settle(usd(3));
        assert_eq!(day(bench, &budgets, Scope::All).await, (15, 0));
        assert_eq!(day(bench, &budgets, Scope::Mode(Mode::Customer)).await, (12, 0));
        assert_eq!(day(bench, &budgets, Scope::Embeddings).await, (3, 0));
    }

    async fn a_model_without_a_price_is_refused_where_there_is_a_budget(bench) {
        let of_bankers = BudgetSettings { banker: a_day(5), ..settings(Budget::default()) };
        let Process { budgets, .. } = process(&bench.store, &Arc::default(), of_bankers);
        assert_eq!(budgets.reserve(BANKER, None).await.unwrap_err(), Refused::NoPrice);
        drop(budgets.reserve(CUSTOMER, None).await.unwrap());
        assert_eq!(
            budgets.reserve(BANKER, Some(usd(6))).await.unwrap_err(),
            Refused::UsedUp { scope: Scope::Mode(Mode::Banker), period: Period::Day }
        );
    }

    async fn a_key_has_a_budget_of_its_own(bench) {
        let id = kept_key(bench, a_day(10)).await;
        let Process { budgets, .. } = one(bench, Budget::default());
        let by_key = Spender::Question { mode: Mode::Banker, key: Some(id) };
        budgets.reserve(by_key, Some(usd(8))).await.unwrap().settle(usd(8));
        let refused = budgets.reserve(by_key, Some(usd(3))).await.unwrap_err();
        assert_eq!(refused, Refused::UsedUp { scope: Scope::Key(id), period: Period::Day });
        assert!(!refused.to_string().contains(&id.to_string()), "{refused}");
        drop(budgets.reserve(CUSTOMER, None).await.unwrap());
        assert_eq!(day(bench, &budgets, Scope::Key(id)).await, (8, 0));

        // It is read at each decision.
        let mut w = bench.write().await;
        keys::set_budget(&mut w, "shop", a_day(20)).await.unwrap();
        w.save().await.unwrap();
        budgets.reserve(by_key, Some(usd(12))).await.unwrap().settle(usd(12));
        let unknown = Spender::Question { mode: Mode::Banker, key: Some(KeyId::new(&bench.ids)) };
        assert_eq!(budgets.reserve(unknown, None).await.unwrap().amount(), None);
    }

    async fn the_lease_of_a_killed_process_ends_charged_and_a_late_word_corrects_it(bench) {
        let ids = Arc::default();
        let dead = process(&bench.store, &ids, settings(a_day(100)));
        let held = dead.budgets.reserve(CUSTOMER, Some(usd(70))).await.unwrap();
        let late = dead.budgets.reserve(CUSTOMER, Some(usd(20))).await.unwrap();
        std::mem::forget(held);
        let Process { budgets, clock, .. } = process(&bench.store, &ids, settings(a_day(100)));
        assert!(matches!(budgets.reserve(BANKER, Some(usd(11))).await, Err(Refused::Held { .. })));
        clock.advance_seconds(LEASE - 1);
        budgets.tidy().await.unwrap();
        assert_eq!(day(bench, &budgets, Scope::All).await, (0, 90));
        clock.advance_seconds(1);
        budgets.tidy().await.unwrap();
        budgets.tidy().await.unwrap();
        assert_eq!(day(bench, &budgets, Scope::All).await, (90, 0), "nobody knows what they cost");
        assert_eq!(open(bench).await, Outstanding::default());
        late.settle(usd(5));
        dead.budgets.flush().await;
        assert_eq!(day(bench, &budgets, Scope::All).await, (75, 0));
        clock.advance_seconds(2 * 86_400);
        budgets.tidy().await.unwrap();
        assert_eq!(day(bench, &budgets, Scope::All).await, (75, 0));
    }

    async fn days_and_months_begin_anew_and_a_call_belongs_to_the_day_it_began_on(bench) {
        let day_and_month = Budget { day: Some(usd(10)), month: Some(usd(25)) };
        let Process { budgets, clock, .. } = one(bench, day_and_month);
        budgets.reserve(CUSTOMER, Some(usd(10))).await.unwrap().settle(usd(9));
        let over_midnight = budgets.reserve(CUSTOMER, Some(usd(1))).await.unwrap();
        clock.advance_seconds(86_400);
        over_midnight.settle(usd(1));
        budgets.flush().await;
        assert_eq!(day(bench, &budgets, Scope::All).await, (10, 0));
        let next = NOW.plus_seconds(86_400);
        assert_eq!(purse(&bench.store, &budgets, next, Scope::All, Period::Day).await, (0, 0));
        budgets.reserve(CUSTOMER, Some(usd(10))).await.unwrap().settle(usd(10));
        clock.advance_seconds(86_400);
        let month = budgets.reserve(CUSTOMER, Some(usd(6))).await.unwrap_err();
        assert_eq!(month, Refused::UsedUp { scope: Scope::All, period: Period::Month });
        budgets.reserve(CUSTOMER, Some(usd(5))).await.unwrap().settle(usd(5));
        // 1970-02-01.
        clock.advance_seconds(20 * 86_400);
        drop(budgets.reserve(CUSTOMER, Some(usd(10))).await.unwrap());
    }

    async fn somebody_is_told_once_at_80_percent_and_once_when_it_is_used_up(bench) {
        let ids = Arc::default();
        let one = process(&bench.store, &ids, settings(a_day(100)));
        let other = process(&bench.store, &ids, settings(a_day(100)));
        for n in 0..9 {
            let of = if n % 2 == 0 { &one } else { &other };
            of.budgets.reserve(CUSTOMER, Some(usd(10))).await.unwrap().settle(usd(10));
            of.budgets.flush().await;
        }
        let told = || [&one, &other].map(|p| p.told.lock().unwrap().clone()).concat();
        let warned = Crossing {
            scope: Scope::All,
            period: Period::Day,
            name: "1970-01-11".into(),
            level: Level::Warned,
            spent: usd(80),
            budget: usd(100),
        };
        assert_eq!(told(), std::slice::from_ref(&warned));
        for of in [&one, &other, &one] {
            of.budgets.reserve(CUSTOMER, Some(usd(11))).await.unwrap_err();
        }
        assert_eq!(told().len(), 2);
        assert!(told().contains(&Crossing { level: Level::UsedUp, spent: usd(90), ..warned }), "{:?}", told());
        let all = standing(&mut *bench.read().await, one.budgets.settings(), NOW).await.unwrap();
        assert_eq!((all[0].used(), all[0].level()), (Some(0.9), Some(Level::UsedUp)));
        let raised = standing(&mut *bench.read().await, &settings(a_day(1_000)), NOW).await.unwrap();
        assert_eq!((raised[0].used(), raised[0].level()), (Some(0.09), None));
    }

    async fn what_was_logged_before_calls_were_counted_counts_too(bench) {
        let id = kept_key(bench, a_day(1_000)).await;
        let mut w = bench.write().await;
        for (at, mode, key, cost) in [
            (NOW.plus_micros(-9), Mode::Customer, Some(id), 30),
            (NOW.plus_micros(-9), Mode::Banker, None, 4),
            (NOW.plus_seconds(-2 * 86_400), Mode::Customer, None, 500),
            (NOW.plus_seconds(60), Mode::Customer, Some(id), 7_000),
        ] {
            let own = conversations::Conversation { mode, owner_key: key, ..conversation(&bench.ids) };
            conversations::create(&mut w, &own).await.unwrap();
            let mut made = record(&started(&bench.ids, &own));
            (made.created_at, made.completed_at, made.cost_usd) = (at, at, usd(cost));
            interactions::complete(&mut w, &made).await.unwrap();
        }
        w.save().await.unwrap();
        let Process { budgets, .. } = one(bench, a_day(100));
        let spender = Spender::Question { mode: Mode::Customer, key: Some(id) };
        budgets.reserve(spender, Some(usd(10))).await.unwrap().settle(usd(1));
        assert_eq!(day(bench, &budgets, Scope::All).await, (35, 0), "the last one was counted as it was made");
        assert_eq!(day(bench, &budgets, Scope::Mode(Mode::Customer)).await, (31, 0));
        assert_eq!(day(bench, &budgets, Scope::Mode(Mode::Banker)).await, (4, 0));
        assert_eq!(day(bench, &budgets, Scope::Key(id)).await, (31, 0));
        assert_eq!(purse(&bench.store, &budgets, NOW, Scope::All, Period::Month).await, (535, 0));
    }

    async fn replicas_together_spend_no_more_than_a_budget(bench) {
        const BUDGET: i64 = 1_000;
        let (ids, other) = (Arc::default(), bench.place.open().await.unwrap());
        let lease = Duration::from_secs(1_000_000);
        let of = BudgetSettings { customer: a_day(BUDGET - 1), lease, ..settings(a_day(BUDGET)) };
        let replicas = [&bench.store, &other].map(|store| process(store, &ids, of.clone()));
        let mut calls = JoinSet::new();
        for n in 0..200_i64 {
            let Process { budgets, clock, .. } = &replicas[n as usize % 2];
            let (budgets, clock) = (budgets.clone(), clock.clone());
            let spender = if n % 3 == 0 { BANKER } else { CUSTOMER };
            calls.spawn(async move {
                let (most, cost) = (20 + n % 7, 1 + n % 20);
                let held = loop {
                    match budgets.reserve(spender, Some(usd(most))).await {
                        Ok(held) => break held,
                        // This machine is slow, and what is tested is no patience.
                        Err(Refused::Away) => clock.advance_seconds(6),
                        Err(Refused::Held { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                        Err(Refused::UsedUp { .. } | Refused::NoPrice) => return 0,
                    }
                };
                tokio::time::sleep(Duration::from_millis(n as u64 % 5)).await;
                match n % 10 {
                    0 => return 0,
                    1 => held.settle(usd(most)),
                    _ => held.settle(usd(cost)),
                }
                if n % 10 == 1 { most } else { cost }
            });
        }
        let spent: i64 = calls.join_all().await.into_iter().sum();
        for replica in &replicas {
            replica.budgets.flush().await;
        }
        assert_eq!(day(bench, &replicas[0].budgets, Scope::All).await, (spent, 0));
        assert!(spent <= BUDGET, "{spent}");
        assert!(spent > BUDGET - 30, "it is used to its end: {spent}");
        assert_eq!(open(bench).await, Outstanding::default());
        other.close().await;
    }

    async fn while_the_database_is_away_nothing_is_admitted_where_a_budget_counts(bench) {
        let Process { budgets, .. } = one(bench, a_day(100));
        let held = budgets.reserve(CUSTOMER, Some(usd(1))).await.unwrap();
        let free = BudgetSettings { banker: a_day(100), ..settings(Budget::default()) };
        let without = process(&bench.store, &Arc::default(), free).budgets;
        bench.store.close().await;
        for _ in 0..5 {
            assert_eq!(budgets.reserve(CUSTOMER, Some(usd(1))).await.unwrap_err(), Refused::Away);
        }
        without.reserve(CUSTOMER, Some(usd(1))).await.unwrap().settle(usd(1));
        held.settle(usd(1));
        budgets.flush().await;
    }
}
