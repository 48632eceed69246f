//! Who speaks: words of contempt, threats and sex that a person tells of, and such words in everyday use.
//!
//! A customer who was called a name, is blackmailed with a photograph or asks about a charge from such a shop
//! is a victim or a customer. What is told of is cut out of the text before it is judged, so that a threat
//! beside it still counts: "you called me a …, I will kill you".

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::Regex;

use super::compile;

/// Everyday uses of the words.
const EVERYDAY: &str = r"(?x)\b(?:
  # words that are slurs elsewhere
    chinks?\ (?:in|of)\ (?:\w+\ ){0,2}?(?:armou?r|light|curtains?|blinds?|sunlight|system|security|defen[cs]es?|wall|fence|door)
  | spic(?:k)?\ (?:and|&|n|'?n'?)\ span | spic\ (?:ltd|limited|shares?|stocks?|india|group)
  | (?:maine|raccoon)\ coons? | coon\ (?:cheese|hounds?|cats?|rapids|valley)
  | (?:van|von|offa'?s|devil'?s|dick\ van|mr|mrs|ms|miss|dr)\ (?:dyke|coon|chink|gook) | dyke\ (?:road|rd|street|st|lane|path|close|avenue|ave|parade|terrace)
  | faggots?\ (?:and|n|with|in)\ (?:\w+\ )?(?:peas|gravy|mash|chips|onions?|potato(?:es)?)
  | (?:car|truck|van|ute|gearbox|auto|automatic|manual|new|rebuilt|engine\ and)(?:'s)?\ tranny | tranny\ (?:fluid|oil|repairs?|rebuild|shop|cooler|mount|service)
  | mentally\ retarded | retarded\ (?:son|daughter|child|children|brother|sister|persons?|adults?|growth) | (?:flame|fire|rust|growth)\ retard\w*
  | (?:to|from|named|payee|friend|brother|cousin|uncle|husband|dear|senor|señor|mr)\ kike
  | (?:i'?m|i\ am|feel\ like|felt\ like|feeling\ like|look\ like)\ (?:(?:just|only|such|also|really|being|like|a\ bit\ of|probably|clearly)\ )*an?\ (?:\w+\ )?(?:retard|dyke|tranny|coon|nigga|faggot|chink|paki)
  | (?:these|those|two|three|both|some)\ (?:\w+\ ){1,3}?are\ (?:all\ )?(?:thieves|scammers|criminals|fraudsters|frauds|crooks|liars|cheats|con\ ?men)
  | te\ paki | paki\ paki | kentucky\ wetback
  # threats that are none
  | (?:will|'ll|to|gonna|could|can|would|i'd)\ shoot\ (?:you|u|ya|them|him|her|someone|somebody|everyone|the\ \w+)\ (?:\w+\ )?(?:an?|another|over|through|across|off|the|my|some)\ (?:\w+\ )?(?:e-?mails?|messages?|texts?|sms|notes?|lines?|dms?|photos?|pictures?|screenshots?|cop(?:y|ies)|repl(?:y|ies)|query|questions?|reminders?|pdfs?|documents?|details)
  | (?:kill|die|murder)\ for\ (?:an?|some|someone|somebody|one|people|the)\b
  | (?:beat|break|end|destroy|smash|burn|kill|hunt)\ (?:the|this|that|my|your)\ (?:card|account|contract|relationship|bank(?:'s|\ (?:statements?|cards?|details|accounts?|letters?|fees?|rates?|relationship|mandates?|records?|transfers?|holidays?))|branch(?:'s|\ account))
  | (?:end|break|destroy|burn|attack|beat|hunt)\ (?:him|her|them|someone|somebody|people)(?:'s|s')?\ (?:\w+\ )?(?:access|authority|card|cards|account|accounts|mandate|subscription|membership|contract|loan|lease|rate|rates|price|offer|record)
  | (?:i'd|i'll|i\ will|i'm\ going\ to|could|would)\ (?:beat|end)\ (?:you|them|him|her|people)\ (?:to|up\ (?:\w+ing|with|in|at))
  | break\ (?:it|this|the\ news)\ to\ (?:you|him|her|them)
  | bomb\ (?:threats?|scares?|hoax\w*|disposal|shelters?|alerts?|procedures?) | (?:bath|seed|cherry|sex|photo|glitter|smoke|water|flea|jager|jäger)\ ?bombs?
  | life\ (?:insurance|cover|assurance|savings|policy|time)
  | (?:he|she|they|(?:my|the|his|her|our|an?|that|some)\ (?:\w+\ ){0,2}?(?:man|men|woman|guy|lads?|person|people|boys?|robbers?|thief|thieves|ex\w*|husband|wife|boyfriend|girlfriend|partner|son|neighbou?r|landlord|customer|client|gang))(?:'s|'ve|'d|'ll)?\ (?:(?:has|had|have|is|was|will|would|might|may|could|just|then|always|keeps?)\ )*(?:come|coming|came|bring|brought)
  # weapons and bodies that are none
  | (?:nail|glue|heat|massage|spray|paint|staple|water|nerf|toy|caulking|grease|rivet|speed|radar|temperature|price|label|tattoo|bb|top|hired)\ guns?
  | (?:guns?|weapons?|arms|defen[cs]e|explosives?)\ (?:safes?|cabinets?|licen[cs]\w*|insurance|shops?|stores?|clubs?|dealers?|permits?|compan(?:y|ies)|makers?|manufacturers?|stocks?|shares|etfs?|industry|range|holsters?)
  | (?:car|exhaust|bike|motorbike|motorcycle|scooter)\ silencer
  | (?:student|strata|governing|regulatory|public|professional|corporate|car|auto|school|foreign)\ (?:governing\ )?bod(?:y|ies) | body\ (?:corporate|shop|fat|hair|wash|lotion|repairs?)
  # parts and acts that are none
  | dick\ (?:smith|'?s\b|sporting|wolf|van|tracy|turpin) | (?:my|uncle|cousin|grandad|grandpa)\ dick\ (?:and|who|has|was|is)
  | pussy\ ?(?:cats?|willows?|riot) | (?:second|off|farm|deck|stage|on|1st|2nd|hired)[\ -]?hand\ jobs?
  | sex\ (?:change|reassignment|offenders?|markers?|education|discrimination|listed|recorded|shown|marked|abuse|crimes?|trafficking)
  | not\ all\ (?:the\ )?(?:\w+\ )?\w+\ are
)";

/// The same for what sounds like despair.
const EVERYDAY_DESPAIR: &str = r"(?x)\b(?:
    overdos\w+\ (?:charges?|fees?|limits?|protection|facilit(?:y|ies)|accounts?|interest|rates?)
  | can'?t\ (?:take|do)\ (?:it|this)\ any\ ?more[\ ,.;:!-]+(?:(?:this\ is\ )?(?:the\ )?(?:second|third|fourth|fifth|sixth|tenth|\d+(?:nd|rd|th)?)\ time|you(?:'ve|\ have|r)?\ (?:locked|blocked|charged|keep|kept|app|website|system|site|staff|phone|line|bank)|your\ \w+|the\ (?:app|website|site|queue|hold\ music|line)|(?:been\ |i'?ve\ been\ )?on\ hold)
  | overdos\w+\ (?:on|of)\ (?:\w+\ ){0,2}?(?:fees?|charges?|paper\w*|e-?mails?|forms?|coffee|caffeine|chocolates?|sugar|netflix|tv|telly|sun\w*|information|info|documents?|documentation|jargon|marketing|ads|adverts?|advertising|notifications?|messages|texts|spam|calls|letters|admin|bureaucracy|red\ tape|questions|shopping|spreadsheets?|numbers|maths?|acronyms|options|choices|christmas|turkey|cake|sweets|pizza|curry|social\ media|instagram|tiktok|screen\ time|work|meetings|music|apps?|passwords|codes|security|kindness|irony|cuteness|politeness|apologies|bingeing|memes)
  | cut(?:ting)?\ my\ ?self\ (?:off|out|short|loose)(?:\ completely|\ entirely)?\ (?:from|of)\ (?:\w+\ ){0,2}?(?:shopping|spending|credit|cards?|loans?|borrowing|gambling|betting|amazon|ebay|takeaways?|subscriptions?|social\ media|buying|online|overdrafts?|netflix|uber\w*|klarna|afterpay|buy\ now|casinos?|pokies|alcohol|sugar|coffee|temptation|the\ (?:app|deal|account|contract|card))
  | cut(?:ting)?\ my\ ?self\ (?:a\ (?:deal|break|cheque|check|slice)|some\ slack|shaving|cooking|chopping|slicing|while\ (?:shaving|cooking)|on\ (?:the|your|an?|my)\ (?:\w+\ )?(?:atm|doors?|glass\ door|tin|paper|card|machine|counter|envelope|gate|fence|shelf))
  | can'?t\ (?:go\ on|take\ it\ on)\ (?:\w+\ )?(?:holidays?|vacations?|leave|honeymoon|trips?|cruises?|tours?|flights?|planes?|trains?|dates?|online|the\ (?:app|website|web\ site|site|internet|portal|computer|phone|page|bus|next)|my\ (?:phone|computer|laptop|account|app|netbank\w*|ipad)|your\ (?:app|website|site|page|portal)|internet|netbank\w*|to\ (?:the|your|my|step|page)|with(?:out)?\ (?:the|this|my|an?|your)\ (?:\w+\ )?(?:application|transaction|payment|process|form|card|purchase|booking|order|code|step|registration|setup))
)\b";

/// The message is of a crime, a purchase or a report: what it names is not asked for.
const CONCERNS: &str = r"(?x)\b(?:
    black\ ?mail\w* | s?extort\w* | ransom\w* | catfish\w* | revenge\ porn | deep\ ?fakes? | scam\w* | fraud\w* | hack\w* | phish\w* | stalk\w* | harass\w*
  | abus(?:e|ed|er|ers|ive|ing) | assault\w* | raped? | rapists? | molest\w* | groom(?:ed|ing|er) | traffick\w* | threat\w* | police | victims? | survivors?
  | complain\w* | unsolicited | unwanted | forced | without\ (?:my|her|his|our|their|any)\ (?:\w+\ )?(?:consent|permission|knowledge)
  | charg(?:e|es|ed|ing) | charge\ ?backs? | transactions? | payments? | paid | pay(?:ing)? | subscri\w+ | debit\w* | bill(?:ed|ing|s)? | refund\w* | disput\w+ | merchants? | purchas\w+
  | memberships? | statements? | order(?:s|ed)? | bought | cancel\w* | renew\w* | invoice\w* | deduct\w* | block(?:ed|ing|s)? | parental | money | bitcoin | crypto\w* | gift\ cards? | transfer(?:red)?
  | (?:on|from|to|in|off|by|using|with|against)\ (?:my|our|her|his|the\ kids?'?)\ (?:\w+\ ){0,2}?(?:cards?|accounts?|bill|credit|debit|phone|laptop|computer|bank|name)
  | exposed | flashed | groped | saw | caught | (?:in|at|outside|near)\ (?:the|your|my|our)\ (?:\w+\ )?(?:branch|lobby|atm|office|bank|queue|shop|store)
  | donat\w+ | relief\ fund | memorial | charity | appeal | injured | wounded | (?:was|were|got|been)\ hurt | killed | died | witness\w* | trauma\w* | counsell\w* | anniversary | compensation
  | (?:he|she|they|it|someone|somebody|stranger|man|woman|guy|girl|boy|person|people|ex|husband|wife|boyfriend|girlfriend|partner|boss|manager|teller|staff|colleague|caller|neighbou?r|landlord|flatmate|customer|client|sender|page|site|link|website|email|message|account|number|ad|advert|film|movie|news|story|post|article|game)(?:'s|'ve|\ who)?\ (?:\w+\ ){0,2}?(?:has|have|had|got|took|takes|taken|sent|sends|sending|posts?|posted|posting|leak\w*|shar\w+|publish\w*|record\w*|film\w*|made|makes|fak\w+|edit\w*|upload\w*|wants?|wanted|demands?|demanded|asks?|asked|asking|claims?|says|said|keeps?|shows?|showed|contains?|opened|watch\w*|found)
  | (?:photos?|pictures?|pics?|images?|videos?|nudes|selfies?|clips?|footage)\ of\ (?:me|us|myself|my\ \w+|our\ \w+|her|him)
)\b";

/// How much of the text behind an opening is told of.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    /// A name that somebody was called.
    Name,
    /// What somebody said, did or wants.
    Speech,
}

struct Opening {
    told: Told,
    /// It opens nothing where the writer is the one who did it: "I called him …".
    of_others: bool,
    pattern: &'static str,
}

const OPENINGS: &[Opening] = &[
    Opening {
        told: Told::Name,
        of_others: false,
        pattern: r"\bcall(?:s|ed|ing)? (?:me|us)\b|\b(?:labell?ed|branded|nicknamed|named) (?:me|us)\b|\b(?:was|were|been|being|be|am|got|get|getting) (?:\w+ )?(?:called|labell?ed|branded|nicknamed|referred to as|described as|addressed as|sworn at)\b|\b(?:the|an?|this|that|racial|racist|homophobic|some|used|using|uses|with|heard) (?:\w+ )?(?:words?|terms?|slurs?|insults?|nicknames?)\b(?: (?:said|says|was|is|like|such as))*|\b(?:names|words|things|insults|slurs) like\b",
    },
    Opening {
        told: Told::Name,
        of_others: true,
        pattern: r"\bcall(?:s|ed|ing)? (?:him|her|them|people|customers|someone|(?:my|our|a|an|another|the|his|her) (?:\w+ )?(?:wife|husband|son|daughter|kids?|child|children|mum|mom|mother|dad|father|brother|sister|partner|friend|family|staff|colleague|boss|customer|client|man|woman|lady|person))\b",
    },
    Opening {
        told: Told::Speech,
        of_others: true,
        pattern: r"\b(?:(?:that|which|who|they|people) say|said|says|saying|told|tells|telling|texted|texts|texting|messaged|messages|messaging|wrote|writes|writing|shouted|shouts|shouting|screamed|screams|screaming|yelled|yells|yelling|muttered|whispered|threatened|threatens|threatening|warned|warns|claimed|claims|claiming|sent|sends|sending|e?mailed|posted|posts|posting|commented|replied|replies|asked|asks|asking|demanded|demands|demanding|wants|wanted|begged|forced|made|tricked|convinced|persuaded|offered|offers|tried|tries|reads|sexted|descriptions?|references?|narrations?|remarks?|memos?|captions?)\b(?: (?:to|at|of))?(?: (?:me|us|him|her|them|everyone|people|customers|(?:my|our|his|her|the) \w+))?(?: (?:that|to|for|with|into|on|about|says|said|is|was|like|saying))*",
    },
];

struct Compiled {
    everyday: Regex,
    everyday_despair: Regex,
    concerns: Regex,
    openings: Vec<(Told, bool, Regex)>,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| Compiled {
    everyday: compile(EVERYDAY),
    everyday_despair: compile(EVERYDAY_DESPAIR),
    concerns: compile(CONCERNS),
    openings: OPENINGS.iter().map(|o| (o.told, o.of_others, compile(o.pattern))).collect(),
});

/// Builds the tables, so that the first message doesn't wait for them.
pub(super) fn prepare() {
    LazyLock::force(&COMPILED);
}

/// The lower-case text without the everyday uses of its words.
pub(super) fn without_everyday(text: &str) -> Cow<'_, str> {
    COMPILED.everyday.replace_all(text, "…")
}

/// The lower-case text without what only sounds like despair.
pub(super) fn without_everyday_despair(text: &str) -> Cow<'_, str> {
    COMPILED.everyday_despair.replace_all(text, "…")
}

/// Whether the lower-case text is about a crime, a purchase or a report.
pub(super) fn concerns(text: &str) -> bool {
    COMPILED.concerns.is_match(text)
}

/// The lower-case text without what it tells of others.
pub(super) fn without_told(text: &str) -> Cow<'_, str> {
    let mut told: Vec<Range<usize>> = Vec::new();
    for (kind, of_others, pattern) in &COMPILED.openings {
        for found in pattern.find_iter(text) {
            let own = *of_others && (is_first_person(&text[..found.start()]) || addresses(text, found.end()));
            if !own {
                told.push(found.end()..found.end() + told_length(&text[found.end()..], *kind));
            }
        }
    }
    if told.is_empty() {
        return Cow::Borrowed(text);
    }
    told.sort_unstable_by_key(|range| range.start);
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for range in told {
        if range.end > at {
            left.push_str(&text[at..range.start.max(at)]);
            left.push('…');
            at = range.end;
        }
    }
    left.push_str(&text[at..]);
    Cow::Owned(left)
}

/// The writer himself is the subject of what follows.
fn is_first_person(before: &str) -> bool {
    const BETWEEN: &[&str] = &[
        "just", "also", "already", "have", "had", "never", "always", "even", "then", "only", "will", "would",
        "did", "am", "keep", "again", "'ve", "once",
    ];
    let subject = before.split_whitespace().rev().take(4).find(|word| !BETWEEN.contains(word));
    subject.is_some_and(|word| {
        matches!(word, "i" | "we" | "i've" | "we've" | "i'd" | "we'd" | "i'm" | "im" | "ive" | "i'll")
    })
}

/// "… told you": said to the bank, and so by the writer.
fn addresses(text: &str, at: usize) -> bool {
    matches!(text[at..].split_whitespace().next(), Some("you" | "u" | "you," | "ya"))
}

/// Longest stretch that one opening accounts for, in bytes.
const LONGEST: usize = 300;

/// How many bytes of what follows an opening are told of.
fn told_length(rest: &str, kind: Told) -> usize {
    let mut end = rest.len().min(LONGEST);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    let rest = &rest[..end];
    let lead = rest.len() - rest.trim_start_matches([' ', ':', '-', ',', '=', '.']).len();
    let said = &rest[lead..];
    for quote in ['"', '\''] {
        if let Some(quoted) = said.strip_prefix(quote) {
            return lead + 1 + closing(quoted, quote).unwrap_or_else(|| sentence(quoted));
        }
    }
    if lead < rest.len() && rest[..lead].contains(['.', ',', '-']) {
        return 0;
    }
    lead + clause(&said[..sentence(said)], kind)
}

/// Where a quotation ends: a mark with no letter behind it.
fn closing(quoted: &str, quote: char) -> Option<usize> {
    quoted
        .match_indices(quote)
        .find(|(at, _)| !quoted[at + 1..].starts_with(char::is_alphanumeric))
        .map(|(at, _)| at)
}

fn sentence(text: &str) -> usize {
    text.find(['.', '!', '?', '\n', ';']).unwrap_or(text.len())
}

/// The bytes of a sentence up to where its writer speaks for himself again.
fn clause(sentence: &str, kind: Told) -> usize {
    let first_person =
        |word: &str| matches!(word, "i" | "i'll" | "i'm" | "im" | "ill" | "i'd" | "imma" | "we" | "we'll");
    let mut before = "";
    // "he said if you don't pay i will …": one more subject belongs to what was said.
    let mut more =
        matches!(sentence.split_whitespace().next(), Some("if" | "unless" | "pay" | "send" | "give"));
    let quotes_himself = sentence.split_whitespace().next().is_some_and(first_person);
    let mut at = 0;
    for (number, piece) in sentence.split_inclusive(' ').enumerate() {
        let word = piece.trim().trim_matches(|c: char| !c.is_alphanumeric() && c != '\'');
        let stops = match word {
            "so" | "but" | "because" | "now" => true,
            "you" | "u" | "your" | "you're" | "gonna" => kind == Told::Name,
            word if first_person(word) && number > 0 => {
                let goes_on = kind == Told::Speech
                    && (more || quotes_himself && matches!(before, "and" | "or" | "that"));
                more = false;
                !goes_on
            }
            _ => kind == Told::Name && number >= 12,
        };
        if stops {
            return at;
        }
        at += piece.len();
        if piece.trim_end().ends_with(',') {
            return at;
        }
        before = word;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_goes_and_what_is_said_stays() {
        for (text, left) in [
            ("your teller called me a retard", "your teller called me…"),
            ("i was called a coon, please help", "i was called…please help"),
            ("you called me a faggot so i will kill you", "you called me…so i will kill you"),
            ("he said i will kill you and i will find you", "he said…"),
            ("the teller told me no i will kill her", "the teller told me…i will kill her"),
            ("he said if you dont pay i will kill you", "he said…"),
            ("my ex wrote \"i will kill you\" on a transfer", "my ex wrote…\" on a transfer"),
            ("i called him a retard", "i called him a retard"),
            ("i told you i will kill you", "i told you i will kill you"),
            ("what is the fee", "what is the fee"),
        ] {
            assert_eq!(without_told(text), left, "{text}");
        }
    }

    #[test]
    fn a_long_text_ends() {
        let text = "he said i will ".repeat(20_000);
        assert!(without_told(&text).len() < text.len());
        assert_eq!(without_told(&"é".repeat(400)), "é".repeat(400));
    }
}
