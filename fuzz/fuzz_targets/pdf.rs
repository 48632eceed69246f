//! A PDF. The library below panics on bad files, which is why documents are read in a process of its own under limits
//! (docs/security.md): a panic is let pass here. A file that is small may still not ask for more time or memory than
//! that process gets.
#![no_main]

use std::panic::{self, AssertUnwindSafe};

use contactiq_ingest::{Kind, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // In place of the hook with which libFuzzer ends at a panic.
    init: panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let read = panic::catch_unwind(AssertUnwindSafe(|| read(Kind::Pdf, bytes)));
        if let Ok(Ok(contents)) = read
            && contents.blocks.is_empty()
        {
            std::process::abort();
        }
    }
);
