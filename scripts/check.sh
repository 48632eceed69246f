#!/usr/bin/env bash
# What a reviewer's machine checks beside the tests: formatting, lints, documentation, the ladder,
# licences and sources (cargo-deny is installed when missing, which takes five minutes once).
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --quiet
scripts/ladder.sh
cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
cargo deny --offline check bans licenses sources
cargo run --quiet --locked --bin contactiq -- intents check
