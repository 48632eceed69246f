//! An answer of the server, read to its end.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Status, headers and body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// Sends a request and reads what comes back.
    pub(crate) async fn of(request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e} in {} {}", self.status, self.text))
    }

    /// The record that a question got.
    pub(crate) fn record(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        self.json()
    }

    /// A problem in the shape of the contract, whole.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{} {}", code, self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.json();
        let names: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        for name in ["type", "title", "status", "detail", "code", "request_id"] {
            assert!(names.contains(&name), "{name} is missing in {problem}");
        }
        assert_eq!(names.iter().filter(|name| **name != "help").count(), 6, "{problem}");
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:contactiq:problem:{code}"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        assert_eq!(problem["request_id"], self.header("contactiq-request-id"));
        assert_eq!(problem["request_id"].as_str().unwrap().len(), 36, "{problem}");
        problem
    }

    /// An error in the shape that OpenAI's clients read, whole.
    pub(crate) fn openai_error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{} {}", code, self.text);
        assert_eq!(self.header("content-type"), "application/json", "{}", self.text);
        let body = self.json();
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
        let error = body["error"].clone();
        let names: Vec<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
        for name in ["message", "type", "param", "code", "request_id"] {
            assert!(names.contains(&name), "{name} is missing in {error}");
        }
        assert_eq!(names.iter().filter(|name| **name != "help").count(), 5, "{error}");
        assert_eq!(error["code"], code, "{error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(error["type"].as_str().unwrap().ends_with("_error"), "{error}");
        assert_eq!(error["request_id"], self.header("contactiq-request-id"));
        error
    }

    /// A page.
    pub(crate) fn page(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        assert!(self.text.starts_with("<!doctype html>"), "{}", self.text);
        &self.text
    }

    /// Where a redirect leads.
    pub(crate) fn redirect(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text);
        self.header("location")
    }
}

/// Texts in an array of objects, by name.
pub(crate) fn texts<'a>(array: &'a Value, name: &str) -> Vec<&'a str> {
    array.as_array().unwrap().iter().map(|v| v[name].as_str().unwrap()).collect()
}

/// A text in a value.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {value}"))
}
