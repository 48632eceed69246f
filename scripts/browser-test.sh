#!/usr/bin/env bash
# The pages in a real Chromium against a real server with a data folder of its own.
#
#   browser-test.sh          the last line is `browser: N passed, N failed`
#
#   CONTACTIQ_BIN            the binary under test; default target/debug/contactiq
#   CONTACTIQ_ENCODER        the encoder's folder, or off (the default)
#   CHROMIUM                 the browser; default /usr/bin/chromium, installed by apt when missing
#   SCREENSHOTS=1            writes the pictures of the documentation into docs/images
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
bin=$(realpath -m "${CONTACTIQ_BIN:-target/debug/contactiq}")
if [ ! -x "$bin" ]; then
    echo "$bin is not there: build it first (cargo build), or name another in CONTACTIQ_BIN" >&2
    exit 1
fi
[ -z "${CONTACTIQ_ENCODER:-}" ] || [ "$CONTACTIQ_ENCODER" = off ] || CONTACTIQ_ENCODER=$(realpath -m "$CONTACTIQ_ENCODER")

export CHROMIUM="${CHROMIUM:-/usr/bin/chromium}"
if [ ! -x "$CHROMIUM" ]; then
    echo "installing Chromium" >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-liberation; } >&2
fi
(cd tests/browser && npm ci --no-audit --no-fund --loglevel=error >&2)

# Nothing of the caller's own settings may reach the server under test.
encoder=${CONTACTIQ_ENCODER:-off}
for name in $(env | sed -n 's/^\(CONTACTIQ[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done

work=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        for _ in $(seq 150); do
            kill -0 "$server" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

export CONTACTIQ_BIN=$bin CONTACTIQ_ENCODER=$encoder CONTACTIQ_DATA_DIR=$work/data
# What an earlier run encoded need not be encoded again; of another encoder it is left aside.
kept=$root/target/tmp/encoded/vectors.bin
if [ "$encoder" != off ] && [ -f "$kept" ]; then
    mkdir -p "$work/data/cache"
    cp "$kept" "$work/data/cache/vectors.bin"
fi
# The tests ask faster than people do.
export CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE=100 CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP=1000
CONTACTIQ_LISTEN=127.0.0.1:0 CONTACTIQ_METRICS_LISTEN=127.0.0.1:0 "$bin" serve >"$work/out" 2>"$work/log" &
server=$!

# With the encoder the first start computes the passages' vectors: that may take minutes.
for _ in $(seq 3000); do
    grep -q '/signin?code=' "$work/out" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.2
done
CONTACTIQ_URL=$(sed -n 's/^ContactIQ .* listens on \(http[^ ]*\)$/\1/p' "$work/out")
CONTACTIQ_SIGN_IN=$(sed -n 's/^ *Sign in *\(http[^ ]*\)$/\1/p' "$work/out")
if [ -z "$CONTACTIQ_URL" ] || [ -z "$CONTACTIQ_SIGN_IN" ]; then
    echo "the server did not start:" >&2
    tail -n 20 "$work/out" "$work/log" >&2
    exit 1
fi

CONTACTIQ_PICTURES=$work/pictures
[ "${SCREENSHOTS:-}" != 1 ] || CONTACTIQ_PICTURES=$root/docs/images
mkdir -p "$CONTACTIQ_PICTURES"
export CONTACTIQ_URL CONTACTIQ_SIGN_IN CONTACTIQ_PICTURES

# The same letters on every machine.
export FONTCONFIG_FILE=$root/tests/browser/fonts.conf

if [ "$encoder" != off ] && [ -f "$work/data/cache/vectors.bin" ]; then
    mkdir -p "${kept%/*}"
    cp "$work/data/cache/vectors.bin" "$kept.$$" && mv "$kept.$$" "$kept"
fi

status=0
node --test-reporter=./tests/browser/reporter.mjs --test-reporter-destination=stdout tests/browser/run.mjs || status=$?
if grep -q '"level":"ERROR"' "$work/log"; then
    echo "the server logged errors:" >&2
    grep '"level":"ERROR"' "$work/log" | tail -n 20 >&2
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
