//! robots.txt as RFC 9309 reads it: absent allows everything, unreachable nothing.

use std::time::Duration;

use robotxt::{AccessResult, Robots};

use super::Refusal;

/// More of a robots.txt is not read (RFC 9309, 2.5).
pub(super) const MOST_BYTES: usize = robotxt::BYTE_LIMIT;

/// What one host allows.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    robots: Robots,
    reachable: bool,
}

impl Rules {
    /// Rules from what came of asking for them.
    pub(super) fn new(answer: Result<&[u8], Refusal>, robot: &str) -> Rules {
        let (access, reachable) = match answer {
            Ok(text) => (AccessResult::Successful(text), true),
            Err(Refusal::Gone(_)) => (AccessResult::Unavailable, true),
            // 429 asks for patience, not for all pages.
            Err(Refusal::Status(status)) if (400..500).contains(&status) && status != 429 => {
                (AccessResult::Unavailable, true)
            }
            // Redirects to where we may not follow count as unreachable too, which is the careful reading.
            Err(_) => (AccessResult::Unreachable, false),
        };
        Rules { robots: Robots::from_access(access, robot), reachable }
    }

    /// Whether the path with its query may be asked for.
    pub(super) fn check(&self, path: &str) -> Result<(), Refusal> {
        match (self.robots.is_allowed(path), self.reachable) {
            (true, _) => Ok(()),
            (false, true) => Err(Refusal::Robots),
            (false, false) => Err(Refusal::RobotsUnreachable),
        }
    }

    /// How long the host wants to rest between two requests.
    pub(super) fn delay(&self) -> Option<Duration> {
        self.robots.crawl_delay()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_says_holds_and_silence_is_read_with_care() {
        let text = b"User-agent: *\nDisallow: /\n\nUser-agent: ContactIQ\nDisallow: /private\nAllow: /private/fees\n\
            Crawl-delay: 2\n";
        let rules = Rules::new(Ok(text), "contactiq");
        assert_eq!(rules.check("/cards?x=1"), Ok(()));
        assert_eq!(rules.check("/private/x"), Err(Refusal::Robots));
        assert_eq!(rules.check("/private/fees"), Ok(()));
        assert_eq!(rules.delay(), Some(Duration::from_secs(2)));
        assert_eq!(Rules::new(Ok(text), "other").check("/cards"), Err(Refusal::Robots));
        for (answer, expected) in [
            (Refusal::Gone(404), Ok(())),
            (Refusal::Status(403), Ok(())),
            (Refusal::Status(429), Err(Refusal::RobotsUnreachable)),
            (Refusal::Status(500), Err(Refusal::RobotsUnreachable)),
            (Refusal::Unreachable, Err(Refusal::RobotsUnreachable)),
            (Refusal::Host, Err(Refusal::RobotsUnreachable)),
        ] {
            assert_eq!(Rules::new(Err(answer), "contactiq").check("/x"), expected, "{answer}");
        }
    }
}
