//! An encoder that is damaged or switched off: what start, log, `/ready` and `doctor` say of it and of the confidence,
//! and that answers are judged by the weights for words alone.

use contactiq_domain::{Mode, Role};
use serde_json::Value;

use crate::{
    house::{REPLACEMENT, folder, start, start_in},
    process::Terminal,
    remote_encoder::{part, ready, start_told},
    reply::text,
};

/// A folder with the files of an encoder, which are none.
fn damaged(terminal: &Terminal) -> String {
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        terminal.file(&format!("encoder/{file}"), "{\"half of a");
    }
    terminal.data().join("files/encoder").display().to_string()
}

/// The weights that judged an answer, by the trace of step 5.
fn weights(record: &Value) -> &str {
    let steps = record["steps"].as_array().unwrap();
    text(steps.iter().find(|step| step["step"] == "score").unwrap(), "version")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_encoder_is_said_at_start_in_the_log_by_ready_and_by_doctor() {
    let terminal = Terminal::new();
    let encoder = damaged(&terminal);
    let running = start_in(terminal.folder(), &[("CONTACTIQ_ENCODER", &encoder)]).await;
    let said = ready(&running).await;
    assert_eq!(text(&said, "encoder"), "off: the lexical model works alone", "{said}");
    let confidence = "by words alone: thresholds that were chosen with an encoder promise nothing";
    assert_eq!(text(&said, "confidence"), confidence, "{said}");
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(record["outcome"], "resolved", "{record}");
    drop(running);

    let terminal = terminal.with("CONTACTIQ_ENCODER", encoder);
    let doctor = terminal.run(&["doctor", "--json"]).lines(1);
    let lost = part(&doctor, "encoder").unwrap();
    assert_eq!(lost["state"], "failing", "{lost}");
    assert!(text(lost, "detail").contains("`make encoder` fetches it again"), "{lost}");
    let confidence = part(&doctor, "confidence").unwrap();
    assert_eq!(confidence["state"], "off", "{confidence}");
    assert!(
        text(confidence, "detail").contains("choose it anew")
            || text(confidence, "detail").contains("Choose it anew")
    );

    let (said, log) = start_told(terminal);
    assert!(
        said.contains("  encoder    off: ") && said.contains("  confidence answers are found by words alone"),
        "{said}"
    );
    assert!(log.contains("there is no encoder") && log.contains("by words alone"), "{log}");
}

#[tokio::test]
async fn words_alone_are_judged_by_their_own_weights_and_a_banks_own_come_first() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let built_in = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    let shipped: toml::Table = include_str!("../../../../defaults/confidence-words.toml").parse().unwrap();
    assert_eq!(weights(&built_in), shipped["version"].as_str().unwrap(), "{built_in}");

    let shipped = include_str!("../../../../defaults/confidence.toml");
    let own = |terminal: &Terminal, version: &str, encoder: &str| {
        let lines =
            shipped.lines().filter(|line| !line.starts_with("version =") && !line.starts_with("encoder ="));
        let text = format!("version = {version:?}\n{encoder}\n{}", lines.collect::<Vec<_>>().join("\n"));
        terminal.file(&format!("{version}.toml"), text).display().to_string()
    };
    for (confidence, words, judges) in [
        ("encoder = \"words alone\"", None, "ours"),
        ("", None, "ours"),
        ("encoder = \"all-MiniLM-L6-v2 + banking 3, 384 dimensions\"", None, "built-in"),
        ("", Some("encoder = \"words alone\""), "theirs"),
    ] {
        let terminal = Terminal::of(folder());
        let named = own(&terminal, "ours", confidence);
        let mut settings = vec![("CONTACTIQ__FILES__CONFIDENCE", named)];
        settings.extend(
            words.map(|words| ("CONTACTIQ__FILES__CONFIDENCE_WORDS", own(&terminal, "theirs", words))),
        );
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Customer).await;
        let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
        let wanted = if judges == "built-in" { weights(&built_in) } else { judges };
        assert_eq!(weights(&record), wanted, "{confidence} {words:?}");
    }
}
