//! Front matter: `key: value` lines between two `---` lines at the start of a document.

use contactiq_domain::{Collection, ContentType, Role};
use time::{Date, macros::format_description};

use crate::IngestError;

/// The longest title, in characters.
pub(crate) const MAX_TITLE: usize = 300;
/// The longest name of a product or team, in characters.
const MAX_NAME: usize = 120;
/// The longest address, in bytes, as sitemaps have it.
pub(crate) const MAX_ADDRESS: usize = 2_048;

/// What a document says of itself. Every key may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// The title that a citation shows.
    pub title: Option<String>,
    /// Where a person can read it.
    pub url: Option<String>,
    /// Whose document it is.
    pub collection: Option<Collection>,
    /// Facts or illustration.
    pub content_type: Option<ContentType>,
    /// The product it speaks of.
    pub product: Option<String>,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// The least role that may see it.
    pub role: Option<Role>,
    /// First day of validity.
    pub valid_from: Option<Date>,
    /// Last day of validity.
    pub valid_until: Option<Date>,
}

/// A text as it is read: without a byte order mark and zeros, with line feeds alone between its lines.
pub(crate) fn plain(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\0', "")
}

/// What follows the line that opens front matter. Nearly right is right: with spaces behind it, an empty
/// line or a byte order mark before it. A document that says who may see it must not be everybody's for a
/// space. A dash line before plain text is a rule of Markdown, and opens nothing.
fn opened(text: &str) -> Option<&str> {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let (first, rest) = start.split_at(start.find(['\n', '\r'])?);
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..))?;
    if first.trim_end() != "---" {
        return None;
    }
    let exact = text.starts_with("---\n") || text.starts_with("---\r\n");
    let key = rest.split([':', '\n', '\r']).next().unwrap_or_default().trim();
    (exact || KEYS.contains(&key)).then_some(rest)
}

/// What a document may say of itself.
const KEYS: &[&str] =
    &["title", "url", "collection", "content_type", "product", "owner", "role", "valid_from", "valid_until"];

impl FrontMatter {
    /// Splits front matter from the body. A document without any has an empty one.
    ///
    /// # Errors
    /// [`IngestError::FrontMatter`] names the line and the fix: an unknown key, a second use of a
    /// key, a bad date, or a block that never ends.
    pub fn split(text: &str) -> Result<(FrontMatter, &str), IngestError> {
        let Some(rest) = opened(text) else {
            return Ok((FrontMatter::default(), text));
        };
        let mut matter = FrontMatter::default();
        let mut seen = Vec::new();
        let mut offset = text.len() - rest.len();
        // Old Macintosh files end their lines with a carriage return alone.
        let ends = if rest.contains('\n') { '\n' } else { '\r' };
        for (number, line) in rest.split_inclusive(ends).enumerate() {
            offset += line.len();
            let line = line.trim_end();
            if line == "---" {
                return Ok((matter, &text[offset..]));
            }
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let above = text[..text.len() - rest.len()].lines().count().max(1);
            let bad = |fix: &str| IngestError::FrontMatter { line: number + above + 1, fix: fix.to_owned() };
            let (key, value) = line.split_once(':').ok_or_else(|| bad("write `key: value`"))?;
            let key = key.trim();
            let value = value.trim().trim_matches('"').trim();
            if seen.contains(&key) {
                return Err(bad("the key stands twice"));
            }
            seen.push(key);
            matter.set(key, value).map_err(|fix| bad(&fix))?;
        }
        Err(IngestError::FrontMatter { line: 1, fix: "close the front matter with a line `---`".to_owned() })
    }

    /// The text without its front matter: a page of the web does not say who may see it, until when it holds
    /// or which address is cited. What stands behind it and would be read as front matter goes too.
    #[must_use]
    pub fn left_out(bytes: Vec<u8>) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(&bytes) else { return bytes };
        let text = plain(text);
        let mut rest = text.as_str();
        while opened(rest).is_some() {
            match FrontMatter::split(rest) {
                Ok((_, body)) => rest = body,
                // Whoever reads it says what is wrong with it.
                Err(_) => break,
            }
        }
        rest.as_bytes().to_vec()
    }

    /// What the document says of itself, and what the caller says where it says nothing.
    ///
    /// # Errors
    /// [`IngestError::OtherCollection`]: whose document it is must not be a matter of precedence.
    pub fn or(self, given: &FrontMatter) -> Result<FrontMatter, IngestError> {
        if let (Some(found), Some(asked)) = (self.collection, given.collection)
            && found != asked
        {
            return Err(IngestError::OtherCollection { found, asked });
        }
        let text = |own: Option<String>, given: &Option<String>| own.or_else(|| given.clone());
        Ok(FrontMatter {
            title: text(self.title, &given.title),
            url: text(self.url, &given.url),
            collection: self.collection.or(given.collection),
            content_type: self.content_type.or(given.content_type),
            product: text(self.product, &given.product),
            owner: text(self.owner, &given.owner),
            role: self.role.or(given.role),
            valid_from: self.valid_from.or(given.valid_from),
            valid_until: self.valid_until.or(given.valid_until),
        })
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let text = || (!value.is_empty()).then(|| value.to_owned());
        match key {
            "title" => self.title = text().as_deref().map(title).transpose()?,
            "url" => self.url = text().as_deref().map(address).transpose()?,
            "product" => self.product = text().as_deref().map(short_name).transpose()?,
            "owner" => self.owner = text().as_deref().map(short_name).transpose()?,
            "collection" => self.collection = Some(value.parse().map_err(|e| format!("{e}"))?),
            "content_type" => self.content_type = Some(value.parse().map_err(|e| format!("{e}"))?),
            "role" => self.role = Some(least_role(value)?),
            "valid_from" => self.valid_from = day(value)?,
            "valid_until" => self.valid_until = day(value)?,
            _ => {
                return Err(
                    "known keys are title, url, collection, content_type, product, owner, role, valid_from, \
                            valid_until"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }
}

/// A citation leads to its address: one of the web, or a path of the bank's own site.
///
/// # Errors
/// In words, for the person who wrote it.
pub fn address(url: &str) -> Result<String, String> {
    if url.len() > MAX_ADDRESS {
        return Err(format!("url: write at most {MAX_ADDRESS} bytes"));
    }
    let lower = url.to_ascii_lowercase();
    let scheme = lower.split(['/', '?', '#']).next().unwrap_or_default().split_once(':').map(|(s, _)| s);
    if scheme.is_none_or(|s| matches!(s, "http" | "https")) {
        Ok(url.to_owned())
    } else {
        Err("url: write an address that begins with https:// or http://".to_owned())
    }
}

/// A title as a person gives it.
///
/// # Errors
/// In words, for the person who wrote it.
pub fn title(text: &str) -> Result<String, String> {
    at_most(text, MAX_TITLE)
}

/// The name of a product or a team.
///
/// # Errors
/// In words, for the person who wrote it.
pub fn short_name(text: &str) -> Result<String, String> {
    at_most(text, MAX_NAME)
}

fn at_most(text: &str, most: usize) -> Result<String, String> {
    if text.chars().nth(most).is_some() {
        return Err(format!("write at most {most} characters"));
    }
    Ok(text.to_owned())
}

/// The least role that may see a document: one of a ladder, as [`Role::reaches`] climbs it.
///
/// # Errors
/// In words, for the person who wrote it.
pub fn least_role(value: &str) -> Result<Role, String> {
    match value.parse() {
        Ok(role @ (Role::Customer | Role::Banker | Role::Supervisor | Role::Admin)) => Ok(role),
        _ => Err("role: write customer, banker, supervisor or admin".to_owned()),
    }
}

/// A day as it is written in front matter: YYYY-MM-DD, or nothing.
///
/// # Errors
/// In words, for the person who wrote it.
pub fn day(value: &str) -> Result<Option<Date>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    // A year may have a sign for the library: `-2027-05-01` would be long past.
    let written = value.len() == 10 && value.starts_with(|c: char| c.is_ascii_digit());
    Date::parse(value, format_description!("[year]-[month]-[day]"))
        .ok()
        .filter(|_| written)
        .map(Some)
        .ok_or_else(|| "write a date as YYYY-MM-DD".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_body_are_told_apart() {
        let (matter, body) = FrontMatter::split(
            "---\ntitle: Card fees\ncollection: customer\nrole: supervisor\nvalid_until: 2027-01-31\n---\n# Body\n",
        )
        .unwrap();
        assert_eq!(matter.title.as_deref(), Some("Card fees"));
        assert_eq!(matter.collection, Some(Collection::Customer));
        assert_eq!(matter.role, Some(Role::Supervisor));
        assert_eq!(matter.valid_until.unwrap().to_string(), "2027-01-31");
        assert_eq!(body, "# Body\n");
        assert_eq!(FrontMatter::split("no front matter").unwrap().1, "no front matter");
    }

    #[test]
    fn front_matter_that_is_nearly_right_is_read() {
        for text in [
            "--- \nrole: supervisor\n---\nBody",
            "\n\n---\nrole: supervisor\n---\nBody",
            "---\rrole: supervisor\r---\rBody",
            "\u{feff}\u{feff}---\r\nrole: supervisor\r\n---\r\nBody",
        ] {
            let (matter, body) = FrontMatter::split(text).unwrap();
            assert_eq!((matter.role, body), (Some(Role::Supervisor), "Body"), "{text:?}");
        }
        let rule = "\n---\nA line above this is a rule of Markdown.\n---\n";
        assert_eq!(FrontMatter::split(rule).unwrap(), (FrontMatter::default(), rule));
    }

    #[test]
    fn what_was_left_out_comes_back_in_no_form() {
        for text in [
            "---\nrole: banker\n---\nBody",
            "---\r\ntitle: a\r\n---\r\n---\r\nrole: banker\r\n---\r\nBody",
            "\0---\nrole: banker\n---\nBody",
            "--\0-\nrole: banker\n---\n\u{feff}\n---\nvalid_until: 2020-01-01\n---\nBody",
        ] {
            let left = FrontMatter::left_out(text.as_bytes().to_vec());
            assert_eq!(String::from_utf8(left).unwrap(), "Body", "{text:?}");
        }
        let unclosed = "---\nrole: banker\nBody";
        assert_eq!(FrontMatter::left_out(unclosed.as_bytes().to_vec()), unclosed.as_bytes());
    }

    #[test]
    fn an_address_is_one_of_the_web() {
        for bad in ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x"] {
            assert!(FrontMatter::split(&format!("---\nurl: {bad}\n---\n")).is_err(), "{bad}");
        }
        for good in ["https://www.bank.example/a:b", "http://x", "/help/fees", "help/a?x=1:2"] {
            assert!(FrontMatter::split(&format!("---\nurl: {good}\n---\n")).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_mistake_names_its_line_and_the_fix() {
        for (text, line) in [
            ("---\ntitle: x\ncolour: red\n---\n", 3),
            ("---\ncollection: everyone\n---\n", 2),
            ("---\nrole: auditor\n---\n", 2),
            ("---\nvalid_from: 1.2.2026\n---\n", 2),
            ("---\nvalid_until: -2027-05-01\n---\n", 2),
            ("---\nvalid_until: +2027-05-01\n---\n", 2),
            (&*format!("---\ntitle: {}\n---\n", "x".repeat(301)), 2),
            (&*format!("---\nowner: {}\n---\n", "x".repeat(121)), 2),
            (&*format!("---\nproduct: {}\n---\n", "x".repeat(121)), 2),
            ("---\ntitle: a\ntitle: b\n---\n", 3),
            ("---\ntitle\n---\n", 2),
            ("---\ntitle: never closed\n", 1),
        ] {
            match FrontMatter::split(text) {
                Err(IngestError::FrontMatter { line: found, .. }) => assert_eq!(found, line, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
