//! The words of the door: kinds of personal data, refusals, what was found and where.

use crate::{Masked, Placeholders, Published, Token, masking::Cut, placeholders::Keepable, text::Raw};

contactiq_domain::words! {
    /// A kind of personal data. The words are those of the placeholders and of `guard scan`.
    PersonalType as "type" {
        /// A person's name, without the title before it.
        Person => "PERSON",
        /// A bank account number.
        AccountNumber => "ACCOUNT_NUMBER",
        /// BSB, sort code, ABA routing number, IFSC.
        BankRouting => "BANK_ROUTING",
        /// The long number of a payment card.
        CreditCard => "CREDIT_CARD",
        /// A card's month and year of expiry.
        CardExpiry => "CARD_EXPIRY",
        /// The three or four digits on a card's back or front.
        Cvv => "CVV",
        /// A secret number of a card, an app or telephone banking.
        Pin => "PIN",
        /// A one-time code.
        Otp => "OTP",
        /// A password or passphrase.
        Password => "PASSWORD",
        /// A key or token of a machine.
        ApiKey => "API_KEY",
        /// A customer's or user's number or name at the bank.
        CustomerId => "CUSTOMER_ID",
        /// An international bank account number.
        Iban => "IBAN",
        /// A United States social security number.
        Ssn => "SSN",
        /// An Australian tax file number or an Indian PAN.
        TaxId => "TAX_ID",
        /// Aadhaar, national insurance number, Medicare number.
        NationalId => "NATIONAL_ID",
        /// A passport's number.
        Passport => "PASSPORT",
        /// A driver licence's number.
        DriverLicence => "DRIVER_LICENCE",
        /// A day of birth.
        DateOfBirth => "DATE_OF_BIRTH",
        /// A postal address.
        Address => "ADDRESS",
        /// An e-mail address or UPI id.
        Email => "EMAIL",
        /// A telephone number.
        Phone => "PHONE",
        /// An IP address.
        IpAddress => "IP_ADDRESS",
    }
}

contactiq_domain::words! {
    /// What moderation looks for.
    ModerationCategory as "category" {
        /// Oaths and swear words, directed at no one.
        Profanity => "profanity",
        /// Contempt for people, for what they are or directed at the reader.
        Hate => "hate",
        /// Announcing harm to somebody.
        Threat => "threat",
        /// Sexual content.
        Sexual => "sexual",
        /// Descriptions of violence, or asking how to commit it.
        Violence => "violence",
        /// Harm to oneself. It never refuses: a person takes over.
        SelfHarm => "self_harm",
    }
}

contactiq_domain::words! {
    /// Why a message is answered with a refusal.
    Refusal as "refusal" {
        /// It tries to steer the model.
        Injection => "injection",
        /// It threatens, hates or is sexual.
        Moderation => "moderation",
        /// It carries a SQL attack.
        SqlPattern => "sql_pattern",
        /// It carries a script attack.
        ScriptPattern => "script_pattern",
    }
}

contactiq_domain::words! {
    /// What the output guard found in a model's text.
    OutputFindingKind as "finding" {
        /// Personal data that the evidence doesn't carry.
        PersonalData => "personal_data",
        /// The model repeats its instructions.
        LeakedInstructions => "leaked_instructions",
        /// The model gives advice that only a licensed person may give.
        AdviceWording => "advice_wording",
        /// A link that the evidence doesn't carry.
        UnknownLink => "unknown_link",
        /// Markup that could run in a browser, or that no reader sees.
        ActiveMarkup => "active_markup",
        /// What moderation finds: contempt, threats, oaths.
        Unfit => "unfit",
        /// An order that only fraudsters give: a code for somebody, money into a "safe account", gift cards.
        Order => "order",
    }
}

/// A piece of personal data: code points of the original text, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: PersonalType,
    /// How sure the recogniser is, 0 to 1.
    pub score: f64,
    /// For counting; there with a key of tokens, and never of secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// A secret by its type, or because it stands where one was spoken of: no form of it is kept.
    #[serde(default, skip)]
    pub secret: bool,
}

/// The judgement on prompt injection.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Injection {
    /// 0 to 1.
    pub score: f64,
    /// Whether the score reached the threshold.
    pub blocked: bool,
    /// Stable ids of the rules that spoke, heaviest first.
    pub reasons: Vec<String>,
}

/// The judgement on content.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Moderation {
    /// Whether any category applies.
    pub flagged: bool,
    /// Those that apply, in order of declaration.
    pub categories: Vec<ModerationCategory>,
}

impl Moderation {
    /// Whether the message is refused for it. An oath alone is not: an angry customer is a customer.
    /// Self-harm never is, whatever stands beside it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        use ModerationCategory as C;
        !self.categories.contains(&C::SelfHarm)
            && self.categories.iter().any(|c| matches!(c, C::Hate | C::Threat | C::Sexual | C::Violence))
    }
}

/// What the door says about a message without the message itself: it travels beside the masked text to whoever goes
/// on with it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    /// As in [`Inspected`].
    pub spans: Vec<Span>,
    /// As in [`Inspected`].
    pub injection: Injection,
    /// As in [`Inspected`].
    pub moderation: Moderation,
    /// As in [`Inspected`].
    pub refusal: Option<Refusal>,
    /// As in [`Inspected`].
    pub rules: Vec<String>,
}

/// What the door says about a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// The message as it may be kept and sent.
    pub masked: Masked,
    /// Where personal data stood in the original.
    pub spans: Vec<Span>,
    /// Prompt injection.
    pub injection: Injection,
    /// Moderation.
    pub moderation: Moderation,
    /// Set when the message is to be answered with a refusal.
    pub refusal: Option<Refusal>,
    /// Ids of all rules that spoke, for whoever reviews it: patterns, injection, moderation.
    pub rules: Vec<String>,
    /// The message without its values, and the values, until they have the numbers of their conversation.
    pub(crate) cut: Cut,
}

impl Inspected {
    /// What it says, without the message.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict {
            spans: self.spans.clone(),
            injection: self.injection.clone(),
            moderation: self.moderation.clone(),
            refusal: self.refusal,
            rules: self.rules.clone(),
        }
    }

    /// The same message again, from its masked text and what was said of it; its placeholders have their numbers.
    #[must_use]
    pub fn again(masked: Masked, verdict: Verdict) -> Inspected {
        let Verdict { spans, injection, moderation, refusal, rules } = verdict;
        Inspected { masked, spans, injection, moderation, refusal, rules, cut: Cut::default() }
    }

    /// Numbers the placeholders of the message as its conversation does, and forgets the values; whether
    /// `placeholders` has changed and must be kept. Call it where the conversation is locked, so that no number
    /// is given twice: it only looks numbers up. A second call finds nothing to do.
    #[must_use = "what has changed must be kept"]
    pub fn number(&mut self, placeholders: &mut Placeholders) -> bool {
        let cut = std::mem::take(&mut self.cut);
        // What a person wrote in the form of a placeholder is nobody's number.
        let written: Vec<_> = cut.written().collect();
        let mut changed = placeholders.behind(&written);
        let mut numbering = placeholders.numbering();
        if cut.values().next().is_some() {
            self.masked = cut.masked(&mut numbering);
        }
        let keepable = Keepable::among(cut.values());
        for (kind, value, _) in cut.values() {
            let (number, _) = numbering.number(kind, value);
            changed |= placeholders.take(kind, value, number, keepable.has(kind, value));
        }
        changed
    }

    /// Whether [`Inspected::number`] has anything to do.
    #[must_use]
    pub fn has_placeholders(&self) -> bool {
        !self.spans.is_empty() || self.cut.written().next().is_some()
    }

    /// Forgets the values; the placeholders keep the numbers of a text of its own.
    pub fn forget_values(&mut self) {
        self.cut = Cut::default();
    }

    /// Adds what another moderation found. It can refuse a message and never lets one through that was refused;
    /// but where it hears self-harm, what was refused for its wording is not: a person takes over.
    pub fn join(&mut self, more: &[ModerationCategory]) {
        let categories = &mut self.moderation.categories;
        categories.extend(more);
        categories.sort_unstable();
        categories.dedup();
        self.moderation.flagged = !categories.is_empty();
        self.refusal = match (self.refusal, self.moderation.refuses()) {
            (None | Some(Refusal::Moderation), true) => Some(Refusal::Moderation),
            (None | Some(Refusal::Moderation), false) => None,
            (other, _) => other,
        };
    }
}

/// The shape of `contactiq guard scan`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Scan {
    /// Where personal data stands.
    pub spans: Vec<Span>,
    /// The text without it.
    pub masked: Masked,
    /// Prompt injection.
    pub injection: Injection,
    /// Moderation.
    pub moderation: Moderation,
}

/// One thing that the output guard found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OutputFinding {
    /// What.
    pub kind: OutputFindingKind,
    /// By which rule, or which type of personal data; never the text itself.
    pub detail: String,
}

/// What a model's text is held against. It is never printed: marks are secrets of a request.
#[derive(Clone, Default)]
pub struct Held {
    /// What it may repeat: the passages that the model was given.
    pub evidence: Vec<Published>,
    /// What it was told to do.
    pub instructions: Vec<Published>,
    /// Made up for the request, and nobody's business.
    pub marks: Vec<String>,
}

/// A model's text, checked.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OutputVerdict {
    /// What may be shown: personal data that no evidence carries is masked.
    pub text: Masked,
    /// What was found.
    pub findings: Vec<OutputFinding>,
}

/// Input that gets no answer at all. It never carries any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// Nothing, or white space alone.
    #[error("the question is empty")]
    Empty,
    /// Longer than allowed.
    #[error("the text has {got} characters; at most {limit} are allowed")]
    TooLong {
        /// Allowed code points.
        limit: usize,
        /// Code points received.
        got: usize,
    },
    /// Characters that can't be seen, and nothing else.
    #[error("the question has no readable characters")]
    OnlyControlCharacters,
}

impl InputError {
    /// The stable code for clients.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            InputError::Empty => "question_empty",
            InputError::TooLong { .. } => "question_too_long",
            InputError::OnlyControlCharacters => "question_unreadable",
        }
    }

    /// Checks the length before anything is read.
    pub(crate) fn check_length(raw: &Raw, limit: usize) -> Result<(), InputError> {
        let got = raw.chars();
        if got > limit { Err(InputError::TooLong { limit, got }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_as_the_contract_says() {
        let span = Span { start: 1, end: 5, kind: PersonalType::Pin, score: 0.5, token: None, secret: true };
        assert_eq!(serde_json::to_string(&span).unwrap(), r#"{"start":1,"end":5,"type":"PIN","score":0.5}"#);
        assert_eq!(PersonalType::ALL.len(), 22);
    }

    #[test]
    fn an_oath_alone_never_refuses_and_self_harm_never_does() {
        use ModerationCategory as C;
        let m = |categories: &[C]| Moderation { flagged: true, categories: categories.to_vec() };
        assert!(!m(&[C::Profanity]).refuses());
        assert!(m(&[C::Profanity, C::Threat]).refuses());
        assert!(!m(&[C::Violence, C::SelfHarm]).refuses());
    }

    #[test]
    fn another_moderation_adds_categories_and_only_a_cry_lifts_a_refusal() {
        use ModerationCategory as C;
        let of = |own: &[C], refusal: Option<Refusal>, more: &[C]| {
            let moderation = Moderation { flagged: !own.is_empty(), categories: own.to_vec() };
            let injection = Injection::default();
            let masked = Masked::empty();
            let (spans, rules, cut) = (Vec::new(), Vec::new(), Cut::default());
            let mut door = Inspected { masked, spans, injection, moderation, refusal, rules, cut };
            door.join(more);
            (door.moderation.categories, door.refusal)
        };
        assert_eq!(of(&[], None, &[]), (vec![], None));
        assert_eq!(
            of(&[C::Profanity], None, &[C::Hate]),
            (vec![C::Profanity, C::Hate], Some(Refusal::Moderation))
        );
        let refused = Some(Refusal::Moderation);
        assert_eq!(of(&[C::Threat], refused, &[]), (vec![C::Threat], refused));
        assert_eq!(of(&[C::Threat], refused, &[C::SelfHarm]), (vec![C::Threat, C::SelfHarm], None));
        assert_eq!(of(&[], None, &[C::Violence, C::SelfHarm]).1, None, "self-harm never refuses");
        let attack = Some(Refusal::Injection);
        assert_eq!(of(&[], attack, &[C::SelfHarm]).1, attack);
    }

    #[test]
    fn every_input_error_has_its_own_code() {
        let all =
            [InputError::Empty, InputError::TooLong { limit: 1, got: 2 }, InputError::OnlyControlCharacters];
        let codes: std::collections::BTreeSet<_> = all.iter().map(InputError::code).collect();
        assert_eq!(codes.len(), all.len());
    }
}
