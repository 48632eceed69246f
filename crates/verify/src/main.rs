//! `contactiq-verify`: what an auditor runs on a machine of their own. It reads files, asks no network and no clock, and
//! knows nothing of a log but its public key and what the auditor kept of it earlier.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it found")]

use std::{fs::File, io::BufReader, process::ExitCode};

use contactiq_auditlog::{
    VerifyingKey,
    disclosure::{Disclosure, Record},
    export, note,
    receipt::Receipt,
};

const USAGE: &str = "\
Verifies the audit log of ContactIQ, offline.

  contactiq-verify log --key KEYS [--anchors FILE] [--json] EXPORT
      Every entry, their order, every checkpoint and its signature. With --anchors also that the history is the one of
      checkpoints that were kept elsewhere: lines {\"checkpoint\":\"…\"}, or an earlier export.
  contactiq-verify proof --key KEYS PROOF
      That one entry is in the log, and that a record is the one it commits to.
  contactiq-verify receipt --key KEYS RECEIPT
      That a person was erased: the signed note, or the JSON that holds it as `signed`.

KEYS holds public keys, name+hash+key, one a line: get it from the bank once, on another way than the log.
Exit status: 0 verified, 1 not, 2 wrong use.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(asked) = Asked::read(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match asked.answer() {
        Ok(found) => {
            println!("{found}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("NOT VERIFIED: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line says.
struct Asked<'a> {
    command: &'a str,
    keys: &'a str,
    anchors: Option<&'a str>,
    json: bool,
    file: &'a str,
}

impl<'a> Asked<'a> {
    fn read(arguments: &'a [String]) -> Option<Asked<'a>> {
        let (command, rest) = arguments.split_first()?;
        let (mut keys, mut anchors, mut json, mut file) = (None, None, false, None);
        let mut rest = rest.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            match word {
                "--key" if keys.is_none() => keys = Some(rest.next()?),
                "--anchors" if anchors.is_none() && command == "log" => anchors = Some(rest.next()?),
                "--json" if command == "log" => json = true,
                option if option.starts_with("--") => return None,
                path if file.is_none() => file = Some(path),
                _ => return None,
            }
        }
        matches!(command.as_str(), "log" | "proof" | "receipt").then_some(())?;
        Some(Asked { command, keys: keys?, anchors, json, file: file? })
    }

    /// What was found, in words, or why it is not verified.
    fn answer(&self) -> Result<String, String> {
        let keys = note::keys(&read(self.keys)?).map_err(|error| format!("{}: {error}", self.keys))?;
        match self.command {
            "log" => self.log(&keys),
            "receipt" => self.receipt(&keys),
            _ => self.proof(&keys),
        }
    }

    fn log(&self, keys: &[VerifyingKey]) -> Result<String, String> {
        let anchors = match self.anchors {
            Some(path) => export::anchors(&mut open(path)?, keys).map_err(|fault| fault.to_string())?,
            None => Vec::new(),
        };
        let whole =
            export::verify(&mut open(self.file)?, keys, &anchors).map_err(|fault| fault.to_string())?;
        if self.json {
            return serde_json::to_string(&whole).map_err(|error| error.to_string());
        }
        let kinds: Vec<String> =
            whole.kinds.iter().map(|(kind, count)| format!("  {count:>9} {kind}")).collect();
        Ok(format!(
            "verified: entries {} to {} of {}, root {}\n{} checkpoints and {} anchors agree; the clock was set back {} times\n{}",
            whole.from,
            whole.size,
            whole.origin,
            whole.root,
            whole.checkpoints,
            whole.anchors,
            whole.clock_set_back,
            kinds.join("\n")
        ))
    }

    fn receipt(&self, keys: &[VerifyingKey]) -> Result<String, String> {
        let text = read(self.file)?;
        // As the bank's program prints it, the note stands in the JSON of the receipt.
        let printed = serde_json::from_str::<serde_json::Value>(text.trim());
        let signed =
            printed.ok().and_then(|printed| Some(printed["signed"].as_str()?.to_owned())).unwrap_or(text);
        let receipt = Receipt::open(&signed, keys).map_err(|error| error.to_string())?;
        Ok(format!(
            "verified: {} interactions in {} conversations of the person {} were erased at {} (receipt {})",
            receipt.interactions, receipt.conversations, receipt.person, receipt.erased_at, receipt.id
        ))
    }

    fn proof(&self, keys: &[VerifyingKey]) -> Result<String, String> {
        let proved = Disclosure::verify(&read(self.file)?, keys).map_err(|error| error.to_string())?;
        let record = match &proved.record {
            Record::None => "it commits to no record".to_owned(),
            Record::Opened(record) => format!("it commits to this record:\n{record}"),
            Record::Closed => "it commits to a record that was erased or is not shown".to_owned(),
        };
        Ok(format!(
            "verified: entry {} ({}) is among the {} entries of {}\n{}\n{record}",
            proved.entry.index,
            proved.entry.kind,
            proved.checkpoint.size,
            proved.checkpoint.origin,
            String::from_utf8_lossy(&proved.entry.to_bytes()),
        ))
    }
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

fn open(path: &str) -> Result<BufReader<File>, String> {
    let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}
