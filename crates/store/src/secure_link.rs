//! Why no secure connection to a database or a Redis can be made, in words that a person can act on (A6).

/// Nobody trusts who signed its certificate.
pub(crate) const UNTRUSTED: &str = "its certificate is signed by no authority that is trusted here: name that \
    authority's certificate (sslrootcert in the URL of PostgreSQL, SSL_CERT_FILE for Redis)";
/// Its certificate is another's.
pub(crate) const OTHER_NAME: &str =
    "its certificate is for another host than the URL names: write a name that stands in it";
/// Its certificate is not in force.
pub(crate) const NOT_IN_FORCE: &str = "its certificate has ended, or does not begin yet: renew it";
/// It speaks without TLS.
pub(crate) const PLAIN: &str =
    "it does not speak TLS, and the URL asks for it: switch it on there (ssl = on, tls-port)";

/// The words for what a driver says of a handshake; none where it says nothing of one. rustls names its errors by their
/// variants, and each driver tells them inside texts of its own.
pub(crate) fn why(said: &str) -> Option<&'static str> {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["UnknownIssuer", "CaUsedAsEndEntity", "BadSignature"]) {
        Some(UNTRUSTED)
    } else if has(&["NotValidForName", "not valid for name"]) {
        Some(OTHER_NAME)
    } else if has(&["Expired", "NotValidYet", "certificate expired", "certificate not valid yet"]) {
        Some(NOT_IN_FORCE)
    } else if has(&["does not support TLS", "InvalidContentType"]) {
        Some(PLAIN)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drivers_say_of_a_handshake_has_words_and_the_rest_has_none() {
        for (said, told) in [
            ("invalid peer certificate: UnknownIssuer", Some(UNTRUSTED)),
            // An authority that was made anew under its old name.
            ("invalid peer certificate: BadSignature", Some(UNTRUSTED)),
            ("InvalidCertificate(NotValidForNameContext { expected: DnsName(\"db\") })", Some(OTHER_NAME)),
            (
                "invalid peer certificate: certificate expired: verification time 5 (UNIX), but",
                Some(NOT_IN_FORCE),
            ),
            (
                "error occurred while attempting to establish a TLS connection: server does not support TLS",
                Some(PLAIN),
            ),
            ("received corrupt message of type InvalidContentType", Some(PLAIN)),
            ("Connection reset by peer (os error 104)", None),
        ] {
            assert_eq!(why(said), told, "{said}");
        }
    }
}
