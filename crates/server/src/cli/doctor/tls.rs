//! How this server is spoken to, and how long its certificate lasts.

use contactiq_domain::Clock;

use super::{Finding, State};
use crate::{config::Config, tls::Tls, wiring::SystemClock};

/// A certificate that ends sooner is told: renewing takes days where people do it.
const SOON: f64 = 14.0;

/// The pair as it stands now; a running server may have the one of before in force.
pub(super) fn look(config: &Config) -> Finding {
    let (part, now, server) = ("tls", SystemClock.now(), &config.server);
    match Tls::open(&server.tls, now) {
        Err(why) => Finding { part, state: State::Failing, detail: why.to_string() },
        Ok(None) => Finding { part, state: State::Off, detail: plain(config) },
        Ok(Some(tls)) => {
            let days = tls.days_left(now);
            let state = match days {
                ..0.0 => State::Failing,
                0.0..SOON => State::Off,
                _ => State::Ok,
            };
            let renew = if days < SOON { ": renew it" } else { "" };
            let (file, ends) = (tls.certificate().display(), tls.ends().date());
            let detail =
                format!("version 1.3 alone; {file} ends on {ends}, in {:.0} days{renew}", days.floor());
            Finding { part, state, detail }
        }
    }
}

fn plain(config: &Config) -> String {
    let server = &config.server;
    if server.behind_proxy {
        format!("plain HTTP on {}, behind a proxy that ends TLS (server.behind_proxy)", server.listen)
    } else if server.listen.ip().is_loopback() {
        format!("plain HTTP on {}, which this machine alone reaches", server.listen)
    } else {
        format!("plain HTTP on {}: set server.tls, or put a proxy before it", server.listen)
    }
}
