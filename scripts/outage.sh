#!/usr/bin/env bash
# PostgreSQL stands still for 5 minutes under load (R3): BINARY=… PAUSE=300 PACE=20 scripts/outage.sh
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${BINARY:-target/release/contactiq}
work=$(mktemp -d /tmp/contactiq-outage-XXXXXX)
chmod 755 "$work"
servers=()
stop() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
  wait || true
  scripts/postgres-private.sh stop "$work/postgres" >/dev/null 2>&1 || true
  scripts/redis-private.sh stop "$work/redis" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap stop EXIT

CONTACTIQ_DATABASE_URL=$(POSTGRES_KEEPS=yes scripts/postgres-private.sh start "$work/postgres" | tail -1)
CONTACTIQ_REDIS_URL=$(REDIS_APPENDFSYNC=always scripts/redis-private.sh start "$work/redis" | tail -1)
export CONTACTIQ_DATABASE_URL CONTACTIQ_REDIS_URL CONTACTIQ_LISTEN=127.0.0.1:0
mkdir "$work/data"
# Every answer is made anew.
printf '[limits]\nremembered_answers = 0\n' >"$work/bank.toml"
export CONTACTIQ_DATA_DIR="$work/data" CONTACTIQ_CONFIG="$work/bank.toml"
key=$("$binary" keys create --name outage --role service --rate-per-minute 100000 2>/dev/null | tail -1)
"$binary" serve >"$work/serve.out" 2>"$work/serve.log" &
servers+=($!)
for _ in $(seq 600); do
  url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$work/serve.out" "$work/serve.log" 2>/dev/null | head -1 | grep -oE 'http://.*' || true)
  [ -n "$url" ] && curl -fs "$url/ready" >/dev/null 2>&1 && break
  sleep 0.5
done
processes=$(for p in /proc/[0-9]*; do [ "$(readlink "$p/cwd" 2>/dev/null)" = "$(readlink -f "$work/postgres/data")" ] && echo "${p#/proc/}"; done | paste -sd, || true)
python3 scripts/outage.py --url "$url" --key "$key" --stop "$processes" --pause "${PAUSE:-300}" --pace "${PACE:-20}"
