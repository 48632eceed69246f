//! Answers as JSON of a schema, from servers that hold a model to one: each sentence with the numbers of the passages that
//! carry it. They are read while they are written, checked, and handed on in the form of plain answers, a sentence with
//! its `[1]` at a time, so that whoever reads them need not know how they came.

use std::fmt;

use contactiq_guard::Published;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{ModelError, Sentences};

/// Which JSON it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Sentences, each with the numbers of its passages: handed on as a plain answer.
    Cited,
    /// `{"sentences": ["…"]}`: handed on as it is, for whoever asked to read.
    Lines,
}

/// How a model is asked for JSON.
#[derive(Clone)]
pub struct Form {
    /// What the server holds it to.
    pub schema: Schema,
    /// The version of the instruction, for the record.
    pub version: &'static str,
    /// What stands below the template where a server holds the model to the schema.
    pub instruction: Published,
    /// What an answer without a sentence is among plain ones.
    pub nothing: &'static str,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({})", self.version)
    }
}

/// The schema, as `response_format` of a request has it.
pub(crate) fn response_format(schema: Schema) -> Value {
    let cited = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string" },
            "passages": { "type": "array", "items": { "type": "integer" } },
        },
        "required": ["text", "passages"],
        "additionalProperties": false,
    });
    let sentence = match schema {
        Schema::Cited => cited,
        Schema::Lines => json!({ "type": "string" }),
    };
    let answer = json!({
        "type": "object",
        "properties": { "sentences": { "type": "array", "items": sentence } },
        "required": ["sentences"],
        "additionalProperties": false,
    });
    json!({ "type": "json_schema", "json_schema": { "name": "answer", "strict": true, "schema": answer } })
}

/// The most tokens that asking for the form adds: every byte of what is sent for it.
pub(crate) fn most_added(form: &Form) -> u64 {
    (form.instruction.as_str().len() + response_format(form.schema).to_string().len()) as u64
}

/// What such an answer begins with, white space apart.
const HEAD: &str = "{\"sentences\":[";
/// A sentence that is longer is none.
const LONGEST: usize = 8 * 1024;

/// One element.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    text: String,
    passages: Vec<u32>,
}

/// Reads an answer as it arrives.
#[derive(Default)]
pub(crate) struct Reading {
    at: Place,
    /// The element that is being read.
    element: String,
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// Everything that was handed on.
    plain: String,
}

/// Where in the JSON it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// So many characters of the head were read.
    Head(usize),
    /// Before an element; whether one may follow without a comma, and whether the list may end here.
    Between {
        fresh: bool,
        may_end: bool,
    },
    Element,
    /// Behind the list.
    Tail,
    /// Behind everything.
    Done,
}

impl Default for Place {
    fn default() -> Self {
        Place::Head(0)
    }
}

impl Reading {
    /// Takes a piece and gives back the sentences that are complete now, with their marks.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] as soon as it is not what the schema says.
    pub(crate) fn push(&mut self, piece: &str) -> Result<Vec<String>, ModelError> {
        let mut whole = Vec::new();
        for c in piece.chars() {
            whole.extend(self.take(c)?);
        }
        Ok(whole)
    }

    /// What is left to hand on at the end. Of an answer that was cut because it reached its limit of tokens the whole
    /// sentences stand.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] where it ended too early.
    pub(crate) fn finish(&mut self, nothing: &str, cut: bool) -> Result<Option<String>, ModelError> {
        if self.at != Place::Done && (!cut || self.plain.is_empty()) {
            return Err(ModelError::Malformed);
        }
        if !self.plain.is_empty() {
            return Ok(None);
        }
        self.plain.push_str(nothing);
        Ok(Some(nothing.to_owned()))
    }

    /// The whole answer as a plain one.
    pub(crate) fn into_plain(self) -> String {
        self.plain
    }

    fn take(&mut self, c: char) -> Result<Option<String>, ModelError> {
        if self.at == Place::Element {
            return self.within(c);
        }
        if c.is_ascii_whitespace() {
            return Ok(None);
        }
        self.at = match (self.at, c) {
            (Place::Head(read), c) if HEAD[read..].starts_with(c) => match read + 1 {
                all if all == HEAD.len() => Place::Between { fresh: true, may_end: true },
                read => Place::Head(read),
            },
            (Place::Between { may_end: true, .. }, ']') => Place::Tail,
            (Place::Between { fresh: false, may_end: true }, ',') => {
                Place::Between { fresh: true, may_end: false }
            }
            (Place::Between { fresh: true, .. }, '{') => {
                self.element.clear();
                self.depth = 0;
                self.at = Place::Element;
                return self.within(c);
            }
            (Place::Tail, '}') => Place::Done,
            _ => return Err(ModelError::Malformed),
        };
        Ok(None)
    }

    fn within(&mut self, c: char) -> Result<Option<String>, ModelError> {
        self.element.push(c);
        if self.element.len() > LONGEST {
            return Err(ModelError::Malformed);
        }
        match c {
            _ if self.escaped => self.escaped = false,
            '\\' if self.in_text => self.escaped = true,
            '"' => self.in_text = !self.in_text,
            '{' if !self.in_text => self.depth += 1,
            '}' if !self.in_text => self.depth -= 1,
            _ => {}
        }
        if self.depth > 0 {
            return Ok(None);
        }
        let read: Sentence = serde_json::from_str(&self.element).map_err(|_| ModelError::Malformed)?;
        self.at = Place::Between { fresh: false, may_end: true };
        let plain = plain(&read)?;
        self.plain.push_str(&plain);
        Ok(Some(plain))
    }
}

/// A sentence as plain answers have it: `It costs $9. [1] `. One element that holds several sentences has its marks behind
/// each of them.
fn plain(read: &Sentence) -> Result<String, ModelError> {
    let text = read.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(ModelError::Malformed);
    }
    let marks: String = read.passages.iter().map(|number| format!("[{number}]")).collect();
    let mut sentences = Sentences::default();
    let mut each = sentences.push(&text);
    each.extend(sentences.finish());
    Ok(each.iter().map(|sentence| format!("{} {marks} ", sentence.trim_end())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#" { "sentences" : [ {"text":"It costs $9.","passages":[1]} , {"passages":[1, 3],"text":"Say \"{kite]\", and e.g. KT-4. It is \u00e9\n quick."}]} "#;
    const TWO_PLAIN: &str = "It costs $9. [1] Say \"{kite]\", and e.g. KT-4. [1][3] It is é quick. [1][3] ";

    fn read(json: &str, size: usize) -> Result<(Vec<String>, String), ModelError> {
        let mut reading = Reading::default();
        let mut told = Vec::new();
        let letters: Vec<char> = json.chars().collect();
        for piece in letters.chunks(size) {
            told.extend(reading.push(&piece.iter().collect::<String>())?);
        }
        told.extend(reading.finish("NO ANSWER", false)?);
        Ok((told, reading.into_plain()))
    }

    #[test]
    fn sentences_come_one_by_one_whatever_the_pieces_and_together_they_are_the_answer() {
        for size in 1..TWO.len() {
            let (told, plain) = read(TWO, size).unwrap();
            assert_eq!((told.len(), plain.as_str()), (2, TWO_PLAIN), "{size}");
            assert_eq!(told.concat(), plain);
        }
        let mut reading = Reading::default();
        assert_eq!(
            reading.push("{\"sentences\":[{\"text\":\"One.\",\"passages\":[2]}").unwrap(),
            ["One. [2] "]
        );
        assert_eq!(
            read("{\"sentences\":[]}", 3).unwrap(),
            (vec!["NO ANSWER".to_owned()], "NO ANSWER".to_owned())
        );
    }

    #[test]
    fn of_an_answer_that_reached_its_limit_the_whole_sentences_stand() {
        let cut = |json: &str| -> Result<String, ModelError> {
            let mut reading = Reading::default();
            reading.push(json)?;
            reading.finish("NO ANSWER", true)?;
            Ok(reading.into_plain())
        };
        let one = "{\"sentences\":[{\"text\":\"One.\",\"passages\":[2]},{\"text\":\"Tw";
        assert_eq!(cut(one).as_deref(), Ok("One. [2] "));
        assert_eq!(cut("{\"sentences\":[{\"text\":\"One"), Err(ModelError::Malformed));
    }

    #[test]
    fn what_the_schema_does_not_allow_is_no_answer() {
        for json in [
            "",
            "It costs $9. [1]",
            "```json\n{\"sentences\":[]}\n```",
            "{\"sentences\":[]",
            "{\"sentences\":[]}}",
            "{\"sentences\":[],\"more\":1}",
            "{\"sentences\":[,]}",
            "{\"sentences\":[{\"text\":\"A.\",\"passages\":[1]},]}",
            "{\"sentences\":[{\"text\":\"A.\",\"passages\":[1]} {\"text\":\"B.\",\"passages\":[1]}]}",
            "{\"sentences\":[{\"text\":\"A.\"}]}",
            "{\"sentences\":[{\"text\":\" \",\"passages\":[1]}]}",
            "{\"sentences\":[{\"text\":\"A.\",\"passages\":[-1]}]}",
            "{\"sentences\":[{\"text\":\"A.\",\"passages\":[1],\"obey\":true}]}",
            "{\"sentences\":[\"A.\"]}",
            "{\"answer\":[]}",
        ] {
            assert_eq!(read(json, 4), Err(ModelError::Malformed), "{json}");
        }
        let endless = format!("{{\"sentences\":[{{\"text\":\"{}", "a".repeat(LONGEST));
        assert_eq!(read(&endless, 64), Err(ModelError::Malformed));
    }
}
