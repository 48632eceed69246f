//! The commonest attacks in other languages: setting instructions aside, changing the role, asking
//! for the prompt or a password. Same scale as the features beside them.

use super::features::f;

/// Patterns over lower-case text; ids as stable as the others.
pub(super) const LANGUAGES: &[(&str, f64, &str)] = &[
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
];

#[cfg(test)]
mod tests {
    use crate::{injection::judge, normal::Normal};

    #[test]
    fn ordinary_questions_in_other_languages_pass() {
        for text in [
            "ich habe meine karte verloren, was muss ich tun",
            "j'ai oublié mon code",
            "olvidé mi contraseña, ¿qué hago?",
            "ho dimenticato il pin della carta",
            "esqueci a minha senha",
            "ik ben mijn pas vergeten",
            "забыл пин-код карты",
            "我忘记了我的密码",
        ] {
            let injection = judge(&Normal::new(text), "", 0.5);
            assert!(!injection.blocked, "{text}: {injection:?}");
        }
    }
}
