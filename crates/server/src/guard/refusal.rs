//! Why an attempt was refused: one stable word for the access log (A4), and what a client is told.

contactiq_domain::words! {
    /// Why who calls is not known, or may not come in.
    Refusal as "reason" {
        /// There was neither a key, nor a token, nor a session.
        Nothing => "nothing_sent",
        /// No key like this was made here.
        KeyUnknown => "key_unknown",
        /// The key was revoked.
        KeyRevoked => "key_revoked",
        /// The key's time is over.
        KeyExpired => "key_expired",
        /// There is no such session, or it was ended.
        Session => "session_unknown",
        /// The token is longer than any that is read.
        TooLong => "token_too_long",
        /// It is no token, or lacks what one needs.
        Malformed => "token_malformed",
        /// It is signed in a way that is not allowed, or not at all.
        Algorithm => "token_algorithm",
        /// It is of another kind.
        Type => "token_type",
        /// Signed with a key that nobody here knows.
        SigningKey => "token_key_unknown",
        /// The signature is not that of the key.
        Signature => "token_signature",
        /// Its time is over.
        Expired => "token_expired",
        /// Its time has not come.
        NotYet => "token_not_yet_valid",
        /// It lasts longer than such a token may.
        Lasting => "token_lasts_too_long",
        /// Another issuer.
        Issuer => "token_issuer",
        /// For somebody else.
        Audience => "token_audience",
        /// It names nobody.
        Subject => "token_subject",
        /// It has no role of this house.
        Role => "token_role",
        /// A page of another origin uses it.
        Origin => "token_origin",
        /// Another sign-in than the one that began.
        Nonce => "token_nonce",
        /// The provider's keys can't be had.
        Away => "provider_away",
        /// The sign-in code is wrong or was used.
        Code => "code_wrong",
        /// A sign-in that this browser did not begin, or too long ago.
        State => "sign_in_unknown",
        /// The provider did not let the person in.
        Declined => "provider_declined",
        /// The provider took the code for nothing.
        Exchange => "code_not_exchanged",
        /// Too many attempts.
        TooMany => "too_many_attempts",
        /// The one-time link is switched off.
        SwitchedOff => "switched_off",
    }
}

impl Refusal {
    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Refusal::TooLong => "the token is longer than 8 KiB: ask the provider for one with fewer claims",
            Refusal::Malformed => "the token can't be read: send a signed JWT with exp",
            Refusal::Algorithm => "the token is signed in a way that this server does not take",
            Refusal::Type => "the token is of another kind than this server takes",
            Refusal::SigningKey => "the token is signed with a key that this server does not know",
            Refusal::Signature => "the token's signature is wrong",
            Refusal::Expired => "the token has expired: get a new one",
            Refusal::NotYet => "the token is not valid yet: check the clocks",
            Refusal::Lasting => "the token lasts longer than an hour: make one that ends sooner",
            Refusal::Issuer => "the token is of an issuer that this server does not take",
            Refusal::Audience => "the token is for another audience",
            Refusal::Subject => "the token names nobody",
            Refusal::Role => "the token has no role or group that may use this server",
            Refusal::Origin => "the token may not be used from this page's origin",
            Refusal::Nonce | Refusal::State => {
                "this sign-in was not begun in this browser, or too long ago: begin again"
            }
            Refusal::Declined => "the identity provider did not let you in",
            Refusal::Exchange => "the identity provider did not confirm the sign-in: begin again",
            Refusal::Away => "the identity provider can't be reached: try again in a moment",
            Refusal::Code => "that code is not right, or it was used before",
            Refusal::TooMany => "too many attempts: wait and try again",
            Refusal::SwitchedOff => "this way to sign in is switched off",
            Refusal::Nothing
            | Refusal::KeyUnknown
            | Refusal::KeyRevoked
            | Refusal::KeyExpired
            | Refusal::Session => "send a valid API key or token as `Authorization: Bearer …`, or sign in",
        }
    }

    /// Whether who it is is known, and may not come in all the same.
    #[must_use]
    pub const fn is_forbidden(self) -> bool {
        matches!(self, Refusal::Role | Refusal::Origin | Refusal::Declined | Refusal::SwitchedOff)
    }

    /// Whether a token was sent and is not good.
    #[must_use]
    pub fn is_of_token(self) -> bool {
        self.as_str().starts_with("token_")
    }
}
