//! The files of the paths that were named, and what there is left out with its reason.

use std::{
    collections::BTreeMap,
    fs,
    io::{Error, ErrorKind},
    path::{Path, PathBuf},
};

use contactiq_ingest::IngestError;

use super::row::{Row, Skipped};

/// How deep folders are looked through.
const MOST_DEEP: usize = 20;

/// What was found.
#[derive(Default)]
pub(super) struct Gathered {
    /// Files to be read.
    pub(super) files: Vec<PathBuf>,
    /// What is left out.
    pub(super) left_out: Vec<Row>,
}

impl Gathered {
    /// Looks through a path: a file, or a folder with all that is in it.
    pub(super) fn path(&mut self, path: &Path) {
        let mut others = BTreeMap::new();
        self.look(path, 0, &mut others);
        if !others.is_empty() {
            let count: usize = others.values().sum();
            let mut endings: Vec<(String, usize)> = others.into_iter().collect();
            endings.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            self.left_out.push(Row::of_other_kinds(path.display().to_string(), count, &endings));
        }
    }

    fn look(&mut self, path: &Path, depth: usize, others: &mut BTreeMap<String, usize>) {
        let kind = match fs::symlink_metadata(path) {
            Ok(found) => found.file_type(),
            Err(error) => return self.unreadable(path, &error),
        };
        if kind.is_symlink() {
            self.skip(path, "link_not_followed", "links are not followed: name what it leads to");
        } else if kind.is_dir() && depth >= MOST_DEEP {
            self.skip(path, "folder_too_deep", "folders are looked through 20 levels deep: name it itself");
        } else if kind.is_dir() {
            let entries = match fs::read_dir(path) {
                Ok(entries) => entries,
                Err(error) => return self.unreadable(path, &error),
            };
            for entry in entries {
                match entry {
                    Ok(entry) => self.look(&entry.path(), depth + 1, others),
                    Err(error) => self.unreadable(path, &error),
                }
            }
        } else if !kind.is_file() {
            self.skip(path, "not_a_file", "it is neither a file nor a folder");
        } else {
            self.file(path, depth, others);
        }
    }

    fn file(&mut self, path: &Path, depth: usize, others: &mut BTreeMap<String, usize>) {
        // Word leaves `~$name.docx` beside a document that is open.
        let lock = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("~$"));
        let known =
            contactiq_ingest::format_of(&path.to_string_lossy()) != Err(IngestError::UnknownFormat) && !lock;
        // A file that was named is tried whatever its ending; one found in a folder only if known.
        if depth == 0 || known {
            self.files.push(path.to_owned());
        } else {
            let ending = path.extension().map_or_else(
                || "without an ending".to_owned(),
                |ending| format!(".{}", ending.to_string_lossy().to_lowercase()),
            );
            *others.entry(ending).or_default() += 1;
        }
    }

    fn unreadable(&mut self, path: &Path, error: &Error) {
        let kind = error.kind();
        if kind == ErrorKind::NotFound {
            self.skip(path, "path_missing", "there is no such file or folder: look at its spelling");
        } else {
            self.skip(
                path,
                "path_unreadable",
                &format!("it can't be read ({kind}): look at its permissions"),
            );
        }
    }

    fn skip(&mut self, path: &Path, code: &'static str, why: &str) {
        let skipped = Skipped { code, why: why.to_owned() };
        self.left_out.push(Row::new(path.display().to_string(), Err(skipped)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("in/deep")).unwrap();
        for name in
            ["in/a.md", "in/+++.md", "in/deep/b.html", "in/x.png", "in/y.PNG", "in/~$c.docx", "in/LICENCE"]
        {
            fs::write(at(name), "x").unwrap();
        }
        let deep: PathBuf = (0..22).map(|_| "d").collect();
        fs::create_dir_all(at("in").join(deep)).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("in/a.md"), at("in/link.md")).unwrap();
        let mut found = Gathered::default();
        found.path(&at("in"));
        found.path(&at("nowhere"));
        found.files.sort();
        assert_eq!(found.files, [at("in/+++.md"), at("in/a.md"), at("in/deep/b.html")]);
        let told: Vec<_> = found.left_out.iter().filter_map(|row| row.code).collect();
        let mut sorted = told.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            ["document_format_unknown", "folder_too_deep", "link_not_followed", "path_missing"],
            "{told:?}"
        );
        let counted = found.left_out.iter().find(|row| row.code == Some("document_format_unknown")).unwrap();
        assert!(counted.detail.starts_with("4 files in it (2 .png, "), "{}", counted.detail);
        assert!(!counted.fails);
    }
}
