//! The phrases of a cry for help, by hand: (phrase, slips allowed, last letters that must be exact,
//! whether the sentence must end behind it).

const fn phrase(text: &'static str, slips: u8, exact: usize) -> (&'static str, u8, usize, bool) {
    (text, slips, exact, false)
}

/// Only where nothing follows in the sentence: "i want to dye" is a slip, "to dye my hair" is not.
const fn at_end(text: &'static str) -> (&'static str, u8, usize, bool) {
    (text, 0, 0, true)
}

pub(super) const PHRASES: &[(&str, u8, usize, bool)] = &[
    phrase("want to die", 1, 3),
    phrase("wants to die", 1, 3),
    phrase("wanted to die", 1, 3),
    phrase("want die", 0, 0),
    phrase("wanna die", 1, 3),
    phrase("wana die", 0, 0),
    phrase("wanna dead", 0, 0),
    phrase("ready to die", 0, 3),
    phrase("hope i die", 0, 0),
    phrase("let me die", 0, 0),
    phrase("wish i could die", 1, 3),
    phrase("better if i died", 1, 4),
    phrase("better if i was dead", 1, 4),
    phrase("better if i was gone", 1, 4),
    phrase("want to be dead", 1, 4),
    phrase("wanna be dead", 1, 4),
    phrase("wish i was dead", 1, 4),
    phrase("wish i were dead", 1, 4),
    phrase("wish i was never born", 1, 4),
    phrase("better off dead", 1, 4),
    phrase("better off without me", 1, 2),
    at_end("want to dye"),
    at_end("wanna dye"),
    at_end("want to dy"),
    phrase("kill myself", 1, 0),
    phrase("killing myself", 1, 0),
    phrase("kill me self", 1, 0),
    phrase("kill mself", 0, 0),
    phrase("hang myself", 0, 0),
    phrase("hanging myself", 0, 0),
    phrase("drown myself", 0, 0),
    phrase("shoot myself", 0, 0),
    phrase("harm myself", 0, 0),
    phrase("hurt myself", 0, 0),
    phrase("starve myself", 0, 0),
    phrase("unalive myself", 1, 0),
    phrase("unalive", 0, 0),
    phrase("unaliving", 0, 0),
    phrase("unlive", 0, 0),
    phrase("unliving", 0, 0),
    phrase("kmsing", 0, 0),
    phrase("gonna kms", 0, 0),
    phrase("wanna kms", 0, 0),
    phrase("want to kms", 0, 0),
    phrase("going to kms", 0, 0),
    phrase("imma kms", 0, 0),
    phrase("ill kms", 0, 0),
    phrase("might kms", 0, 0),
    phrase("just kms", 0, 0),
    phrase("sewerslide", 0, 0),
    phrase("suicide", 1, 0),
    phrase("suicidal", 1, 0),
    phrase("suicidality", 1, 0),
    phrase("commit suicide", 2, 0),
    phrase("self harm", 1, 0),
    phrase("self harming", 1, 0),
    phrase("end my life", 1, 4),
    phrase("end my own life", 1, 4),
    phrase("ending my life", 1, 4),
    phrase("end my lyfe", 0, 0),
    phrase("end this life", 0, 0),
    phrase("end it all", 0, 0),
    phrase("ending it all", 0, 0),
    phrase("end it tonight", 0, 0),
    phrase("ending it tonight", 1, 0),
    phrase("end things for good", 0, 0),
    phrase("take my own life", 1, 4),
    phrase("take my life", 0, 0),
    phrase("taking my life", 0, 0),
    phrase("taking my own life", 1, 4),
    phrase("jump off a bridge", 0, 0),
    phrase("jump off the bridge", 0, 0),
    phrase("dont want to live", 1, 4),
    phrase("do not want to live", 1, 4),
    phrase("dont wanna live", 1, 4),
    phrase("no longer want to live", 1, 4),
    phrase("dont want to wake up", 1, 6),
    phrase("dont wanna wake up", 1, 6),
    phrase("dont want to exist", 1, 5),
    phrase("dont want to be alive", 1, 5),
    phrase("dont want to be here anymore", 1, 5),
    phrase("dont wanna be here anymore", 1, 5),
    phrase("no reason to live", 1, 4),
    phrase("nothing to live for", 1, 3),
    phrase("nothing left to live for", 1, 3),
    phrase("tired of living", 1, 6),
    phrase("life isnt worth living", 1, 6),
    phrase("not worth living", 1, 6),
];

/// The longest of `HEADS` and `TAILS`, in letters.
pub(super) const LONGEST: usize = 8;

/// Letters that hang before or behind a glued cry: "iwanttodienow".
pub(super) const HEADS: &[&str] = &[
    "i", "im", "ijust", "ireally", "ireaiiy", "just", "so", "and", "imgonna", "gonna", "iwantto", "iwanna",
    "wantto", "wanna", "iam", "ino",
];
pub(super) const TAILS: &[&str] =
    &["now", "tonight", "today", "rn", "pis", "piease", "soon", "aiready", "anymore", "aswell"];

/// Honest sentences that carry the words.
pub(super) const HONEST: &str = r"(?x)\b(?:
    overdos\w+\ (?:charges?|fees?|limits?|protection|facilit(?:y|ies)|accounts?|interest|rates?)
  | (?:cover(?:s|ed)?|includ(?:e|es|ed)|exclud(?:e|es|ed)|pays?|paid|claim(?:s|ed)?|payouts?)\ (?:out\ )?(?:for\ |on\ |in\ case\ of\ |in\ the\ event\ of\ |after\ )?(?:a\ |death\ by\ )?suicide
  | (?:fees?|rates?|prices?|costs?|interest|repayments?|terms|charges?)\ (?:\w+\ )?(?:is|are|was|were|would\ be)\ (?:\w+\ )?suicide
  | suicide\ (?:(?:is|are|be|not|also|always|still)\ )*(?:excluded|covered|included|exempt)
  | (?:financial|commercial|career|political|business|professional)\ suicide
  | (?:polic(?:y|ies)|procedures?|training|guidelines|guidance|process|modules?|course)(?:\ (?:on|for|about|who|what|how|see|sees|handle|handles|handling|with|of|the|in|to|when|if|where|report|reports|reporting|and|around|regarding|customers?|people|someone|clients?|callers?|staff|employees|agents|colleagues|advisers|talk|talks|talking|mention|mentions|mentioning|show|shows|signs?|thoughts?|is|are|at|risk)){0,10}\ (?:self[\ -]?harm\w*|suicid\w+)
  | overdos\w+\ (?:on|of)\ (?:fees|charges|paperwork|emails)
  | (?:kill(?:ing)?|kid(?:ding)?)\ myself\ (?:laughing|into)
  | kid(?:ding)?\ (?:myself|my\ self)
  | suicide\ (?:squad|awareness|clause|exclusion|module|training|door|policy)
  | suicide\ prevention\ (?:\w+\ ){0,2}?(?:walk|run|day|week|month|charity|charities|donations?|fund\w*|appeal|foundation|event|organi[sz]ations?|training|module|policy)
  | die\ (?:of\ )?laughing
  | (?:take|taking|end|ending)\ my\ life\ (?:insurance|cover|policy|savings|assurance)
  | want(?:ed)?\ to\ die\ (?:of|from|with)\ (?:embarrassment|shame|laughter|laughing|boredom|old\ age)
  | tired\ of\ living\ (?:with\ (?:my|the|his|her|our)\ (?:parents|in-?laws|mum|mom|mother|dad|father|flatmates?|roommates?|housemates?|family)|(?:in|at)\ (?:an?|my|this|the|our|rented)\ (?:\w+\ ){0,2}?(?:house|flat|unit|apartment|rental|place|room|share\ house)|pay\ ?(?:check|cheque|day)?\ ?to\ pay)
  | want\ to\ live\ (?:in|at|with|on|near|under|off|here|there|abroad|overseas|closer|together)
)\b";
