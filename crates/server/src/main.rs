//! The binary `contactiq`: a match over commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    contactiq_server::cli::run()
}
