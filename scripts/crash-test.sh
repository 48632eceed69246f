#!/usr/bin/env bash
# Servers and workers that are killed with -9 again and again: KILLS=200 each, against private PostgreSQL and Redis.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d /tmp/contactiq-crash-XXXXXX)
chmod 755 "$work"
stop() {
  scripts/pgvector-private.sh stop "$work/pgvector" >/dev/null 2>&1 || true
  scripts/redis-private.sh stop "$work/redis" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap stop EXIT
CONTACTIQ_TEST_PGVECTOR_URL=$(scripts/pgvector-private.sh start "$work/pgvector")
CONTACTIQ_TEST_REDIS_URL=$(scripts/redis-private.sh start "$work/redis")
export CONTACTIQ_TEST_PGVECTOR_URL CONTACTIQ_TEST_REDIS_URL

cargo build --locked --workspace --all-targets
CONTACTIQ_CRASH_KILLS=${KILLS:-200} cargo nextest run --locked --workspace --no-capture --no-fail-fast --run-ignored all \
  -E 'test(/^crash::/) + test(/^cut_streams::/) + test(/^outages::/) + test(workers::a_killed_worker_fails_no_question)'
