#!/usr/bin/env bash
# Users who ask the embedded default over HTTP, load and server on the same cores (rows S2, S4 and a part of S5):
# 100 at once for SECONDS each, every question in words of its own, then the same few again and again; with
# MINUTES, so long at RATE questions a second at their time. Usage: bench-users.sh [SECONDS [MINUTES [RATE]]]
# CONTACTIQ_BIN names the program, by default target/release/contactiq; CONTACTIQ_ENCODER the encoder's folder.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-20} minutes=${2:-0} rate=${3:-60}
binary=$(realpath -m "${CONTACTIQ_BIN:-$scripts/../target/release/contactiq}")
export CONTACTIQ_ENCODER=${CONTACTIQ_ENCODER:-$scripts/../.cache/encoder}
[ -x "$binary" ] || { echo "$binary is missing: cargo build --release --locked --bin contactiq" >&2; exit 1; }

work=$(mktemp -d)
server=
end() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT
# A copy: a build that ends meanwhile must not change what the figures are of.
cp "$binary" "$work/contactiq"
export CONTACTIQ_DATA_DIR="$work/data" CONTACTIQ_LISTEN=127.0.0.1:0 CONTACTIQ_METRICS_LISTEN=127.0.0.1:0
CONTACTIQ_BENCH_KEY=$("$work/contactiq" keys create --name users --role service --rate-per-minute 1000000 2>/dev/null | tail -1)
export CONTACTIQ_BENCH_KEY

start() { # REMEMBERED
  CONTACTIQ__LIMITS__REMEMBERED_ANSWERS=$1 "$work/contactiq" serve >"$work/out" 2>"$work/log" &
  server=$!
  url=
  for _ in $(seq 1200); do
    url=$(grep -ohE 'http://127\.0\.0\.1:[0-9]+' "$work/out" "$work/log" | head -1 || true)
    if [ -n "$url" ] && curl -fs "$url/ready" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "it did not start:" >&2
  tail -n 20 "$work/log" >&2
  exit 1
}
stop() { kill "$server" && wait "$server" || true; server=; }
memory() { echo "memory $1: $(awk '/VmRSS/ { printf "%.0f MB", $2 / 1024 }' "/proc/$server/status")"; }

start 0
memory "at rest"
echo "every question in words of its own"
"$work/contactiq" bench --against "$url" --users 100 --seconds "$seconds"
memory "after 100 users"
if [ "$minutes" -gt 0 ]; then
  echo "$rate questions a second, each at its time, for $minutes minutes"
  "$work/contactiq" bench --against "$url" --users 100 --seconds $((minutes * 60)) --rate "$rate"
  memory "behind them"
fi
stop
start 10000
echo "the same questions again and again"
"$work/contactiq" bench --against "$url" --users 100 --seconds 5 --again >/dev/null
"$work/contactiq" bench --against "$url" --users 100 --seconds "$seconds" --again
stop
