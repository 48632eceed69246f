//! The server and the command line from outside: over HTTP, as a browser and as a process, against
//! the real house with its demo bank. Nothing is mocked; what these tests know of the inside is the
//! store, which they open to make keys and to look at what was kept.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod admission;
mod answers;
mod bad_input;
mod browser;
mod budgets;
mod calibration;
mod clients;
mod cluster;
mod command_line;
mod conversations;
mod crash;
mod dear;
mod describing;
mod dialogue;
mod door;
mod embeddings;
mod endurance;
mod feedback;
mod grounding_gate;
mod guard_commands;
mod house;
mod human_only;
mod idempotency;
mod interactions;
mod knowledge;
mod knowledge_commands;
mod knowledge_dangers;
mod knowledge_faults;
mod knowledge_readers;
mod knowledge_runs;
mod knowledge_search;
mod knowledge_versions;
mod ledger;
mod limits;
mod moderation;
mod obedient;
mod operations;
mod outages;
mod pages;
mod paper_commands;
mod papers;
mod process;
mod remembered;
mod remote_encoder;
mod replicas;
mod reply;
mod review;
mod roles;
mod serving;
mod several_requests;
mod sign_in;
mod site;
mod snapshots;
mod stream;
mod web_pages;
mod without_tables;
mod workers;
