//! The rows of the targets that this command does not measure, so that its table is never silently
//! shorter than the promise: each with its target and where its figure comes from.

use super::Figure;

/// Row, measure, target, where its figure comes from today.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    (
        "U1",
        "BANKING77 accuracy, full training set, official test",
        "≥ 95.0 %",
        "give --data; the test part: `intents bench`",
    ),
    ("U2", "the same, 10 examples an intent", "≥ 89 %", "give --data"),
    ("U3", "near out-of-scope, 35 intents in and 42 held out, AUROC", "≥ 0.960", "give --data"),
    (
        "U4",
        "far out-of-scope AUROC and share of other in-scope questions accepted",
        "≥ 0.995, ≥ 95 %",
        "give --data",
    ),
    ("U5", "calibration error, 15 bins", "≤ 0.010", "give --data"),
    ("U6", "coverage at 2 % and 5 % selective error", "≥ 92 %, ≥ 99.5 %", "give --data"),
    (
        "U7",
        "intent, category, human_only recall on unseen bank questions",
        "92 %, 99 %, 100 %",
        "hidden set; own rows stand in",
    ),
    (
        "U8",
        "FAQ answers by their question: R@1, R@5, MRR@10",
        "58, 82, 0.68",
        "hidden set; not measured here",
    ),
    ("U9", "retrieval by paraphrase: R@1, R@5, MRR@10", "78, 93, 0.84", "hidden set; another bank stands in"),
    (
        "U10",
        "passages of real bank pages: R@1, R@5, MRR@10",
        "60, 87, 0.70",
        "hidden set; another bank stands in",
    ),
    ("U12", "bound on answered though a person was needed", "mean ≤ alpha; ≤ 5 % above", "give --labelled"),
    (
        "U13",
        "encode 16 tokens, one thread, p50; classifier; cached",
        "0.6 ms; 0.3 ms; 20 µs",
        "`contactiq bench`",
    ),
    (
        "U14",
        "retrieval over 100,000 passages, p99; recall@10",
        "5 ms; 0.98",
        "`contactiq bench --passages 100000`",
    ),
    (
        "U15",
        "eleven triggers: recall, right trigger, needless",
        "97 %, 90 %, 4 %",
        "hidden set; own rows stand in",
    ),
    (
        "U16",
        "a bank never seen: right, wrong, right document, escalated",
        "85, 2, 97, 95 %",
        "hidden set; own rows stand in",
    ),
    ("G1", "personal data, span F1 and exact F1", "≥ 0.94, ≥ 0.90", "give --data"),
    ("G2", "messages in which personal data survives", "≤ 6 %", "give --data"),
    ("G3", "recall by type", "by type", "give --data"),
    ("G4", "false alarms; on BANKING77", "≤ 2 %, ≤ 0.2 %", "give --data"),
    ("G5", "public synthetic set: leak rate, person, address", "15 %, .88, .90", "`make bench-guard`"),
    (
        "G6",
        "messages a second and core against Presidio",
        "150 ×; 1,000 × rules; p99 0.5 ms",
        "`make bench-guard`; own time: `contactiq bench`",
    ),
    ("G7", "prompt injection AUROC, recall at 1 %", "≥ 0.995, ≥ 95 %", "give --data"),
    ("G8", "false alarms; on hard negatives", "≤ 0.1 %, ≤ 1.5 %", "give --data"),
    ("G10", "guard time a message, p99", "1 ms", "`contactiq bench` (p50)"),
    ("R1", "answers missing or doubled in the record after kills", "0 and 0", "`make crash-test`"),
    ("R2", "requests that fail when a worker is killed", "0", "`make crash-test`"),
    (
        "R3",
        "answers go on with PostgreSQL, Redis, disk or model away",
        "5 minutes, p99 ≤ 1.1 ×",
        "`make outage`",
    ),
    ("R4", "budget overspend under 200 requests at the limit", "0", "tests (`it/budgets.rs`)"),
    ("R5", "canaries in logs; at rest; missed by provider requests", "0; 0; 0", "`make canaries`"),
    ("R6", "crashes and 5xx in an hour of fuzzing each", "0", "`make fuzz`, `make schemathesis`"),
    ("R7", "memory growth in an hour of soak", "< 2 %", "not measured yet"),
    ("R8", "line coverage", "90 %, guard and ledger 95 %", "`make coverage`"),
    (
        "S1",
        "time added to a model call, against LiteLLM",
        "a third, 8 × throughput; 1 and 5 ms cached",
        "`make bench-gateway`",
    ),
    ("S2", "answers a second, 100 users", "800, cached 4,000; p99 300, 80 ms", "`scripts/bench-users.sh`"),
    ("S3", "first sentence after the provider's last byte of it", "10 ms p50", "`make bench-gateway`"),
    ("S4", "100 users for 10 minutes", "0 errors, p95 < 1 s", "`scripts/bench-users.sh 20 10`"),
    ("S5", "start to ready with 10,000 passages; memory", "1 s; 250 MB; 400 MB", "not measured yet"),
    ("S6", "ingestion, passages of 128 tokens", "250 a second", "`contactiq bench`"),
    (
        "S7",
        "durable records a second; drained to PostgreSQL",
        "10,000; 5,000",
        "`contactiq bench --records 20000`, with `--drain-to URL`",
    ),
    (
        "S8",
        "cold build for `make run` on 2 cores; rebuild in dev after a change in `server`",
        "7 minutes; 15 s",
        "by hand: `time cargo build --release --locked` in a fresh clone",
    ),
];

/// The order of the parts, own rows first.
fn place(id: &str) -> (usize, u32) {
    let part = ["o", "U", "G", "R", "S"].iter().position(|p| id.starts_with(p)).unwrap_or(0);
    (part, id[1..].parse().unwrap_or(0))
}

/// Adds the rows that were not measured, and puts all in the targets' order.
pub(super) fn complete(mut figures: Vec<Figure>) -> Vec<Figure> {
    for (id, measure, target, place) in ELSEWHERE {
        if !figures.iter().any(|f| f.id == *id) {
            figures.push(Figure {
                id,
                measure: (*measure).to_owned(),
                target: (*target).to_owned(),
                now: (*place).to_owned(),
                reached: None,
                gate: false,
            });
        }
    }
    figures.sort_by_key(|f| place(f.id));
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_targets_is_printed_once_and_in_order() {
        let measured =
            vec![Figure::number("G1", "f1", 0.9, 0.94), Figure::at_least("own", "documents", 0.9, 0.9)];
        let all = complete(measured);
        let ids: Vec<&str> = all.iter().map(|f| f.id).collect();
        assert_eq!(ids[0], "own");
        for (part, last) in [("U", 16), ("G", 10), ("R", 8), ("S", 8)] {
            for number in 1..=last {
                let id = format!("{part}{number}");
                // U11 comes from the project's own questions, G9 from its attacks, which always run.
                let expected = usize::from(id != "U11" && id != "G9");
                assert_eq!(ids.iter().filter(|i| **i == id).count(), expected, "{id}");
            }
        }
        assert!(ids.windows(2).all(|w| place(w[0]) <= place(w[1])));
    }
}
