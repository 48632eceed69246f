#!/usr/bin/env bash
# What a reviewer's machine checks beside the tests: formatting, lints, documentation, the ladder,
# licences and sources (cargo-deny is installed when missing, which takes five minutes once; with
# --install-nothing licences and sources are checked only where cargo-deny is there).
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --quiet
scripts/ladder.sh
cargo run --quiet --locked --bin contactiq -- intents check
if ! cargo deny --version >/dev/null 2>&1; then
  if [ "${1:-}" = --install-nothing ]; then
    echo 'licences and sources are not checked: there is no cargo-deny; `make check` installs it'
    exit 0
  fi
  cargo install --locked cargo-deny
fi
cargo deny --offline check bans licenses sources
