//! A browser without scripts: it keeps its cookie and sends the tokens of its forms.

use reqwest::{Method, RequestBuilder};

use crate::{
    house::{FORM, Running, form},
    reply::Reply,
};

/// A signed-in browser.
pub(crate) struct Browser<'a> {
    running: &'a Running,
    /// `contactiq_session=…`
    pub(crate) cookie: String,
    /// What its forms carry.
    pub(crate) csrf: String,
}

impl<'a> Browser<'a> {
    /// Signs in with a one-time code.
    pub(crate) async fn sign_in(running: &'a Running) -> Browser<'a> {
        let link = format!("/signin?code={}", running.code());
        let reply = Reply::of(running.request(Method::GET, &link)).await;
        assert_eq!(reply.redirect(), "/chat/customer");
        let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
        let mut browser = Browser { running, cookie, csrf: String::new() };
        let page = browser.get("/chat/customer").await;
        browser.csrf = between(page.page(200), "name=\"csrf-token\" content=\"", "\"").to_owned();
        assert!(!browser.csrf.is_empty());
        browser
    }

    /// A request with the cookie.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.running.request(method, path).header("cookie", &self.cookie).header("accept", "text/html")
    }

    /// Opens a page.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    /// Sends a form with its token.
    pub(crate) async fn send(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(pairs);
        self.send_as_it_is(path, &all).await
    }

    /// Sends a form with nothing added.
    pub(crate) async fn send_as_it_is(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        Reply::of(self.request(Method::POST, path).header(FORM.0, FORM.1).body(form(pairs))).await
    }

    /// Asks through the form; the path of the page that shows the answer.
    pub(crate) async fn ask(&self, mode: &str, question: &str) -> String {
        let reply = self.send(&format!("/chat/{mode}"), &[("question", question)]).await;
        reply.redirect().split('#').next().unwrap().to_owned()
    }
}

/// What stands between two marks, the first time.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}
