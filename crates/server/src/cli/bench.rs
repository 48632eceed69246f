//! `contactiq bench`: how long the parts take on this machine, in one run, so that they can be
//! compared with each other. Questions come from the demo's traffic; the ledger is a scratch one.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use contactiq_domain::{Clock, Mode, Role};
use contactiq_guard::{Guard, Raw};
use contactiq_nlu::encoder::{Encoder, Kernel, KernelChoice, MiniLm};
use contactiq_pipeline::{Filter, Sought, TextTriggers, search};

use super::{
    Outcome, ask, bench_audit, bench_ledger, bench_search, bench_users, eval, output, scratch::Scratch,
};
use crate::{app, config::Config, demo, wiring::SystemClock};

/// Options of `bench`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Questions to measure with, 1 to 320.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=320))]
    questions: u32,
    /// Measure retrieval and the survey for conflicts over so many made passages too, for instance 100000.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    passages: u32,
    /// Measure so many records written by 256 writers at once too, in groups and each for itself; nothing else
    /// is measured then.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    records: u32,
    /// Measure with `--records` how fast they are queued in Redis and written from there into this database of
    /// PostgreSQL, which must be an empty one.
    #[arg(long, requires = "records", value_name = "URL")]
    drain_to: Option<String>,
    /// Measure writing, exporting and verifying an audit log of so many entries; nothing else is measured then.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    audit: u32,
    #[command(flatten)]
    users: bench_users::Users,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
pub(super) struct Timing {
    what: String,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    a_second: f64,
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    if let Some(url) = &args.users.against {
        return bench_users::run(url, &args.users, args.json).await;
    }
    let mut scratch = Scratch::beside(&config)?;
    if let Some(url) = &args.drain_to {
        return bench_ledger::drain(&config, url, args.records as usize, args.json).await;
    }
    if args.audit > 0 {
        return bench_audit::run(&scratch.config, args.audit as usize, args.json).await;
    }
    if args.records > 0 {
        return bench_ledger::run(&scratch.config, args.records as usize, args.json).await;
    }
    scratch.config.limits.remembered_answers = args.questions as usize;
    let house = eval::house(&scratch.config).await?;
    let questions: Vec<String> = demo::traffic()
        .into_iter()
        .filter(|l| l.mode == Mode::Customer)
        .take(args.questions as usize)
        .map(|l| l.question)
        .collect();
    let mut found = Vec::new();

    let guard = Guard::new(app::guard_settings(&config)?);
    found.push(timed("guard: mask, injection, moderation", &questions, |q| {
        drop(guard.inspect(&Raw::new(q)));
    }));
    let vectors: Vec<Option<Vec<f32>>> = match &house.encoder {
        Some(encoder) => {
            let mut vectors = Vec::new();
            found.push(timed("encoder: a new utterance, one thread", &questions, |q| {
                vectors.push(encoder.encode(&[q]).ok().and_then(|mut v| v.pop()));
            }));
            found.push(timed("encoder: the same utterance again, cached", &questions, |q| {
                drop(encoder.encode(&[q]))
            }));
            vectors
        }
        None => vec![None; questions.len()],
    };
    found.extend(kernels(&scratch.config));
    let mut at = vectors.iter();
    found.push(timed("intent: classify beside the encoder", &questions, |q| {
        drop(house.models.intent(Mode::Customer, q, at.next().and_then(Option::as_deref)));
    }));
    let mut at = vectors.iter();
    let triggers = TextTriggers { rules: &house.rules, models: &house.models };
    found.push(timed("triggers: patterns and learned", &questions, |q| {
        drop(triggers.read(q, at.next().and_then(Option::as_deref)));
    }));
    let knowledge = house.shelf.current();
    let filter = Filter {
        collections: Mode::Customer.collections(),
        role: Role::Customer,
        day: SystemClock.now().date(),
        product: None,
    };
    let mut at = vectors.iter();
    found.push(timed("search: the best 8 passages", &questions, |q| {
        let sought = Sought { text: q, vector: at.next().and_then(Option::as_deref), k: 8 };
        drop(search(&knowledge, &filter, &sought));
    }));

    if args.passages > 0 {
        found.push(bench_search::survey(&knowledge, args.passages as usize));
        match bench_search::large(&knowledge, args.passages as usize, &questions, &vectors)? {
            Some(large) => {
                found.extend(large.timings);
                output::note(format!(
                    "recall at 10 of the large index against the exact search: {:.4}",
                    large.recall
                ));
            }
            None => output::note("a large index needs the encoder: it was not measured"),
        }
    }

    for what in
        ["answer: all seven steps, recorded durably twice", "answer: the same questions again, remembered"]
    {
        let mut times = Vec::new();
        for question in &questions {
            let since = Instant::now();
            drop(ask::ask(&house, Mode::Customer, Raw::new(question.clone()), None).await);
            times.push(since.elapsed());
        }
        found.push(summary(what, times));
    }
    house.store.close().await;

    if args.json {
        found.iter().for_each(output::json);
    } else {
        let rows = found
            .iter()
            .map(|t| {
                vec![
                    t.what.clone(),
                    format!("{:.1}", t.p50_us),
                    format!("{:.1}", t.p99_us),
                    format!("{:.0}", t.a_second),
                ]
            })
            .collect();
        output::table(&["part", "p50 µs", "p99 µs", "a second, one after the other"], rows);
    }
    Ok(ExitCode::SUCCESS)
}

/// 16 tokens with each kernel of this processor: words that the model knows whole, and its two marks.
fn kernels(config: &Config) -> Vec<Timing> {
    const UTTERANCE: &str = "my new card was not in the letter that came from you today";
    if app::is_remote(config) {
        return Vec::new();
    }
    let Ok(folder) = app::encoder_folder(config) else { return Vec::new() };
    let again = vec![UTTERANCE.to_owned(); 200];
    Kernel::available()
        .filter_map(|kernel| {
            let model = MiniLm::load_for(&folder, KernelChoice::Forced(kernel)).ok()?;
            let what = format!("encoder: 16 tokens, one thread, kernel {}", kernel.name());
            Some(timed(&what, &again, |text| drop(model.encode(&[text]))))
        })
        .collect()
}

fn timed(what: &str, questions: &[String], mut work: impl FnMut(&str)) -> Timing {
    let times = questions
        .iter()
        .map(|q| {
            let since = Instant::now();
            work(q);
            since.elapsed()
        })
        .collect();
    summary(what, times)
}

pub(super) fn summary(what: &str, mut times: Vec<Duration>) -> Timing {
    times.sort_unstable();
    let at = |share: f64| {
        times.get(((times.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or_default()
    };
    let all: Duration = times.iter().sum();
    Timing {
        what: what.to_owned(),
        p50_us: at(0.5).as_secs_f64() * 1e6,
        p99_us: at(0.99).as_secs_f64() * 1e6,
        a_second: times.len() as f64 / all.as_secs_f64().max(1e-9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let t = summary("x", (1..=100).map(Duration::from_micros).collect());
        assert!((t.p50_us - 51.0).abs() < 1.5 && (t.p99_us - 99.0).abs() < 1.5);
        assert_eq!(summary("none", Vec::new()).p50_us, 0.0);
    }
}
