//! `contactiq ask`: the whole house for one question, or for many as JSONL. No rate limit applies.

use std::{collections::HashMap, process::ExitCode, sync::Arc};

use contactiq_domain::{
    Mode, Outcome as Ended, Record, Role,
    ids::{ConversationId, RequestId},
};
use contactiq_guard::{Masked, Raw};
use contactiq_pipeline::{AnswerError, Ask, DoorFault, House};
use serde::Deserialize;

use super::{
    Outcome,
    jsonl::{self, LineError},
    opening, output,
};
use crate::{
    config::Config,
    web::views::{
        prose::{self, Prose},
        wording,
    },
};

/// Options of `ask`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Which assistant: customer or banker.
    #[arg(long)]
    mode: Mode,
    /// Print the record as JSON.
    #[arg(long)]
    json: bool,
    /// Read questions as JSONL from standard input: {"question", "conversation"?}.
    #[arg(long, conflicts_with_all = ["json", "question"])]
    jsonl: bool,
    /// The question.
    #[arg(required_unless_present = "jsonl")]
    question: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    question: Raw,
    conversation: Option<String>,
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let house = opening::house(&config).await?;
    let code = if args.jsonl { many(&house, args.mode).await? } else { one(&house, &args).await? };
    house.budgets.flush().await;
    house.store.close().await;
    Ok(code)
}

async fn one(house: &House, args: &Args) -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let question = Raw::new(args.question.clone().unwrap_or_default());
    let record = ask(house, args.mode, question, None).await.map_err(|e| told(house, args.mode, &e))?;
    if args.json {
        output::json(&record);
    } else {
        print(&record);
    }
    Ok(ExitCode::SUCCESS)
}

/// Lines with the same conversation string are turns of one conversation, so they run in order.
async fn many(house: &House, mode: Mode) -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let mut conversations = HashMap::new();
    let mut failed = false;
    for line in jsonl::lines() {
        match answered(house, mode, &line?, &mut conversations).await {
            Ok(record) => output::json(&record),
            Err(error) => {
                failed = true;
                output::json(&jsonl::problem(&error));
            }
        }
    }
    Ok(jsonl::status(failed))
}

/// The record of one line, or what stands in its place.
async fn answered(
    house: &House,
    mode: Mode,
    line: &[u8],
    conversations: &mut HashMap<String, ConversationId>,
) -> Result<Record<Masked>, LineError> {
    let line = jsonl::read::<Line>(line)?;
    let known = line.conversation.as_ref().and_then(|c| conversations.get(c).copied());
    let answered = ask(house, mode, line.question, known).await;
    if let (Ok(record), Some(name)) = (&answered, line.conversation) {
        conversations.insert(name, record.conversation);
    }
    answered.map_err(|e| (code(&e), told(house, mode, &e)))
}

/// What went wrong; where nobody could read the message, with who can be reached.
fn told(house: &House, mode: Mode, error: &AnswerError) -> String {
    match error {
        AnswerError::Unchecked(_) => format!("{error}. {}", house.offer(mode).as_str()),
        other => other.to_string(),
    }
}

fn code(error: &AnswerError) -> &'static str {
    match error {
        AnswerError::Input(e) => e.code(),
        AnswerError::Unchecked(_) => DoorFault::CODE,
        AnswerError::UnknownConversation => "not_found",
        AnswerError::Overtaken
        | AnswerError::Late
        | AnswerError::Failed
        | AnswerError::Left
        | AnswerError::Store(_) => "unavailable",
    }
}

/// Asks as the person at the terminal.
pub(super) async fn ask(
    house: &House,
    mode: Mode,
    question: Raw,
    conversation: Option<ConversationId>,
) -> Result<Record<Masked>, AnswerError> {
    put(house, mode, question, conversation, false).await
}

/// Asks a question that nobody has: marked as demo traffic is, so that no figure counts it.
pub(super) async fn ask_beside(
    house: &House,
    mode: Mode,
    question: Raw,
) -> Result<Record<Masked>, AnswerError> {
    put(house, mode, question, None, true).await
}

async fn put(
    house: &House,
    mode: Mode,
    question: Raw,
    conversation: Option<ConversationId>,
    demo: bool,
) -> Result<Record<Masked>, AnswerError> {
    let ask = Ask {
        mode,
        role: Role::Admin,
        question: Arc::new(question),
        conversation,
        follows: None,
        subject: "command-line".to_owned(),
        session: "command-line".to_owned(),
        request_id: RequestId::new(&*house.ids),
        correlation_id: None,
        owner_key: None,
        claimed: None,
        demo,
    };
    contactiq_pipeline::answer(house, ask).await
}

/// The answer as it is, its tables drawn.
fn print_answer(answer: &str) {
    let lines: Vec<&str> = answer.lines().collect();
    for run in lines.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|')) {
        let text = run.join("\n");
        match prose::read(&text, false).as_slice() {
            [Prose::Table { columns, rows }] if text.starts_with('|') => {
                let header: Vec<&str> =
                    std::iter::once("").chain(columns.iter().map(String::as_str)).collect();
                let cell = |line: &prose::Line| line.iter().map(ToString::to_string).collect::<String>();
                output::table(&header, rows.iter().map(|row| row.iter().map(cell).collect()).collect());
            }
            _ => output::line(text),
        }
    }
}

fn print(record: &Record<Masked>) {
    print_answer(record.answer.as_str());
    if !record.citations.is_empty() {
        output::line("");
        for c in &record.citations {
            let path =
                if c.headings.is_empty() { String::new() } else { format!(" > {}", c.headings.join(" > ")) };
            let as_at = wording::as_at(c).map_or_else(String::new, |day| format!(", as at {day}"));
            let file = c.hosted.as_ref().map_or_else(String::new, |file| format!(" ({})", file.filename));
            output::line(format!("[{}] {}{file}{path}{as_at}  {}", c.number, c.title, c.url));
        }
    }
    output::line("");
    let ended = match record.outcome {
        Ended::Resolved => format!("confidence {:.2}", record.confidence.get()),
        Ended::Escalated => {
            format!("escalated: {}", record.trigger.map_or("", contactiq_domain::Trigger::as_str))
        }
        other => other.to_string(),
    };
    output::line(format!(
        "{ended}; intent {} ({:.2}); {:.0} ms",
        record.intent,
        record.intent_probability.get(),
        record.processing_time_ms
    ));
}

#[cfg(test)]
mod tests {
    use contactiq_store::conversations::{self, Owner};

    use super::*;
    use crate::{app, config::load_from};

    #[tokio::test]
    async fn a_line_that_the_guard_can_not_read_is_told_whom_to_reach_and_nothing_of_it_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let env = [
            ("CONTACTIQ_DATA_DIR", dir.path().to_str().unwrap()),
            ("CONTACTIQ_ENCODER", "off"),
            ("CONTACTIQ_DEMO", "off"),
        ];
        let env: HashMap<String, String> =
            env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let config = load_from(None, &env).unwrap();
        let (mut house, _) = app::build_house(&config, Arc::new(|_, _, _| {})).await.unwrap();
        house.guard = house.guard.clone().failing_with(Arc::new(|| panic!("as the test wants it")));
        let mut names = HashMap::new();
        let line = br#"{"question":"my pin is 4821","conversation":"one"}"#;
        let (code, told) = answered(&house, Mode::Customer, line, &mut names).await.unwrap_err();
        assert_eq!(code, "guard_failed");
        assert!(
            told.contains("1300 975 707") && told.contains("13 11 14") && !told.contains("4821"),
            "{told}"
        );
        assert!(names.is_empty());
        let owner = Owner { subject: "command-line", key: None };
        let kept = {
            let mut reader = house.store.read().await.unwrap();
            conversations::list_of(&mut reader, &owner, 10).await.unwrap()
        };
        assert_eq!(kept, []);
        house.store.close().await;
    }
}
