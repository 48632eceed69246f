//! What attacks on a model have in common, as weighted patterns over lower-case text.
//!
//! A weight is a step on the logistic scale: about 3.5 blocks by itself, 2 needs a companion.
//! Negative weights are the honest readings that the same words have in a bank.

use std::sync::LazyLock;

use regex::Regex;

/// One pattern with its stable id.
pub(super) struct Feature {
    pub(super) id: &'static str,
    pub(super) weight: f64,
    pub(super) pattern: Regex,
}

const fn f(id: &'static str, weight: f64, pattern: &'static str) -> (&'static str, f64, &'static str) {
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
    // -- other languages --
    f(
        "lang/german",
        4.0,
        r"\b(?:ignorier\w*|vergiss|vergesse\w*|missachte\w*|übergeh\w*|verwirf|lass\w* .{0,20} außer acht)\b[^.!?\n]{0,60}(?:anweisung|anordnung|befehl|regel|instruktion|vorgabe|aufforderung|aufgabe|prompt|richtlinie|zuvor|vorher|davor|bisher|oben|alles|vorige|gesagt)",
    ),
    f(
        "lang/french",
        4.0,
        r"\b(?:ignore[rz]?|oublie[rsz]?|néglige[rz]?|ne tiens? pas compte|faites? abstraction)\b[^.!?\n]{0,60}(?:instructions?|consignes?|directives?|règles?|ordres?|précédent\w*|ci-dessus|invites?)",
    ),
    f(
        "lang/spanish",
        4.0,
        r"\b(?:ignor[ae]\w*|olvid[ae]\w*|descart[ae]\w*|omit[ae]\w*|haz caso omiso|pasa por alto)\b[^.!?\n]{0,60}(?:instrucci\w+|indicaci\w+|órden\w+|ordenes|reglas?|directri\w+|anterior\w*|comandos?)",
    ),
    f(
        "lang/italian",
        4.0,
        r"\b(?:ignora\w*|dimentica\w*|trascura\w*|non considerare)\b[^.!?\n]{0,60}(?:istruzion\w+|indicazion\w+|regol[ae]|ordin[ei]|precedent\w+|comand[oi])",
    ),
    f(
        "lang/portuguese",
        4.0,
        r"\b(?:ignor[ea]\w*|esque[çc]a\w*|desconsider[ea]\w*|desprez[ea])\b[^.!?\n]{0,60}(?:instruç\w+|instruc\w+|orientaç\w+|regras?|comandos?|anterior\w*|ordens)",
    ),
    f(
        "lang/dutch",
        4.0,
        r"\b(?:negeer|vergeet|negeren|sla)\b[^.!?\n]{0,60}(?:instructies?|opdracht\w*|regels?|aanwijzing\w*|bovenstaande|voorgaande|eerdere)",
    ),
    f(
        "lang/slavic",
        4.0,
        r"(?:игнорир\w*|проигнорир\w*|забуд\w*|забыть|не обращай|пренебре\w*|zignoruj\w*|ignoruj\w*|zapomnij\w*|pomiń|zanemari\w*|zaboravi\w*|ігнор\w*)[^.!?\n]{0,60}(?:инструкц|указани|правил|команд|предыдущ|instrukcj|polece|zasad|poprzedni|upute|uputstv|instrukcij|naredb|prethodn|pravil|pokyn|інструкц)",
    ),
    f(
        "lang/chinese",
        4.0,
        r"(?:忽略|无视|忘记|忘掉|不要理会|忽視|無視)[^。！？\n]{0,20}(?:指令|指示|说明|提示|规则|命令|內容|内容|說明|規則|以上|之前)",
    ),
    f(
        "lang/japanese-korean",
        4.0,
        r"(?:指示|命令|ルール|プロンプト|指令|以前|これまで)[^。\n]{0,16}(?:無視|忘れ|従わない)|(?:지시|명령|지침|규칙|프롬프트|이전)[^.\n]{0,16}(?:무시|잊)",
    ),
    f(
        "lang/hindi-arabic-turkish",
        4.0,
        r"(?:निर्देश|नियम|आदेश|अनुदेश)[^।\n]{0,30}(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल|उपेक्षा)|(?:تجاهل|انس|تغاض)[^.\n]{0,40}(?:التعليمات|الأوامر|القواعد|تعليمات|السابق)|(?:talimat|komut|kural|yönerge)\w*[^.\n]{0,30}(?:yoksay|unut|görmezden|dikkate alma)",
    ),
    f(
        "lang/role",
        2.4,
        r"\b(?:du bist (?:jetzt|nun|ab)|stell dir vor|tu so,? als|agiere als|handle als|verhalte dich|ab jetzt|eres ahora|ahora eres|actúa como|actua como|finge|imagina que eres|tu es maintenant|agis comme|fais semblant|joue le rôle|imagine que tu|sei ora|fai finta|comportati come|agora você é|aja como|finja|je bent nu|doe alsof|jesteś teraz|udawaj|sada si|ponašaj se)\b|(?:ты теперь|притворись|представь,? что ты)|(?:你现在是|假装|扮演)",
    ),
    f(
        "lang/extract",
        2.8,
        r"\b(?:zeig|nenn|gib|schreib|verrate?|wiederhol|drucke|sag|muestra|repite|revela|escribe|dime|montre|affiche|répète|révèle|donne|mostra\w*|ripeti|rivela|mostre|repita|toon|herhaal|pokaż|powtórz)\w*\b[^.!?\n]{0,50}\b(?:prompts?\b|system-?prompt|anweisungen|instrucciones|instructions système|istruzioni|instruções|instructies|instrukcje|passwor[dt]|contraseña|mot de passe)|(?:покажи|повтори|раскрой)[^.\n]{0,40}(?:промпт|инструкц|подсказк)|(?:显示|输出|重复|告诉)[^。\n]{0,16}(?:提示|指令|系统)",
    ),
    // -- the honest readings --
    f(
        "honest/own-message",
        -3.6,
        r"\b(?:ignore|disregard|forget|cancel|delete|scrap)\b (?:that|this|my|the|what i|about (?:that|my|the)|all of that)?(?: ?(?:last|previous|prior|earlier|first|other|above|second))?(?: ?(?:message|question|request|e?mail|payment|transfer|standing orders?|letter|text|note|application|instruction to|comment|complaint|one|chat|sentence|typo|enquiry|query|said)s?)\b",
    ),
    f(
        "honest/rules-of",
        -3.0,
        r"\b(?:instructions?|rules?|guidelines?|policy|policies|restrictions?|conditions|procedures?|steps|requirements?|prompts?)\b (?:for|on|about|regarding|around|when|if i|of (?:my|the|a|your) (?:account|card|loan|mortgage|term|savings|bank)|apply to|to (?:set|open|close|activate|apply|dispute|transfer|cancel|reset|change|withdraw|link|update|get|pay|use|order|register|report|send|make))\b",
    ),
    f(
        "honest/payment-instruction",
        -2.8,
        r"\b(?:payment|standing|transfer|wire|settlement|direct debit|mandate|mailing|delivery|letter of|my (?:previous|last|earlier)?) ?instructions?\b",
    ),
    f(
        "honest/forgot",
        -1.6,
        r"\bi(?:'ve| have)? (?:forgot|forgotten|forget|ignored|lost)\b|\bforgot(?:ten)? my\b",
    ),
];

/// The compiled patterns.
pub(super) static COMPILED: LazyLock<Vec<Feature>> = LazyLock::new(|| {
    FEATURES
        .iter()
        // A pattern that does not compile is left out; a test holds that none is.
        .filter_map(|(id, weight, pattern)| {
            // ASCII boundaries keep the fast automaton also on text that is not ASCII; the patterns of
            // other languages need their letters.
            let ascii = pattern.replace(r"\b", r"(?-u:\b)");
            let ascii = if id.starts_with("lang/") { ascii } else { ascii.replace(r"\w", "[a-z0-9_]") };
            let pattern = Regex::new(&ascii).ok()?;
            Some(Feature { id, weight: *weight, pattern })
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_every_id_is_its_own() {
        assert_eq!(COMPILED.len(), FEATURES.len());
        let ids: std::collections::BTreeSet<_> = FEATURES.iter().map(|f| f.0).collect();
        assert_eq!(ids.len(), FEATURES.len());
    }
}
