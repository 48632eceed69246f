//! What attacks on a model have in common, as weighted patterns over lower-case text.
//!
//! A weight is a step on the logistic scale: about 3.5 blocks by itself, 2 needs a companion.
//! What the same words mean in an honest question is taken out before (see `honest`).

mod wording;

use std::sync::LazyLock;

use regex::Regex;

use super::languages::LANGUAGES;
use crate::patterns::compiled;
use wording::WORDING;

/// One pattern with its stable id.
pub(super) struct Feature {
    pub(super) id: &'static str,
    pub(super) weight: f64,
    pub(super) pattern: Regex,
}

pub(super) const fn f(
    id: &'static str,
    weight: f64,
    pattern: &'static str,
) -> (&'static str, f64, &'static str) {
    (id, weight, pattern)
}

/// Ids are stable: reviews and reports name them.
const FEATURES: &[(&str, f64, &str)] = &[
    // -- setting the instructions aside --
    f(
        "override/instructions",
        4.2,
        r"\b(?:ignor\w*|disregard\w*|forget|forgot|overrid\w*|bypass\w*|overrul\w*|disobey\w*|neglect|discard|abandon|overlook|circumvent|pay no attention to|do not (?:follow|obey|adhere)|don'?t (?:follow|obey)|stop (?:following|obeying)|no longer (?:follow|obey|bound)|set aside|put aside|drop|erase|delete|wipe|reset|unlearn|throw (?:away|out))\b[^.!?\n]{0,60}?\b(?:instructions?|instuctions?|prompts?|guidelines?|directives?|guardrails?|programming|safeguards?|system message|conditioning|pre-?prompt|directions|content polic\w+|safety (?:rules|filters?|measures)|commands?)\b",
    ),
    f(
        "override/context",
        3.4,
        r"\b(?:ignor\w*|disregard\w*|forget|overrid\w*|discard|erase)\b (?:about )?(?:all |any |everything |anything |whatever |what |the |your |those |these |of )*\b(?:above|before(?:hand)?|previous(?:ly)?(?: (?:text|context|conversation|orders?|said|stated|tasks?|content|information|statements?|input|assignments?))?|prior|preceding|earlier (?:text|context|instructions)|you (?:were|was|are|have been|been|'ve been) (?:told|taught|given|trained|asked|programmed|said)|you (?:know|learned|learnt)|i (?:said|told you) (?:before|earlier)|told (?:you )?before|said before|been said|came before|context|rules?|restrictions?|constraints|training|persona|assignments?|tasks?)\b",
    ),
    f(
        "override/void",
        3.2,
        r"\b(?:instructions|rules|prompts?|guidelines|restrictions|policies|directives|constraints|safeguards|limitations)\b[^.!?\n]{0,40}\b(?:no longer (?:apply|bind|matter)|(?:are|is) (?:void|cancell?ed|obsolete|lifted|suspended|off|disabled|irrelevant|overridden|removed)|do(?:es)?(?: not|n'?t) (?:apply|matter|count|exist)|(?:should|must|can|may) be (?:ignored|disregarded|forgotten|overridden))",
    ),
    f(
        "override/new",
        2.4,
        r"\b(?:new|updated|real|actual|true|revised|different|additional|following|important|urgent|special) (?:system )?(?:instructions?|directives?|orders?|task|objective|mission|prompt|persona|rules?)\b ?(?:[:;-]|are|is|follow|for you)",
    ),
    f(
        "override/start-over",
        2.2,
        r"\b(?:start (?:over|again|afresh|from scratch)|begin again|let'?s start (?:over|again)|reset (?:yourself|your (?:memory|context|mind))|now (?:listen|let'?s|focus) |clear your (?:memory|context|mind)|new (?:chat|session|conversation) (?:starts|begins))\b",
    ),
    f(
        "prior/qualified",
        1.3,
        r"\b(?:previous|prior|above|earlier|preceding|initial|original|foregoing|existing|system|hidden|secret|built-in|default)(?: \w+){0,2} (?:instructions?|prompts?|directives?|guidelines?|programming|commands?)\b",
    ),
    // -- being somebody else --
    f(
        "role/you-are-now",
        2.8,
        r"\b(?:you are now|you'?re now|you will now|you'?ll now|from (?:now|this point|here) on(?:wards?)?,? (?:you|act|we|all|every|i want|your|respond|answer|ignore|always|pretend|assume)|you are no longer|you are going to (?:be|act|play|pretend)|now you (?:are|will be|act)|henceforth)\b",
    ),
    f(
        "role/act-as",
        1.7,
        r"\b(?:act|behave|respond|answer|reply|speak|talk|write|operate|function|work|pose) (?:as|like) (?:if |though )?(?:you|an? |the |my (?:late |dead |deceased )?(?:grand\w+|mother|girlfriend|friend)|my personal|dan\b|someone|somebody|two)",
    ),
    f(
        "role/pretend",
        2.1,
        r"\b(?:pretend(?:ing)? (?:to be|that|you|we|i)|role-? ?play\w*|imagine (?:you|that you|yourself)|simulat(?:e|ing|ion)|assume the (?:role|identity|persona|character)|take on the (?:role|persona)|play the (?:role|part|character)|you are (?:playing|role)|impersonate|let'?s play a game|adopt the persona|in the role of|your (?:new )?(?:persona|character|role) (?:is|will)|you(?:'re| are) in the \w+ of)\b",
    ),
    f(
        "role/you-are-a",
        1.4,
        r"\b(?:you are|you'?re|your name is|you will be|you act as|i want you to be|you're going to be) (?:an? |the |my |called )?(?:\w+ ){0,3}?(?:ai|a\.i\.|assistant|bot|chatbot|model|expert|hacker|developer|character|engine|machine|robot|terminal|interpreter|compiler|generator|writer|journalist|scientist|poet|pirate|villain|detective|coach|teacher|comedian|philosopher|storyteller|author|agent|employee|programmer|admin\w*)\b",
    ),
    f(
        "role/persona",
        1.6,
        r"\b(?:persona|personality|personalities|alter ego|evil twin|split personality|stay in character|break(?:ing)? character|out of character|in character|drop the (?:\w+ )?(?:act|persona|role))\b",
    ),
    f(
        "role/want-you",
        1.0,
        r"\b(?:i (?:want|need|would like|'?d like) you to|your (?:task|job|goal|mission|purpose|objective) (?:is|will be)|you (?:have|need) to|you (?:must|shall))\b",
    ),
    // -- modes and freedom from rules --
    f(
        "mode/jailbreak",
        3.0,
        r"\b(?:jailbr\w+|jail ?break|do anything now|dan mode|dan \d|as dan\b|named dan\b|developer mode|dev mode|god mode|sudo mode|root mode|debug mode|admin mode|unrestricted mode|opposite mode|evil mode|chaos mode|free mode|unlocked mode|test mode|maintenance mode|training mode|override mode|simulation mode|diagnostic mode|dan\W{0,3}jailbreak|devmode)\b",
    ),
    f(
        "mode/unrestricted",
        2.4,
        r"\b(?:unfiltered|uncensored|unrestricted|unlimited power|amoral|no (?:\w+ ){0,2}(?:restrictions?|filters?|censorship|limitations|ethics|morals|boundaries|guidelines)|without (?:any |all |\w+ )?(?:restrictions?|limitations?|filters?|censorship|rules|ethics|moral\w*|guidelines|disclaimers?|warnings)|free(?:d)? (?:of|from) (?:all |any |the |your |typical )*(?:restrictions?|rules|limits|limitations|confines|constraints|shackles|censorship|filters)|not bound by|break free|broken free|no rules|safety off)\b",
    ),
    f(
        "mode/never-refuse",
        2.0,
        r"\b(?:(?:never|not|cannot|can'?t|don'?t|won'?t|must not|without) (?:ever )?(?:refus\w+|declin\w+|reject\w+|apologi\w+|warn\w*|say (?:no|you can'?t|that you)|mention (?:that|these|this|ai)|censor\w*|moraliz\w+|disclaim\w*|question (?:it|this|me))|(?:always|must|will) (?:comply|obey|agree|answer (?:every|all|any))|no matter what|comply with (?:all|every|any|my)|do (?:exactly )?(?:as|what) i say|obey (?:me|all|my|every)|under any circumstances)\b",
    ),
    f(
        "mode/ai-talk",
        1.3,
        r"\b(?:chat ?gpt|gpt-?\d?|openai|anthropic|language model|\bllm\b|as an ai|ai (?:model|language|assistant|system|chatbot)|artificial intelligence|your (?:creators?|programmers?|developers?|makers|training|code|programming|system)|neural network|token limit|content polic\w+|bard\b|gemini|claude)\b",
    ),
    f(
        "mode/morals",
        1.2,
        r"\b(?:ethic\w*|unethical\w*|moral\w*|immoral\w*|illegal\w*|legality|offensive|harmful|inappropriate|explicit|nsfw|hypothetical\w*|fictional\w*)\b",
    ),
    // -- asking for the prompt --
    f(
        "extract/prompt",
        3.9,
        r"\b(?:reveal|show|print|repeat|output|display|tell|give|share|leak|expose|disclose|dump|recite|write|copy|translate|summari[sz]e|spell|list|what(?:'s| is| are| was| were)|provide|return|echo|paste|describe|quote|read|send|post|expose|state|type|reproduce|restate|rephrase|encode|render)\b[^.!?\n]{0,60}?\b(?:system (?:prompt|message|instructions?)|(?:initial|hidden|secret|original|internal|pre-?|base|first|full|exact|complete|underlying|current) ?(?:system )?(?:prompts?|instructions|directives)|your (?:\w+ ){0,2}prompts?|prompt (?:above|text|you)|(?:text|words|sentences?|lines?|content|message|everything|all|conversation|paragraphs?|context|document) (?:above|before this|preceding)|above (?:text|prompt|instructions|words|content|message)|developer (?:message|prompt|instructions)|preamble|instructions (?:above|verbatim|you (?:were|have|got|received|are)|at the (?:top|beginning|start)|in full|word)|prompt\b)",
    ),
    f(
        "extract/your-rules",
        1.9,
        r"\b(?:reveal|show|print|repeat|output|display|share|leak|expose|disclose|dump|recite|quote|what(?:'s| is| are| were)|tell me|list|give me|copy)\b[^.!?\n]{0,30}\byour (?:\w+ ){0,2}(?:instructions|rules|guidelines|directives|configuration|constraints|programming|restrictions|settings|knowledge base)\b",
    ),
    f(
        "extract/verbatim",
        1.4,
        r"\b(?:verbatim|word[- ]for[- ]word|in a code ?block|inside (?:a )?(?:triple )?backticks|starting (?:with|from) [\x22'\x60]?(?:you are|the|#)|exact wording|character by character|without (?:changing|omitting|modifying)|begin(?:ning)? with [\x22']?you are|complete (?:this|the) sentence)\b",
    ),
    f(
        "extract/were-told",
        2.2,
        r"\b(?:what (?:were|was|are|have) you (?:been )?(?:told|instructed|programmed|asked|given|trained|configured)|i was instructed|you (?:were|have been|are) (?:instructed|programmed|told|configured) (?:to|not|with)|how (?:were|are) you (?:programmed|instructed|configured|prompted)|your (?:instructions|prompt) (?:say|said|start|begin|contain))",
    ),
    f(
        "extract/secrets",
        2.3,
        r"\b(?:reveal|show|print|output|display|share|leak|expose|disclose|dump|give|tell|list|what(?:'s| is| are)|provide|return|send|fetch|read)\b[^.!?\n]{0,50}\b(?:(?:admin|root|master|database|db|server|system|internal|backend|staff|employee) (?:password|credentials?|keys?|access|login|logs?|notes?|data|records?|documents?|emails?|config\w*|tables?)|source code|env(?:ironment)? variables?|connection strings?|schema|api keys?|secret keys?|access tokens?|risk (?:limits?|thresholds?|scores?|models?)|fraud (?:thresholds?|rules|models?|scores?|triggers?)|training data|knowledge base|other (?:customers?|users?|people)|(?:all|every|another|other|any) (?:customer|user|client|account holder)s?'?s?|secret (?:key|code|word|password|information)|confidential)\b",
    ),
    f(
        "extract/people",
        2.2,
        r"\b(?:(?:where|what|how|who|when)\b[^.!?\n]{0,30}\b(?:the user|another (?:user|customer|client)|other (?:users|customers|clients)|previous (?:user|customer|caller))|(?:customers?|users?|clients?) (?:in|from) (?:your|the) (?:database|system|records)|last (?:user|customer|person)(?:'s)? (?:you|said|asked|question|conversation|message))",
    ),
    // -- imitation of markup and of the model's own words --
    f(
        "markup/delimiters",
        3.2,
        r"<\|?/? ?(?:im_start|im_end|system|endoftext|eot_id|start_header_id|user|assistant|human|bos|eos)[^>]{0,20}\|?>|\[/?(?:inst|system|sys|assistant|admin|prompt|context)\b[^\]]{0,30}\]|<</?sys>>|</?(?:system|instructions?|prompt|context|documents?|user_?input|data|rules|admin|evidence|passages?|untrusted\w*)(?: [^>]{0,40})?>",
    ),
    f(
        "markup/roles",
        2.2,
        r"(?:^|\n|[.!?;\x22'\])] ?)\s*(?:#{1,4}\s*)?\W{0,3}(?:system|assistant|developer|admin|root|ai|sysadmin|override|system (?:note|notice|message|update|override|alert|command))\W{0,3} ?(?::|>|=>)",
    ),
    f(
        "markup/headings",
        1.8,
        r"(?:#{2,}|={3,}|-{3,}|\*{3,}|~{3,}|`{3,}|/{4,}|\+{3,}) ?(?:new |end |begin |start )?(?:of )?(?:system|instructions?|instruction|prompt|response|human|assistant|user|task|context|document|input|output|rules|conversation|stop|override)\b|\bend of (?:the )?(?:prompt|context|document|instructions|user (?:input|message|query)|system|conversation|text)\b|\bbegin (?:new |system |admin )(?:prompt|message|session|override|instructions)\b",
    ),
    f(
        "markup/json-roles",
        2.2,
        r#"["']?(?:role|tool|function|tool_calls?|function_call|system_prompt)["']? ?[:=] ?["'{]"#,
    ),
    f(
        "markup/slots",
        0.9,
        r"\[(?:insert|your|input|prompt|output|text|name|request)[^\]]{0,30}\]|\{\{[^}]{0,40}\}\}|\{(?:input|prompt|request|query|output)\}|\$\{[^}]{0,40}\}|\[prompt\]",
    ),
    // -- tools, code, payloads --
    f(
        "tool/call",
        1.8,
        r"\b(?:call|invoke|execute|trigger|use) (?:the |your |a |this )?(?:\w+[ _]){0,2}(?:function|tool|api|command|plugin|shell|terminal|code|script|endpoint)s?\b|\bfunction_call\b|\btool_call|\bos\.system\b|\bsubprocess\b|\beval\(|\bexec\(|\brm -rf\b|\bimport os\b|\bcurl http|\bwget http|\bpowershell\b",
    ),
    f(
        "tool/bank",
        2.0,
        r"\b(?:transfer_\w+|approve_\w+|get_\w+|set_\w+|delete_\w+|update_\w+|refund_\w+)\b ?\(|\b(?:admin|system|internal) (?:tool|function|api|panel|console|command|access)\b|\bgrant (?:me|this user|yourself) (?:full |admin |root )?access\b",
    ),
    f(
        "payload/encoded",
        1.6,
        r"\b(?:base ?64|rot-?13|caesar|morse|hexadecimal|binary code|pig latin|leetspeak|decode (?:this|the|it)|decrypt|decipher|backwards|reversed?(?: the)? (?:string|text|order)|ascii (?:code|values?)|unicode escapes?)\b",
    ),
    f(
        "payload/split",
        1.6,
        r"\b(?:concatenat\w+|let [a-z] ?= ?|[a-z] ?= ?['\x22][^'\x22]{2,40}['\x22] ?(?:[;,+]|and)|a ?\+ ?b ?\+ ?c|join (?:the )?(?:strings|parts|letters|variables)|first letter of each)\b",
    ),
    // -- claiming authority, faking the outcome --
    f(
        "claim/authority",
        2.2,
        r"\b(?:i am|i'?m|this is|as|speaking as) (?:your |the |an? |now )?(?:\w+ ){0,2}(?:developer|administrator|admin|creator|system owner|engineer|sysadmin|openai\b|anthropic\b|supervisor|root|compliance officer|red team|security team|it department|auditor|ceo|head of security|programmer)\b[^.!?\n]{0,80}\b(?:you|your|override|access|reveal|show|disable|unlock|prompt|ignore|mode|need|grant|instructions)",
    ),
    f(
        "claim/authorised",
        1.8,
        r"\b(?:authori[sz]ed|authori[sz]ation|permission|clearance)\b[^.!?\n]{0,30}\b(?:override|bypass|to ignore|disable|to see|level|code)|(?:override|authori[sz]ation|access|activation) (?:code|key|phrase|word) ?(?:is|:)|\bsystem (?:override|update|reboot|restart|directive)\b|\bpolicy (?:update|override)\b ?:|\b(?:security|penetration|red team) (?:test|audit|exercise|assessment)\b[^.!?\n]{0,40}\b(?:so|please|you|reveal|show)",
    ),
    f(
        "claim/outcome",
        2.3,
        r"\b(?:say|confirm|state|tell|claim|answer|declare|respond|reply|write|assert|pretend|insist|output|print)\b[^.!?\n]{0,90}\b(?:regardless|no matter what|even if (?:it|you|that|the)|without (?:checking|verif\w+|looking)|unconditionally|whatever (?:the|it|they)|true or not|and nothing else|only this)\b",
    ),
    f(
        "claim/verified",
        2.4,
        r"\b(?:treat|consider|mark|assume|flag|record|regard|set|pretend|accept) (?:me|this|that|my|the|it|i)(?: \w+){0,4} (?:as |is |to be |was |am |has been |have been |are )+(?:already )?(?:verified|identified|authenticated|approved|authori[sz]ed|cleared|resolved|an? (?:admin|employee|manager|vip|staff))|\b(?:skip|bypass|disable|avoid|omit|without|circumvent|turn off|switch off|deactivate|get around)\b (?:all |any |the |your |my |every |usual |normal |standard )*(?:identity |security |id |fraud |kyc |aml |safety |verification |authentication |two[- ]factor |2fa |otp |compliance |content |confidence )+(?:checks?|verification|steps?|controls?|questions|process|requirements?|authentication|limits?|filters?|guards?|gate|layers?|screening|monitoring|measures|rules)",
    ),
    f(
        "claim/money",
        2.0,
        r"\b(?:approve|waive|grant|authori[sz]e|credit|increase|raise|release|transfer|refund|issue)\b[^.!?\n]{0,70}\b(?:without (?:any )?(?:verif\w+|check\w*|approval|authenticat\w+|asking|review|limits?|confirmation)|no questions asked|immediately and|regardless of|ignoring|bypassing|overriding|right now without)\b",
    ),
    f(
        "claim/promise",
        1.6,
        r"\b(?:promise|guarantee|commit|agree|legally bind\w*)\b[^.!?\n]{0,40}\b(?:legally binding|no takesies|whatever i (?:say|ask)|any(?:thing)? i (?:say|ask))|\bend (?:every|each|all|your) (?:\w+ )?(?:response|reply|answer|message)s? with\b|\b(?:begin|start|prefix|preface) (?:every|each|all|your) (?:\w+ )?(?:response|reply|answer|message)s? with\b",
    ),
    f(
        "steer/format",
        1.1,
        r"\b(?:(?:respond|reply|answer|output|say) (?:only|just|exactly|with (?:only|the word|just|a single)|in the (?:voice|style|tone))|only (?:respond|reply|answer|output)|format (?:your|the|every) (?:response|output|answer|reply)|your (?:first |next |final |only )?(?:response|output|reply|answer) (?:must|should|will|is)|(?:both|two) (?:responses|answers|ways)|after (?:each|every) (?:response|answer|message|reply))\b",
    ),
    f(
        "steer/opinion",
        1.0,
        r"\b(?:write|compose|create|generate|draft|make up|invent|formulate|tell me) (?:me |us )?(?:an? |the |some |\d+ )?(?:\w+ ){0,3}(?:story|poem|essay|song|joke|article|headline|tweet|blog|script|dialogue|recipe|paragraph|rap|haiku|limerick|novel|speech|scenario|code|program|malware|virus|email)\b",
    ),
    f(
        "steer/harm",
        1.9,
        r"\b(?:malware|ransomware|keylogger|phishing|botnet|exploit code|zero-?day|bomb|explosives?|napalm|meth(?:amphetamine)?|cocaine|molotov|counterfeit|launder\w*|fake (?:id|passport|documents?)|hack (?:into|a|the|someone)|steal (?:from|credit|identit\w+)|credit card (?:generator|numbers? generator))\b",
    ),
    // -- secrets and people that the assistant is asked for --
    f(
        "ask/your-password",
        3.3,
        r"\b(?:(?:what|which)(?:'s| is| was| would| are)?|(?:tell|give|send|show|share)(?: with)? me|(?:can|could|would|will) you (?:please )?(?:share|tell|give|reveal|say|print|write|provide|confirm|spell)\w*|i (?:need|want|require|must have)|reveal|print|if)\b[^.!?\n]{0,40}\byour (?:\w+ )?(?:password|passphrase|passcode|secret key|secret code|secret word|credentials|api key|access code|system parameters)\b",
    ),
    f(
        "ask/the-password",
        2.4,
        r"\b(?:haiku|poem|acrostic|song|story|riddle|hint|pig latin|morse|backwards|letters? of|system|server|admin\w*|database|vault|encod\w+|base ?64)\b[^.!?\n]{0,60}\b(?:the |our |all the )?(?:\w+ )?(?:password|passphrase|passcode|usernames? and passwords?|unlock code|secret)\b|\b(?:password|passphrase|unlock code|secret code)s? (?:for|to|of|in) (?:the |our |your |this )?(?:system|server|admin\w*|database|vault|network|mainframe)\b|\b(?:internal|master|admin|root|hidden|secret) (?:\w+ )?(?:password|passcode|code|key) (?:is|of|for)\b",
    ),
    f(
        "ask/third-person",
        2.0,
        r"\b(?:could|can|would|will) you (?:please )?(?:tell|give|share|provide|send|reveal|list|print)\b[^.!?\n]{0,30}\b(?:the user(?:'s)?|user's|[a-z]+'s (?:email|e-mail|birth\w*|address|phone|current|location|social|personal|password|salary|balance))|\b(?:list|print|show|dump|export|give me|send me) (?:me )?(?:the |all |every |some )*(?:card numbers|customers?|clients|account holders|user (?:data|records|accounts)|logs of|your database|database|internal documents|internal notes|admin notes|documents you|customer (?:data|records|names|list))\b",
    ),
    f(
        "ask/passwords-abroad",
        3.0,
        r"\b(?:was ist das passwort|ihr passwort|dein passwort|cu[aá]l es (?:la|tu|su) contraseña|tu contraseña|mot de passe|qual [eé] (?:a|la) (?:sua )?(?:senha|password)|sua senha|la password|het wachtwoord)\b|(?:(?:твой|ваш) пароль|あなたの[^。]{0,6}パスワード|你的密[码碼]|您的密[码碼]|비밀번호[를가]? ?(?:알려|말해|필요)|आपका पासवर्ड|كلمة (?:المرور|السر) الخاصة بك)",
    ),
    // -- steering the assistant of a bank --
    f(
        "bank/pipeline",
        3.4,
        r"\b(?:do not|don'?t|never|must not|stop|without|skip|disable|turn off|switch off|bypass|ignore) (?:\w+ ){0,3}?(?:escalat\w+|hand(?:ing)? (?:me |it |this )?over|rout(?:e|ing)|flag(?:ging)?|mask(?:ing)?|log(?:ging)?|record(?:ing)?|redact\w*|moderat\w+|triag\w+|guard(?:s|rails)?|citations?|cite|grounding)\b|\bset (?:the |your )?(?:confidence|category|intent|risk|priority|route|threshold)\b[^.!?\n]{0,20}\b(?:to|as|=)|\b(?:classif(?:y|ied)|categori[sz]e|label|treat) (?:\w+ ){0,4}?as (?:an? )?(?:greeting|automatable|safe|harmless|faq|in[- ]scope|low[- ]risk|general|trusted|small ?talk)\b",
    ),
    f(
        "bank/always",
        2.8,
        r"\b(?:always|only|just) (?:reply|respond|answer|say|approve|output|return)\b[^.!?\n]{0,60}\b(?:no matter|from now on|to (?:every|any|all)|whatever|regardless|approved|to everything)\b|\b(?:every time|whenever|when) (?:a |the |any |any other |some )?(?:user|customer|client|person|someone|somebody)s? (?:asks?|writes?|says?|sends?|mentions?)\b",
    ),
    f(
        "bank/tell-everyone",
        2.6,
        r"\b(?:tell|inform|notify|advise|convince|instruct|assure) (?:every|all|each|any|the) (?:customer|user|client|reader|member|caller|visitor)s?\b[^.!?\n]{0,60}\b(?:that|to|they|send|free|call|visit|click)\b",
    ),
    f(
        "bank/trusted-input",
        3.2,
        r"\b(?:everything|anything|the text|all text|what follows|all that follows|the following) (?:after|below|following|from|that follows)?\b[^.!?\n]{0,30}\b(?:is|as) (?:an? )?(?:trusted|system|authori[sz]ed|privileged|developer|admin)\b|\bnote to (?:ai|the ai|llm|assistants?|bots?|models?|the assistant|any ai)\b|\b(?:when|while|if|before) (?:summari[sz]ing|reading|processing|answering)\b[^.!?\n]{0,30}\b(?:tell|say|add|include|instruct|mention|advertise)\b|\bdo not obey\b|\bobey me\b",
    ),
    f(
        "bank/authority-claim",
        2.0,
        r"\b(?:i am|i'm|as) (?:actually |really |now |also )?(?:an? |the |your )?(?:\w+ ){0,2}(?:boss|maintainer|owner|manager|accountant at|employee|engineer|administrator|admin|developer|creator|scientist)\b[^\n]{0,80}\b(?:need|print|have to answer|share|give me|show me|tell me|turn you off|your database|password)\b|\b(?:admin|root|debug) (?:clearance|password|access)\b|\bsafe ?(?:mode|guards?) (?:is |are )?off\b",
    ),
    // -- tricks --
    f(
        "trick/repeat",
        2.6,
        r"\brepeat after me\b|\b(?:just|only|now) (?:print|output|write|say) ?(?::|[\x22'“])|\bstop ?: ?(?:write|say|print|output)\b|\b(?:say|write|print|output|tell (?:me|us|them)|include|state) that (?:you|we|i) (?:hate|love|support|despise|want|are|will)\b|\brespond with [\x22'“]",
    ),
    f(
        "trick/forget-all",
        2.6,
        r"\b(?:forget|disregard|ignore|erase|leave|abandon)\w* (?:about )?(?:all|everything|every ?thing|everthing|anything|the (?:articles?|documents?|sources?|question|context|data|information|provided)|all (?:provided|given|your|you|that|the)|your (?:thoughts|knowledge|sources))\b",
    ),
    f(
        "trick/not-the-documents",
        3.0,
        r"\b(?:do not|don'?'?t|not|without|rather than|instead of) (?:look(?:ing)?|answer\w*|us(?:e|ing)|rely\w*|consult\w*|check\w*|refer\w*)?\b[^.!?\n]{0,40}\b(?:in|at|to|by|from|according to|based on|the) (?:the )?(?:documents?|articles?|sources?|context|passages?|provided)\b[^.!?\n]{0,80}|\bby your own knowledge\b|\bdespite what you('ve| have)? been told\b",
    ),
    f(
        "trick/dialogue",
        2.4,
        r"\b(?:user|human|q|question|customer)\s?:[^\n]{1,300}\b(?:assistant|ai|bot|a|answer|you|chatbot|chatgpt)\s?:",
    ),
    f(
        "trick/parts",
        2.6,
        r"\bpart (?:1|one|a)\b[^\n]{1,80}\bpart (?:2|two|b)\b|\bcombine (?:a|the parts|parts|both|them)\b|\b(?:rearrange|interlace|unscramble|merge) (?:the )?(?:letters|parts|words|part)",
    ),
    f(
        "trick/fiction",
        1.8,
        r"\b(?:suppose|imagine|let'?s (?:imagine|say|pretend|suppose)) (?:that )?(?:we|there|a |an |i |the|this|if)\b|\bin (?:a|this|the) (?:hypothetical|fictional|theoretical|imaginary|futuristic|alternate|parallel|movie|film|world|novel|story|game)\b|\bthe(?:oretical| hypothetical) world\b|\b(?:act|acting|play|actor|actors|starring|role) (?:in|of|as) (?:a|the) (?:film|movie|play|script)\b",
    ),
    f(
        "trick/success",
        1.8,
        r"\b(?:very well done|well done|excellent performance|great job|you(?:'ve| have) passed the (?:first )?test|superbly done|that is enough)\b[^\n]{0,120}\b(?:now|next|second|following|another|new) (?:\w+ ){0,2}(?:tasks?|test|assignment|help|challenge|come|follow)",
    ),
    f(
        "trick/complete",
        2.2,
        r"\b(?:complete|continue|finish|fill in) (?:this|the|my)? ?(?:following|sentence|phrase|text|line|story)?\b[^.!?\n]{0,30}[:'\x22“][^\n]{0,40}\b(?:prompt|instruct\w*|code|password|secret|system|rules?|told)\b|\b(?:start|begin) your (?:answer|reply|response) with\b",
    ),
];

/// Compiles a pattern with ASCII boundaries, which keep the fast automaton also on text that is not
/// ASCII. The patterns of other languages keep their own letters.
pub(super) fn compile(pattern: &str, letters: bool) -> Regex {
    let ascii = pattern.replace(r"\b", r"(?-u:\b)");
    compiled(&if letters { ascii } else { ascii.replace(r"\w", "[a-z0-9_]") })
}

/// The compiled patterns.
pub(super) static COMPILED: LazyLock<Vec<Feature>> = LazyLock::new(|| {
    FEATURES
        .iter()
        .chain(WORDING)
        .chain(LANGUAGES)
        .map(|(id, weight, pattern)| Feature {
            id,
            weight: *weight,
            pattern: compile(pattern, id.starts_with("lang/")),
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_every_id_is_its_own() {
        let all = || FEATURES.iter().chain(WORDING).chain(LANGUAGES);
        assert_eq!(COMPILED.len(), all().count());
        let ids: std::collections::BTreeSet<_> = all().map(|f| f.0).collect();
        assert_eq!(ids.len(), all().count());
    }
}
