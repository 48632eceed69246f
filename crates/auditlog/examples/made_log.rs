//! Writes a log of so many made entries, with a checkpoint behind every ten thousand, and its public key beside it: to
//! try the verifier, and to time it. `made_log 1000000 log.jsonl`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example, for a person at a terminal")]

use std::{collections::BTreeMap, fs::File, io::Write};

use contactiq_auditlog::{Checkpoint, Entry, Frontier, Hash, SigningKey, entry::VERSION, export};

const ORIGIN: &str = "bank.example/audit";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (entries, path) = (arguments.next().unwrap().parse::<u64>().unwrap(), arguments.next().unwrap());
    let key = SigningKey::new(ORIGIN, &[1; 32]).unwrap();
    std::fs::write(format!("{path}.pub"), format!("{}\n", key.verifying_key())).unwrap();
    let (mut edge, mut checkpoints) = (Frontier::default(), 0);
    let mut file = std::io::BufWriter::new(File::create(&path).unwrap());
    file.write_all(&export::begin(ORIGIN, &edge)).unwrap();
    for index in 0..entries {
        let fields = [
            ("interaction", format!("0192f0c5-7e2b-7c3d-9a4e-{index:012}")),
            ("form", "1".to_owned()),
            ("mode", "customer".to_owned()),
            ("outcome", "resolved".to_owned()),
            ("knowledge", "k17".to_owned()),
            ("sources", "customer/card-fees@2 customer/replacement-card@1".to_owned()),
            ("model", "extractive".to_owned()),
        ];
        let entry = Entry {
            v: VERSION,
            index,
            logged_at_us: 1_795_000_000_000_000 + index as i64,
            clock_back_us: 0,
            event: format!("0192f0c5-7e2b-7c3d-8a4e-{index:012}"),
            at_us: 1_795_000_000_000_000 + index as i64,
            kind: "interaction".to_owned(),
            fields: fields
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            commitment: Some(Hash::leaf(&index.to_le_bytes())),
        };
        let bytes = entry.to_bytes();
        edge.push(Hash::leaf(&bytes));
        file.write_all(&bytes).unwrap();
        file.write_all(b"\n").unwrap();
        if (index + 1).is_multiple_of(10_000) || index + 1 == entries {
            let made = Checkpoint {
                origin: ORIGIN.to_owned(),
                size: edge.size(),
                root: edge.root(),
                made_at_us: entry.logged_at_us,
            };
            file.write_all(&export::checkpoint(&made.sign(&key).unwrap())).unwrap();
            checkpoints += 1;
        }
    }
    file.write_all(&export::end(entries, checkpoints)).unwrap();
    file.flush().unwrap();
    println!("{entries} entries, {checkpoints} checkpoints; the key is in {path}.pub");
}
