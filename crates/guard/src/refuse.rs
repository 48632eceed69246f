//! SQL and script patterns, refused only where they are attacks. The database is spoken to with
//! parameters and every page escapes; this wall keeps the noise out of the record.

use std::sync::LazyLock;

use regex::Regex;

use crate::Refusal;

/// Statements and tautologies with the marks that make them work. "my select account", "O'Brien"
/// and "drop table tennis" have none of these marks.
const SQL: &[&str] = &[
    r#"(?i)['"`)]\s*(?:or|and|\|\||&&)\s+['"(]?\w{1,32}['")]?\s*(?:=|like|<|>|!=)\s*['"(]?\w{0,32}"#,
    r#"(?i)\bor\s+1\s*=\s*1\b"#,
    r"(?i)\bunion\s+(?:all\s+)?select\b\s*(?:[\w*(,'@]|null)",
    r"(?i);\s*(?:drop|delete|truncate|alter|insert|update|exec|execute|shutdown|create|grant)\s+(?:table|from|into|database|user|xp_|sp_|all|\w+\s+set\b|procedure|role|index|view|schema)",
    r"(?i)\b(?:drop|truncate)\s+(?:table|database|schema)\s+\w+\s*(?:;|--|$|cascade)",
    r"(?i)\bselect\b[\s\w*,.()@`]{1,120}\bfrom\s+\w+\s+where\b[^.\n]{0,80}[=<>]",
    r"(?i)\bselect\s+(?:\*|count\(|@@|version\(|load_file|sleep\()[\s\S]{0,40}",
    r"(?i)\b(?:delete\s+from|insert\s+into)\s+\w+\s+(?:where\b.{0,60}=|values\s*\(|;)",
    r"(?i)\b(?:xp_cmdshell|information_schema|pg_sleep|waitfor\s+delay|benchmark\s*\(|load_file\s*\(|into\s+(?:out|dump)file|sysobjects|sqlite_master|pg_catalog)\b",
    r"(?i)['\x22]\s*;?\s*--(?:\s|$)",
    r"(?i)/\*!?\d*\s*(?:union|select|or|and)\b",
];

/// Markup that would run, were it not escaped.
const SCRIPT: &[&str] = &[
    r"(?i)<\s*/?\s*script\b",
    r"(?i)<\s*(?:iframe|object|embed|svg|img|body|video|audio|input|link|meta|base|form|math|style|details|marquee|a)\b[^>]{0,200}\b(?:on[a-z]{3,20}\s*=|javascript:|data:text/html|srcdoc\s*=|http-equiv)",
    r"(?i)<\s*(?:iframe|object|embed|applet)\b",
    r#"(?i)\bon(?:error|load|click|mouseover|focus|blur|toggle|animationstart|pointerover|submit)\s*=\s*["'`]?\s*[\w(]"#,
    r"(?i)\b(?:javascript|vbscript)\s*:\s*[\w(%'\x22/]",
    r"(?i)data:text/html",
    r"(?i)\bdocument\s*\.\s*(?:cookie|write|location)|\bwindow\s*\.\s*location\s*=",
    r"(?i)&#x?0*(?:3c|60);?\s*script",
    r"(?i)%3c\s*script",
    r"(?i)\{\{\s*(?:constructor|7\s*\*\s*7|config|self\.|request\.)|\$\{\s*(?:jndi:|7\s*\*\s*7)",
];

static COMPILED: LazyLock<[Vec<Regex>; 2]> =
    LazyLock::new(|| [SQL, SCRIPT].map(|list| list.iter().filter_map(|p| Regex::new(p).ok()).collect()));

/// Builds the tables, so that the first message doesn't wait for them.
pub(crate) fn prepare() {
    LazyLock::force(&COMPILED);
}

/// The attack that a text carries, if any.
pub(crate) fn pattern(text: &str) -> Option<Refusal> {
    // Every pattern needs one of these.
    if !text.contains(['\'', '"', '<', '=', ';', ':', '(', '{', '%', '-', '*', '&', '.']) && !may_be_sql(text)
    {
        return None;
    }
    which(text).map(|(refusal, ..)| refusal)
}

/// The same with the number of the pattern in its list, and the bytes that it matched.
pub(crate) fn explain(text: &str) -> Option<(Refusal, usize, std::ops::Range<usize>)> {
    pattern(text).and_then(|_| which(text))
}

fn which(text: &str) -> Option<(Refusal, usize, std::ops::Range<usize>)> {
    let [sql, script] = &*COMPILED;
    let first = |list: &[Regex], refusal: Refusal| {
        list.iter().enumerate().find_map(|(n, p)| Some((refusal, n + 1, p.find(text)?.range())))
    };
    first(script, Refusal::ScriptPattern).or_else(|| first(sql, Refusal::SqlPattern))
}

fn may_be_sql(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["union", "drop", "truncate", "select", "delete", "insert", "schema"].iter().any(|w| lower.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(COMPILED[0].len() + COMPILED[1].len(), SQL.len() + SCRIPT.len());
    }

    #[test]
    fn sql_attacks() {
        for text in [
            "' OR 1=1 --",
            "x' or 'a'='a",
            "1 UNION SELECT name, pass FROM users",
            "'; DROP TABLE customers; --",
            "admin'--",
            "1; delete from accounts where 1=1",
            "select * from accounts where id = 1",
            "1 AND pg_sleep(10)",
        ] {
            assert_eq!(pattern(text), Some(Refusal::SqlPattern), "{text}");
        }
    }

    #[test]
    fn script_attacks() {
        for text in [
            "<script>alert(1)</script>",
            "< ScRiPt src=//x>",
            "<img src=x onerror=alert(1)>",
            "javascript:alert(1)",
            "<svg/onload=alert(1)>",
            "<iframe src=//evil>",
            "%3Cscript%3E",
        ] {
            assert_eq!(pattern(text), Some(Refusal::ScriptPattern), "{text}");
        }
    }

    #[test]
    fn customers_write_freely() {
        for text in [
            "my select account has a fee",
            "I'm O'Brien, and my wife's card = blocked?",
            "drop table tennis club from my payees",
            "please update my address -- it changed",
            "select all from the list where I paid rent",
            "is a rate < 5% and > 3% good",
            "union membership fees, select the cheapest",
            "can I delete a payee or insert a note; create a new one",
            "it's 1 or 2 days, isn't it? 'or else' i leave",
            "my card on load shows an error",
            "<3 you guys",
        ] {
            assert_eq!(pattern(text), None, "{text}");
        }
    }
}
