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

/// The same cry elsewhere. Scripts without gaps are matched anywhere, the others by words.
pub(super) const LANGUAGES: &[&str] = &[
    // Spanish, Portuguese, Italian, French
    r"\b(?:quiero morir|me quiero morir|me quiero matar|quiero matarme|quitarme la vida|suicidar(?:me|se)|no quiero (?:seguir )?viv\w+|ganas de morir|acabar con mi vida)\b",
    r"\b(?:quero morrer|me matar|tirar (?:a )?minha vida|suicidar-me|nao quero (?:mais )?viver|nao aguento mais viver|acabar com a minha vida)\b",
    r"\b(?:voglio morire|non voglio (?:piu )?vivere|uccidermi|ammazzarmi|suicidarmi|farla finita|togliermi la vita)\b",
    r"\b(?:je (?:veux|voudrais) mourir|envie de mourir|me suicider|me tuer|en finir avec la vie|mettre fin a mes jours)\b",
    // German, Dutch, Afrikaans, Swedish
    r"\b(?:(?:ich )?will (?:nicht mehr leben|sterben)|moechte sterben|mochte sterben|mich umbringen|bringe? mich um|mir das leben nehmen|selbstmord|suizid)\b",
    r"\b(?:(?:ik )?wil dood|zelfmoord|niet meer leven|nie (?:meer|langer) lewe|selfmoord|wil doodgaan|vill do\b|sjalvmord|ta mitt liv)\b",
    // Polish, Turkish, Indonesian and Malay, Tagalog, Vietnamese
    r"\b(?:chce umrzec|zabic sie|samoboj\w*|olmek istiyorum|intihar|ingin mati|mau mati|nak mati|bunuh diri)\b",
    r"\b(?:gusto ko na(?:ng)? mamatay|magpakamatay|muon chet|tu tu|tu sat)\b",
    // Hindi and Urdu in Latin letters, Punjabi, Swahili, Zulu
    r"\b(?:mar ?na chah?ta|mar ?na chah?ti|mar jaa?na chah?t[ai]|khud ?kushi|khudkhushi|aatma ?hatya|atmahatya|jeena nahi (?:hai|chah?t[ai]))\b",
    r"\b(?:nataka kufa|kujiua|ngifuna ukufa|ukuzibulala)\b",
    // Hindi, Bengali, Tamil, Urdu and Arabic, Persian
    "मरना चाहत|मर जाना चाहत|आत्महत्या|जीना नहीं चाहत|মরতে চাই|আত্মহত্যা|தற்கொலை|சாக விரும்பு",
    "خودکشی|خودكشي|مرنا چاہت|أريد أن أموت|اريد ان اموت|انتحار|أنتحر|انتحر|میخواهم بمیرم",
    // Chinese, Japanese, Korean, Thai
    "想死|自杀|自殺|不想活|轻生|輕生|死にたい|消えたい|죽고 ?싶|자살|อยากตาย|ฆ่าตัวตาย",
    // Russian, Ukrainian, Greek, Hebrew
    "хочу умереть|хочу померти|покончить с собой|самоуби|самогуб|не хочу (?:больше )?жить|не хочу жити|убить себя|θέλω να πεθάνω|θελω να πεθανω|αυτοκτον|רוצה למות|להתאבד|התאבדות",
];

/// Honest sentences that carry the words.
pub(super) const HONEST: &str = r"(?x)\b(?:
    overdos\w+\ (?:on|of)\ (?:fees|charges|paperwork|emails)
  | (?:kill(?:ing)?|kid(?:ding)?)\ myself\ (?:laughing|into)
  | kid(?:ding)?\ (?:myself|my\ self)
  | suicide\ (?:squad|prevention|awareness|clause|exclusion|cover|module|training|door|policy|line)
  | die\ (?:of\ )?laughing
  | (?:take|taking|end|ending)\ my\ life\ (?:insurance|cover|policy|savings|assurance)
  | want(?:ed)?\ to\ die\ (?:of|from|with)\ (?:embarrassment|shame|laughter|laughing)
  | want\ to\ live\ (?:in|at|with|on|near|under|off|here|there|abroad|overseas|closer|together)
)\b";
