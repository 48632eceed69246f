#!/usr/bin/env bash
# What a reviewer's machine checks beside the tests: formatting, lints, documentation, the ladder,
# licences and sources (cargo-deny is installed when missing, which takes five minutes once, and what
# it reads is fetched; with --install-nothing licences and sources are left out).
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --quiet
scripts/ladder.sh
scripts/published.sh
scripts/standards-test.sh
cargo run --quiet --locked --bin contactiq -- intents check
if [ "${1:-}" = --install-nothing ]; then
  echo 'licences, sources and the build without cloud features are not checked here: `make check` does that'
  exit 0
fi
# Without the clouds' managers of secrets, in a folder of its own: the other features would be built again and again.
CARGO_TARGET_DIR=target/no-clouds cargo check --locked --no-default-features -p contactiq-server
cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
# Its view of the tree spans every platform, so crates that no build here needs are fetched first.
cargo fetch --locked
cargo deny --offline check bans licenses sources
