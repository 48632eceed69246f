//! The bank's synonyms and abbreviations: the file that it edits, read and looked through.

use std::collections::{BTreeMap, HashMap};

use contactiq_nlu::{
    index::{LONGEST_PHRASE, Synonyms},
    text,
};
use serde::Deserialize;

/// The form that this program reads.
const VERSION: u32 = 1;

/// What the file says.
#[derive(Debug, Clone, Default)]
pub struct SynonymFile {
    /// For the index.
    pub synonyms: Synonyms,
    /// What should be mended, a line each.
    pub findings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    groups: Vec<Vec<String>>,
    #[serde(default)]
    one_way: BTreeMap<String, Targets>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Targets {
    One(String),
    Several(Vec<String>),
}

impl Targets {
    fn all(&self) -> &[String] {
        match self {
            Targets::One(one) => std::slice::from_ref(one),
            Targets::Several(several) => several,
        }
    }
}

impl SynonymFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// A sentence that names the mistake.
    pub fn parse(source: &str) -> Result<SynonymFile, String> {
        let file: File = toml::from_str(source).map_err(|e| format!("synonyms.toml: {}", e.message()))?;
        if file.version != VERSION {
            return Err(format!(
                "synonyms.toml: version is {}: this program reads version {VERSION}",
                file.version
            ));
        }
        let mut synonyms = Synonyms::default();
        for group in &file.groups {
            synonyms.add_group(group);
        }
        for (from, to) in &file.one_way {
            to.all().iter().for_each(|to| synonyms.add(from, to));
        }
        Ok(SynonymFile { synonyms, findings: findings(&file) })
    }
}

fn findings(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    // The phrase as it is read, and where it was met first.
    let mut met: HashMap<String, usize> = HashMap::new();
    for (at, group) in file.groups.iter().enumerate() {
        let place = format!("group {}", at + 1);
        if group.len() < 2 {
            found.push(format!("[{place}] an empty group: write at least two phrases, or remove it"));
        }
        for phrase in group {
            found.extend(unusable(phrase).map(|why| format!("[{place}] \"{phrase}\" {why}")));
            match met.insert(read(phrase), at) {
                Some(first) if first == at => {
                    found.push(format!("[{place}] a duplicate: \"{phrase}\" stands twice: remove one"));
                }
                Some(first) => found.push(format!(
                    "[groups {} and {}] a phrase in two groups: \"{phrase}\": keep it in one, or join the groups",
                    first + 1,
                    at + 1
                )),
                None => {}
            }
        }
    }
    for (from, to) in &file.one_way {
        let place = format!("one_way.{from}");
        if to.all().is_empty() {
            found.push(format!("[{place}] nothing is said: write a phrase, or remove it"));
        }
        for phrase in [from].into_iter().chain(to.all()) {
            found.extend(unusable(phrase).map(|why| format!("[{place}] \"{phrase}\" {why}")));
        }
        let group = met.get(&read(from));
        if to
            .all()
            .iter()
            .any(|to| read(to) == read(from) || (group.is_some() && group == met.get(&read(to))))
        {
            found.push(format!("[{place}] a duplicate: it says what is said already: remove it"));
        }
    }
    found
}

/// Why the index can't look for a phrase.
fn unusable(phrase: &str) -> Option<String> {
    let words = text::words(phrase);
    if words.len() > LONGEST_PHRASE {
        return Some(format!("has more than {LONGEST_PHRASE} words: shorten it"));
    }
    let says_nothing = words.iter().all(|word| text::is_stop_word(word));
    says_nothing.then(|| "has no word that could be looked for: remove it".to_owned())
}

fn read(phrase: &str) -> String {
    text::words(phrase).iter().map(|word| text::stem(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_be_mended_is_named_with_its_place() {
        let file = "version = 1\ngroups = [[\"LVR\", \"loan-to-value ratio\", \"lvr\"], [\"ATM\"], [], \
                    [\"cash machine\", \"LTV\", \"LVR\"], [\"the\", \"of it\"]]\n\
                    [one_way]\nTD = \"term deposit\"\nATO = []\nLTV = \"LVR\"\n";
        let found = SynonymFile::parse(file).unwrap().findings;
        for start in [
            "[group 1] a duplicate: \"lvr\"",
            "[group 2] an empty group",
            "[group 3] an empty group",
            "[groups 1 and 4] a phrase in two groups: \"LVR\"",
            "[group 5] \"the\" has no word",
            "[group 5] \"of it\" has no word",
            "[one_way.ATO] nothing is said",
            "[one_way.LTV] a duplicate",
        ] {
            assert_eq!(found.iter().filter(|f| f.starts_with(start)).count(), 1, "{start} in {found:#?}");
        }
        assert_eq!(found.len(), 8, "{found:#?}");
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        for (file, why) in [
            ("groups = []", "version"),
            ("version = 2", "this program reads version 1"),
            ("version = 1\nsynonyms = []", "unknown field"),
            ("version = 1\ngroups = [\"a\"]", "sequence"),
        ] {
            let said = SynonymFile::parse(file).unwrap_err();
            assert!(said.starts_with("synonyms.toml: ") && said.contains(why), "{said}");
        }
    }

    #[test]
    fn the_shipped_file_has_nothing_to_mend() {
        let file = SynonymFile::parse(include_str!("../../../defaults/synonyms.toml")).unwrap();
        assert_eq!(file.findings, Vec::<String>::new());
        assert!(file.synonyms.uses("overdraft"));
    }
}
