#!/usr/bin/env bash
# Line coverage of the workspace's tests, printed; fails below 80 %. cargo-tarpaulin is installed
# when missing, which takes four minutes once.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d /tmp/contactiq-coverage-XXXXXX)
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
CONTACTIQ_TEST_POSTGRES_URL=$(scripts/postgres-private.sh start "$work/postgres")
CONTACTIQ_TEST_PGVECTOR_URL=$(scripts/pgvector-private.sh start "$work/pgvector")
CONTACTIQ_TEST_REDIS_URL=$(scripts/redis-private.sh start "$work/redis")
CONTACTIQ_TEST_LLAMA_URL=$(scripts/llama-private.sh start "$work/llama")
CONTACTIQ_TEST_PGBOUNCER_URL=$(scripts/pgbouncer-private.sh start "$work/pgbouncer" "$CONTACTIQ_TEST_POSTGRES_URL")
CONTACTIQ_TEST_OPENBAO_URL=$(scripts/openbao-private.sh start "$work/openbao")
CONTACTIQ_TEST_MOTO_URL=$(scripts/moto-private.sh start "$work/moto")
export CONTACTIQ_TEST_OPENBAO_URL CONTACTIQ_TEST_MOTO_URL
export CONTACTIQ_TEST_POSTGRES_URL CONTACTIQ_TEST_PGVECTOR_URL CONTACTIQ_TEST_REDIS_URL CONTACTIQ_TEST_LLAMA_URL \
  CONTACTIQ_TEST_PGBOUNCER_URL

cargo tarpaulin --version >/dev/null 2>&1 || cargo install --locked cargo-tarpaulin
# The llvm engine reads its profiles itself, so no llvm-tools are needed. --no-dead-code: with dead code
# linked, a constant assertion inside `pulp` fails to compile.
cargo tarpaulin --locked --workspace --engine llvm --follow-exec --skip-clean --no-dead-code --target-dir target/coverage \
  --exclude-files 'crates/*/tests/*' 'crates/*/examples/*' 'crates/*/benches/*' --timeout 600 --fail-under 80 --out Stdout "$@"
