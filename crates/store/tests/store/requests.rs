//! The queue of requests, against a real Redis.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use contactiq_domain::ids::{CountingIds, InteractionId};
use contactiq_store::requests::{HEARTBEAT, OF_ONE_SESSION, Reply, Requests, SILENT, Taken, Word};

use crate::queue::redis;

static IDS: LazyLock<CountingIds> = LazyLock::new(CountingIds::default);

/// Processes with a queue of their own.
fn processes<const N: usize>(names: [&str; N]) -> [Requests; N] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let namespace = format!("requests_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    names.map(|name| {
        // What is tested is not how fast this machine is.
        let requests = Requests::connect(&redis(), &namespace, name.to_owned()).unwrap();
        requests.with_patience(Duration::from_secs(10))
    })
}

const MINUTE: Duration = Duration::from_secs(60);

async fn hand(gateway: &Requests, priority: usize, question: &str) -> InteractionId {
    let id = InteractionId::new(&*IDS);
    // A gateway looks at the clock when it counts workers.
    gateway.workers().await.unwrap();
    gateway.hand((priority, ""), id, question.as_bytes(), MINUTE).await.unwrap();
    id
}

async fn hand_of(gateway: &Requests, session: &str, priority: usize, question: &str) {
    gateway.workers().await.unwrap();
    let id = InteractionId::new(&*IDS);
    gateway.hand((priority, session), id, question.as_bytes(), MINUTE).await.unwrap();
}

fn questions(taken: &[Taken]) -> Vec<String> {
    taken.iter().map(|t| String::from_utf8(t.bytes.clone()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_urgent_are_given_first_and_the_gateway_hears_what_became_of_each() {
    let [gateway, worker, other] = processes(["gateway", "worker", "other"]);
    let bulk = hand(&gateway, 2, "bulk").await;
    let ordinary = hand(&gateway, 1, "ordinary").await;
    let urgent = hand(&gateway, 0, "urgent").await;
    assert_eq!(gateway.depth().await.unwrap(), [1, 1, 1]);
    let taken = worker.take(2).await.unwrap();
    assert_eq!(questions(&taken), ["urgent", "ordinary"]);
    assert!(taken.iter().all(|t| t.deliveries == 1 && worker.is_hopeless(t).is_none()));
    let rest = other.take(5).await.unwrap();
    assert_eq!(questions(&rest), ["bulk"]);
    worker.answered(&taken[0], Word::Done).await.unwrap();
    worker.answered(&taken[1], Word::Returned).await.unwrap();
    other.answered(&rest[0], Word::Failed).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.extend(gateway.replies().await.unwrap());
    }
    assert_eq!(
        heard,
        [
            (urgent, Reply::Word(Word::Done)),
            (ordinary, Reply::Word(Word::Returned)),
            (bulk, Reply::Word(Word::Failed))
        ]
    );
    assert_eq!(gateway.depth().await.unwrap(), [0, 0, 0]);
    assert!(worker.take(5).await.unwrap().is_empty() && gateway.replies().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_tells_on_the_way_comes_in_order_and_before_its_last_word() {
    let [gateway, worker] = processes(["gateway", "worker"]);
    let asked = hand(&gateway, 1, "what?").await;
    let taken = worker.take(1).await.unwrap().pop().unwrap();
    for what in ["{\"a\": \"one two\"}", "said", "done"] {
        worker.say(&taken, what).await.unwrap();
    }
    assert!(!worker.is_left_off(asked).await.unwrap());
    gateway.leave_off(asked).await.unwrap();
    assert!(worker.is_left_off(asked).await.unwrap());
    worker.answered(&taken, Word::Left).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 4 {
        heard.extend(gateway.replies().await.unwrap());
    }
    assert!(heard.iter().all(|(interaction, _)| *interaction == asked));
    let said: Vec<_> = heard.iter().map(|(_, reply)| reply.clone()).collect();
    let [Reply::Said { attempt, what }, rest @ .., last] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!((what.as_str(), last), ("{\"a\": \"one two\"}", &Reply::Word(Word::Left)));
    let of = |what: &str| Reply::Said { attempt: attempt.clone(), what: what.to_owned() };
    assert_eq!(rest, [of("said"), of("done")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_falls_silent_loses_its_questions_and_one_that_speaks_does_not() {
    let [gateway, dead, alive, heir] = processes(["gateway", "dead", "alive", "heir"]);
    // Many that are worked on stand before those of the dead one.
    for n in 0..40 {
        hand(&gateway, 1, &format!("held {n}")).await;
    }
    let held = alive.take(40).await.unwrap();
    assert_eq!(held.len(), 40);
    for n in 0..5 {
        hand(&gateway, 1, &format!("left {n}")).await;
    }
    assert_eq!(dead.take(5).await.unwrap().len(), 5);
    let until = tokio::time::Instant::now() + SILENT + Duration::from_millis(200);
    while tokio::time::Instant::now() < until {
        alive.hold(&held, true).await.unwrap();
        tokio::time::sleep(HEARTBEAT / 2).await;
    }
    assert_eq!(gateway.workers().await.unwrap(), 1, "the dead one never said that it lives");
    let mut over = heir.take_over(2, &[]).await.unwrap();
    assert_eq!(over.len(), 2, "as many as asked for, from behind forty");
    over.extend(heir.take_over(10, &over).await.unwrap());
    let mut found = questions(&over);
    found.sort();
    assert_eq!(found, ["left 0", "left 1", "left 2", "left 3", "left 4"]);
    assert!(over.iter().all(|t| t.deliveries == 2));
    assert!(alive.take_over(10, &held).await.unwrap().is_empty(), "the heir holds them now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_nothing_over_from_itself_that_it_works_on() {
    let [gateway, worker] = processes(["gateway", "worker"]);
    hand(&gateway, 1, "worked on").await;
    hand(&gateway, 1, "forgotten").await;
    let taken = worker.take(2).await.unwrap();
    // It could not speak for a while, and one question found no place for its record.
    tokio::time::sleep(SILENT + Duration::from_millis(100)).await;
    let again = worker.take_over(10, &taken[..1]).await.unwrap();
    assert_eq!(questions(&again), ["forgotten"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_workers_die_of_or_nobody_takes_in_time_is_given_up() {
    let [gateway, worker] = processes(["gateway", "worker"]);
    hand(&gateway, 1, "poison").await;
    let mut taken = worker.take(1).await.unwrap();
    for deliveries in 2..=4 {
        tokio::time::sleep(SILENT + Duration::from_millis(50)).await;
        assert_eq!(worker.is_hopeless(&taken[0]), None);
        taken = worker.take_over(1, &[]).await.unwrap();
        assert_eq!(taken[0].deliveries, deliveries);
    }
    assert_eq!(worker.is_hopeless(&taken[0]), Some(Word::Failed), "three died of it");

    let id = InteractionId::new(&*IDS);
    gateway.hand((0, ""), id, b"short", Duration::from_millis(300)).await.unwrap();
    let short = worker.take(1).await.unwrap();
    worker.hold(&short, true).await.unwrap();
    assert_eq!(worker.is_hopeless(&short[0]), None);
    let left = worker.left(&short[0]).unwrap();
    assert!(left <= Duration::from_millis(300), "no more than its gateway had left: {left:?}");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(worker.is_hopeless(&short[0]), Some(Word::Late));
    assert_eq!(worker.left(&short[0]), Some(Duration::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_counted_no_more_while_it_still_works() {
    let [gateway, worker] = processes(["gateway", "worker"]);
    hand(&gateway, 1, "last").await;
    let last = worker.take(1).await.unwrap();
    worker.hold(&last, true).await.unwrap();
    assert_eq!(gateway.workers().await.unwrap(), 1);
    worker.leave().await.unwrap();
    worker.hold(&last, false).await.unwrap();
    assert_eq!(gateway.workers().await.unwrap(), 0);
    worker.answered(&last[0], Word::Done).await.unwrap();
    assert_eq!(gateway.replies().await.unwrap(), [(last[0].interaction, Reply::Word(Word::Done))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_much_at_two_gateways_keeps_nobody_else_waiting() {
    let [one, other, worker] = processes(["one", "other", "worker"]);
    for n in 0..OF_ONE_SESSION + 2 {
        let gateway = if n % 2 == 0 { &one } else { &other };
        hand_of(gateway, "much", 1, &format!("much {n}")).await;
    }
    hand_of(&other, "little", 1, "little").await;
    hand_of(&other, "much", 0, "in need").await;
    let taken = worker.take(OF_ONE_SESSION + 2).await.unwrap();
    let first = ["in need", "much 0", "much 1", "much 2", "much 3", "little"];
    assert_eq!(questions(&taken), first);
    for question in &taken[..3] {
        worker.answered(question, Word::Done).await.unwrap();
    }
    assert_eq!(questions(&worker.take(10).await.unwrap()), ["much 4", "much 5"], "none is forgotten");
    // Two of its own are under way at the others' place, and two behind: the answered ones count no more.
    hand_of(&one, "much", 1, "too much").await;
    assert_eq!(one.depth().await.unwrap()[2], 3, "it has four under way");
    for question in &taken[3..5] {
        worker.answered(question, Word::Done).await.unwrap();
    }
    hand_of(&one, "much", 1, "no more too much").await;
    assert_eq!(one.depth().await.unwrap()[2], 3, "it goes before the bulk again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_ends_some_day_under_a_load_that_never_ends() {
    let [gateway, worker] = processes(["gateway", "worker"]);
    hand(&gateway, 2, "bulk").await;
    let mut order = Vec::new();
    for n in 0..10 {
        hand(&gateway, 1, &format!("ordinary {n}")).await;
        hand(&gateway, 1, &format!("and {n}")).await;
        let taken = worker.take(1).await.unwrap();
        order.extend(questions(&taken));
        worker.answered(&taken[0], Word::Done).await.unwrap();
    }
    let at = order.iter().position(|question| question == "bulk");
    assert_eq!(at, Some(7), "one in eight: {order:?}");
}
