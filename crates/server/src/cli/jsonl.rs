//! JSONL: one object a line in, one a line out, same order; a bad line gives an error in its place
//! and the rest goes on (contract). A file of labelled lines is read whole or refused with its first
//! bad line: a measurement on the others would be another measurement.

use std::{io::BufRead, path::Path, process::ExitCode};

use contactiq_guard::{Inspected, Raw};
use contactiq_pipeline::{Door, NotRead};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{Outcome, SOME_FAILED, output};

/// What went wrong with one line: a stable code and what to do.
pub(crate) type LineError = (&'static str, String);

/// Answers every line of standard input.
pub(crate) fn each<In: DeserializeOwned, Out: Serialize>(
    mut answer: impl FnMut(In) -> Result<Out, LineError>,
) -> Outcome {
    let mut failed = false;
    for line in lines() {
        let line = line?;
        match read(&line).and_then(&mut answer) {
            Ok(out) => output::json(&out),
            Err(error) => {
                failed = true;
                output::json(&problem(&error));
            }
        }
    }
    Ok(status(failed))
}

/// A line's text through the door.
pub(crate) fn inspected(door: &Door, raw: Raw) -> Result<Inspected, LineError> {
    let read = door.read_here(raw.chars(), move |guard| guard.inspect(&raw));
    let read = read.map_err(NotRead::from).and_then(|read| read.map_err(NotRead::from));
    read.map_err(|why| (why.code(), why.to_string()))
}

/// The lines of standard input as bytes.
pub(crate) fn lines() -> impl Iterator<Item = std::io::Result<Vec<u8>>> {
    std::io::stdin().lock().split(b'\n')
}

/// Reads one line. The message names no part of the line: it may be personal.
pub(crate) fn read<In: DeserializeOwned>(line: &[u8]) -> Result<In, LineError> {
    if std::str::from_utf8(line).is_err() {
        return Err(("line_not_utf8", "the line is not UTF-8".to_owned()));
    }
    serde_json::from_slice(line).map_err(|e| {
        let what = if e.is_data() {
            "the object has a wrong or missing field"
        } else {
            "the line is not a JSON object"
        };
        ("line_invalid", format!("{what} (column {})", e.column()))
    })
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{} can't be read: {e}", path.display()))
}

/// The lines of a file's text that are not empty, each as `row` reads it; at least one.
pub(crate) fn rows<Row, Why: std::fmt::Display>(
    path: &Path,
    text: &str,
    row: impl Fn(&str) -> Result<Row, Why>,
) -> Result<Vec<Row>, String> {
    let name = path.display();
    let rows = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| row(line).map_err(|why| format!("{name}: line {}: {why}", at + 1)))
        .collect::<Result<Vec<Row>, String>>()?;
    if rows.is_empty() { Err(format!("{name} has no lines")) } else { Ok(rows) }
}

/// Every line of a file as an object of one shape.
pub(crate) fn file<Row: DeserializeOwned>(path: &Path) -> Result<Vec<Row>, String> {
    rows(path, &text(path)?, |line| read(line.as_bytes()).map_err(|(_, why)| why))
}

/// The object that stands in a bad line's place.
pub(crate) fn problem((code, message): &LineError) -> serde_json::Value {
    json!({ "error": { "code": code, "message": message } })
}

/// 0 if every line was answered, 3 if some gave an error.
pub(crate) fn status(failed: bool) -> ExitCode {
    if failed { ExitCode::from(SOME_FAILED) } else { ExitCode::SUCCESS }
}
