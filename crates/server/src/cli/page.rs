//! The options of every command that lists: how many, from where, for whom.

/// Rows of a page where nothing else is asked for.
const ROWS: u32 = 50;

/// Which page of a list, and in which form.
#[derive(clap::Args)]
pub(super) struct Page {
    /// At most this many on a page: 50, and with --json all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Which page, from 1.
    #[arg(long = "page", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) number: u32,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

impl Page {
    /// As many rows at most.
    pub(super) fn limit(&self) -> u32 {
        // What the engines take as a limit is a signed number.
        self.limit.unwrap_or(if self.json { u32::MAX >> 1 } else { ROWS })
    }

    /// So many rows stand on the pages before.
    pub(super) fn skip(&self) -> u32 {
        self.limit().saturating_mul(self.number - 1)
    }
}
