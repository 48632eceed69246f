//! Server-sent events of a model: bytes in, events of its wire out.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;

use crate::ModelError;

/// An event that is longer is none of a chat.
const LONGEST_EVENT: usize = 1024 * 1024;

/// Collects bytes and gives back the events that are complete.
#[derive(Default)]
pub(crate) struct Events {
    /// Bytes since the last line's end: a character may be cut between two pieces.
    line: Vec<u8>,
    lines: VecDeque<Vec<u8>>,
    data: Vec<u8>,
    done: bool,
}

impl Events {
    /// Whether `[DONE]` came.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Takes a piece of the body.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|&b| b == b'\n') {
            self.line.extend_from_slice(&rest[..end]);
            self.lines.push_back(std::mem::take(&mut self.line));
            rest = &rest[end + 1..];
        }
        self.line.extend_from_slice(rest);
    }

    /// The next event that is complete.
    ///
    /// # Errors
    /// `Garbage` when an event is too long or no JSON of this shape.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ModelError> {
        while let Some(line) = self.lines.pop_front() {
            if let Some(answer) = self.read(line.strip_suffix(b"\r").unwrap_or(&line))? {
                return Ok(Some(answer));
            }
        }
        if self.line.len() + self.data.len() > LONGEST_EVENT {
            return Err(ModelError::Garbage { what: "an event that is too long" });
        }
        Ok(None)
    }

    /// An empty line ends an event; `data:` lines of one event belong together; the rest
    /// (comments as a heartbeat, `event:`, `id:`) says nothing here.
    fn read<T: DeserializeOwned>(&mut self, line: &[u8]) -> Result<Option<T>, ModelError> {
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return self.event(data.trim_ascii());
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            self.data.extend_from_slice(value);
            self.data.push(b'\n');
        }
        Ok(None)
    }

    fn event<T: DeserializeOwned>(&mut self, data: &[u8]) -> Result<Option<T>, ModelError> {
        if data.is_empty() || self.done {
            return Ok(None);
        }
        if data == b"[DONE]" {
            self.done = true;
            return Ok(None);
        }
        serde_json::from_slice(data)
            .map(Some)
            .map_err(|_| ModelError::Garbage { what: "an event that is no JSON" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &[u8], size: usize) -> (Vec<String>, bool) {
        let mut events = Events::default();
        let mut out = Vec::new();
        for piece in body.chunks(size) {
            events.push(piece);
            while let Some(event) = events.next::<serde_json::Value>().unwrap() {
                let text = event.pointer("/choices/0/delta/content").and_then(|text| text.as_str());
                out.extend(text.map(str::to_owned));
            }
        }
        (out, events.is_done())
    }

    #[test]
    fn events_come_whole_whatever_the_pieces() {
        let body = ": hello\r\n\r\nevent: x\ndata: {\"choices\":[{\"delta\":{\"content\":\"é\"}}]}\n\n\
                    data:{\"choices\":[\ndata:{\"delta\":{\"content\":\"谢\"}}]}\r\n\r\ndata: [DONE]\n\ndata: junk\n\n";
        for size in 1..80 {
            assert_eq!(texts(body.as_bytes(), size), (vec!["é".to_owned(), "谢".to_owned()], true));
        }
    }

    #[test]
    fn what_is_no_event_is_garbage() {
        let first = |body: &[u8]| {
            let mut events = Events::default();
            events.push(body);
            events.next::<serde_json::Value>().map(|event| event.is_some())
        };
        assert!(first(b"data: <html>\n\n").is_err());
        assert!(first(&vec![b'x'; LONGEST_EVENT + 1]).is_err());
        assert_eq!(first(b"plain text\n\n"), Ok(false));
        assert_eq!(first(b"data: {}\n\ndata: junk\n\n"), Ok(true), "what came before the fault counts");
    }
}
