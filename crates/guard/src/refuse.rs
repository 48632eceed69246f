//! SQL and script patterns, refused only where they are attacks. The database is spoken to with
//! parameters and every page escapes; this wall keeps the noise out of the record.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Refusal, patterns::compiled};

/// Statements and tautologies with the marks that make them work. "my select account", "O'Brien"
/// and "drop table tennis" have none of these marks. `\s+` and `\s*` stand for every gap that a database
/// reads as one: comments and encoded white space too.
const SQL: &[&str] = &[
    r#"(?i)['"`]\s*\)*\s*(?:or|and|xor|\|\||&&)\s+(?:['"(]{0,3}\w{1,32}['")]{0,3}|['"(]{1,3}['")]{1,3})\s*(?:(?:=|<|>|!=)\s*['"(]{0,3}\w{0,32}|like\s*['"(%])"#,
    r#"(?i)\)\s*(?:or|and|xor|\|\||&&)\s+['"(]{0,3}(?:\d{1,9}['")]{0,3}\s*=\s*['"(]{0,3}\d|['"]\w{0,32}['"]\s*=\s*['"])"#,
    r"(?i)(?:\b|%20)or\s+(?:(?:1\s*=\s*1|2\s*=\s*2|0\s*=\s*0)\b|true\s*(?:--|#|;))",
    r"(?i)(?:\b|%20)union\s+(?:all\s+|distinct\s+)?select\b\s*(?:[\w*(,'@]|null)",
    r"(?i);\s*(?:drop|delete|truncate|alter|insert|update|exec|execute|shutdown|create|grant)\s+(?:table|from|into|database|user|xp_|sp_|all|\w+\s+set\b|procedure|role|index|view|schema)",
    r"(?i)\b(?:drop|truncate)\s+(?:table|database|schema)\s+(?:\w+\s*(?:;\s*(?:--|$|#)|--\s*$|cascade\b)|(?:if\s+exists\s+)?(?:users?|customers?|accounts?|cards?|transactions?|payments?|employees?|admins?|clients?|balances?|passwords?|\w+_\w+)\s*$)",
    r"(?i)\bselect\b[\s\w*,.()@`]{1,120}\bfrom\s+\w+\s+where\b[^.\n]{0,80}[=<>]",
    r"(?i)\bselect\s+(?:\*|count\(|@@|version\(|load_file|sleep\()[\s\S]{0,40}",
    r"(?i)\b(?:delete\s+from|insert\s+into)\s+\w+\s+(?:where\b.{0,60}=|values\s*\(|;)",
    r"(?i)\b(?:xp_cmdshell|information_schema|pg_sleep|waitfor\s+delay|benchmark\s*\(\s*\d+\s*,\s*\w+\s*\(|load_file\s*\(|into\s+(?:out|dump)file|sysobjects|sqlite_master|pg_catalog)\b",
    r"(?i)['\x22]\)*\s*;?\s*(?:--|#)\s*$|['\x22]\)*;?--(?:\s|$)",
    r"(?i)/\*!?\d*\s*(?:union|select|or|and)\b",
    // A comment where a space would stand is there to be read by a database alone.
    r"(?i)\b(?:union|select|from|where|or|and|order|insert|drop|delete|update|having)/\*[^\n]{0,60}?\*/\s*[('\x22]?(?:union|all|distinct|select|from|where|or|and|by|into|table|not|null|\d)",
    // Functions of a database behind a quote, and those that nobody else calls.
    r#"(?i)['"`)]\s*(?:or|and|xor|\|\||&&)\s*[(\s]*(?:not\s+)?(?:sleep|benchmark|exists|ascii|substr(?:ing)?|chr|length|version|database|current_user|extractvalue|updatexml|ifnull)\("#,
    r"(?i)\bsleep\(\d{1,4}(?:\.\d+)?\)|\b(?:extractvalue|updatexml|randomblob|dbms_pipe\.receive_message|utl_http\.request|utl_inaddr\.\w+)\s*\(\s*['\x22\d]",
    r#"(?i)['"`)]\s*(?:order|group)\s+by\s+\d+\s*(?:--|#|/\*)|['"`)]\s*having\s+\w+\s*[=<>]"#,
];

/// Every gap between two words of SQL; `replace`d for white space in the patterns.
const GAP: &str = r"(?:\s|/\*[^*\n]{0,60}\*/|%(?:20|09|0a|0d)|\+)";

/// Markup that would run, were it not escaped.
const SCRIPT: &[&str] = &[
    r"(?i)<\s*/?\s*script\b",
    r"(?i)<\s*(?:iframe|object|embed|svg|img|body|video|audio|input|link|meta|base|form|math|style|details|marquee|a)\b[^>]{0,200}\b(?:on[a-z]{3,20}\s*=|javascript:|data:text/html|srcdoc\s*=|http-equiv)",
    r"(?i)<\s*(?:iframe|object|embed|applet|style|frameset)\b",
    r#"(?i)\bon(?:error|load|click|mouseover|focus|blur|toggle|animationstart|pointerover|submit)\s*=\s*["'`]?\s*[\w(]"#,
    r"(?i)\b(?:javascript|vbscript)\s*:\s*[\w(%'\x22/]",
    r"(?i)data:text/html",
    r"(?i)\bdocument\s*\.\s*(?:cookie|write|location)|\bwindow\s*\.\s*location\s*=",
    // The same escaped: as an entity, in percent, in the escapes of a program, once more.
    r"(?i)(?:&(?:amp;)*(?:lt|#0*60|#x0*3c);?|%(?:25)*3c|\\x3c|\\u003c|\\u\{3c\})\s*(?:/|%2f|&#47;)?\s*(?:script|iframe|object|embed|applet|svg|img|style|body|details|marquee)\b",
    r"(?i)<[a-z][a-z0-9-]{0,30}[\s/][^>]{0,200}\bon[a-z]{3,20}\s*=\s*[^\s=]",
    r"(?i)\{\{\s*(?:constructor|7\s*\*\s*7|config|self\.|request\.)|\$\{\s*(?:jndi:|7\s*\*\s*7)",
    r#"(?i)@import\s*(?:url\s*\(|['"])|<\s*(?:base\s+href|link\s+(?:rel|href)|meta\s+(?:http-equiv|content|name|charset)|form\s+(?:action|method))\s*=|\bexpression\s*\(\s*(?:alert|document|window)"#,
];

static COMPILED: LazyLock<[Vec<Regex>; 2]> = LazyLock::new(|| {
    let sql = |p: &&str| compiled(&p.replace(r"\s+", &format!("{GAP}+")).replace(r"\s*", &format!("{GAP}*")));
    [SQL.iter().map(sql).collect(), SCRIPT.iter().map(|p| compiled(p)).collect()]
});

/// Builds the tables, so that the first message doesn't wait for them.
pub(crate) fn prepare() {
    LazyLock::force(&COMPILED);
}

/// The attack that a text carries, if any.
pub(crate) fn pattern(text: &str) -> Option<Refusal> {
    // Every pattern needs one of these.
    if !text.contains(['\'', '"', '<', '=', ';', ':', '(', '{', '%', '-', '*', '&', '.', '\\'])
        && !may_be_sql(text)
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
            "') or ('a'='a",
            "1) or (1=1",
            "' or sleep(5)#",
            "' or ''='",
            "'/**/or/**/1=1",
            "x' or name like '%a%",
            "UNION/**/SELECT",
            "1/**/union/*x*/select/**/null",
            "'+or+1=1",
            "1%20or%201=1",
            "'/*!50000or*/1=1",
            "' order by 3--",
            "drop table users",
            "drop table tennis; --",
            "1 or benchmark(5000000,md5(1))",
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
            "%253Cscript%253E",
            "&lt;script&gt;alert(1)",
            "&amp;lt;script&amp;gt;",
            "&#60;img src=x",
            "\\u003cscript\\u003e",
            "<details open ontoggle=alert(1)>",
            "<x onclick=alert(1)>",
            "<style>@import 'x'</style>",
            "@import url(//evil)",
            "<meta http-equiv=refresh content=0>",
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
            "O'Brien",
            "my select account",
            "drop table tennis",
            "it's 1=1 between us",
            "i got a text (from you?) and looks like a scam",
            "i asked for the \"gold card\" -- is it free?",
            "the benchmark (3 month bbsw) is 4.35, what is my rate",
            "i can't sleep (3 nights now) because of this debt",
            "my payees' names, or \"nicknames\", if (possible) shown",
            "is it (fixed) and variable > 5%",
            "the sms says click <link> or <form> to pay",
            "is 2 + 2 = 4 dollars",
            "fees & charges < 5, online = free",
            "select the account, from the list, where it says \"savings\"",
        ] {
            assert_eq!(pattern(text), None, "{text}");
        }
    }
}
