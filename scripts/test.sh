#!/usr/bin/env bash
# Everything that is tested, against real services: private PostgreSQL and Redis on free ports, a
# real Chromium. Installs what is missing (Debian). Prints one closing line a runner.
set -euo pipefail
cd "$(dirname "$0")/.."

# Services start as other users, who must be able to enter the folder's parents.
work=$(mktemp -d /tmp/contactiq-test-XXXXXX)
chmod 755 "$work"
stop() {
  scripts/postgres-private.sh stop "$work/postgres" >/dev/null 2>&1 || true
  scripts/pgvector-private.sh stop "$work/pgvector" >/dev/null 2>&1 || true
  scripts/redis-private.sh stop "$work/redis" >/dev/null 2>&1 || true
  scripts/llama-private.sh stop "$work/llama" >/dev/null 2>&1 || true
  scripts/openbao-private.sh stop "$work/openbao" >/dev/null 2>&1 || true
  scripts/moto-private.sh stop "$work/moto" >/dev/null 2>&1 || true
  scripts/pgbouncer-private.sh stop "$work/pgbouncer" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap stop EXIT

# `make test` fetches it; `off` leaves out the tests that need it, and without it they fail.
export CONTACTIQ_ENCODER=${CONTACTIQ_ENCODER:-$PWD/.cache/encoder}

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

step 'formatting'
cargo fmt --all --check

step 'services'
scripts/oidc-private.sh fetch # each test that needs an identity provider starts its own
CONTACTIQ_TEST_POSTGRES_URL=$(scripts/postgres-private.sh start "$work/postgres")
CONTACTIQ_TEST_PGVECTOR_URL=$(scripts/pgvector-private.sh start "$work/pgvector")
CONTACTIQ_TEST_REDIS_URL=$(scripts/redis-private.sh start "$work/redis")
CONTACTIQ_TEST_LLAMA_URL=$(scripts/llama-private.sh start "$work/llama")
CONTACTIQ_TEST_PGBOUNCER_URL=$(scripts/pgbouncer-private.sh start "$work/pgbouncer" "$CONTACTIQ_TEST_POSTGRES_URL")
CONTACTIQ_TEST_OPENBAO_URL=$(scripts/openbao-private.sh start "$work/openbao")
CONTACTIQ_TEST_MOTO_URL=$(scripts/moto-private.sh start "$work/moto")
export CONTACTIQ_TEST_POSTGRES_URL CONTACTIQ_TEST_PGVECTOR_URL CONTACTIQ_TEST_REDIS_URL CONTACTIQ_TEST_LLAMA_URL \
  CONTACTIQ_TEST_PGBOUNCER_URL CONTACTIQ_TEST_OPENBAO_URL CONTACTIQ_TEST_MOTO_URL

step 'build'
cargo build --locked --workspace --all-targets

step 'tests'
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --locked --workspace --no-fail-fast
else
  cargo test --locked --workspace --no-fail-fast
fi

step 'examples of the documentation, among them what must not compile'
cargo test --locked --workspace --doc

step 'lints'
cargo clippy --locked --workspace --all-targets -- -D warnings

step 'the ladder'
scripts/ladder.sh

step 'generated files'
cargo run --quiet --locked --bin contactiq -- openapi | diff -u docs/openapi.json - || {
  echo 'docs/openapi.json is stale: run `make openapi`' >&2
  exit 1
}

step 'alert rules'
scripts/alert-rules-test.sh

step 'browser'
scripts/browser-test.sh

step 'done'
