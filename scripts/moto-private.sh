#!/usr/bin/env bash
# A private stand-in for AWS for tests: moto's server, on a free loopback port. It keeps secrets as AWS Secrets Manager
# does and speaks its wire; it looks at no signature unless it is told to (INITIAL_NO_AUTH_ACTION_COUNT).
#
#   moto-private.sh start DIR   prints its URL; DIR is made
#   moto-private.sh stop DIR    ends it and removes DIR
#
# Fetched once (40 MB with what it needs) into .cache/moto, or MOTO_CACHE.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)

# Apache-2.0.
pin='moto[server]==5.2.5'

usage() {
    sed -n '2,8p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$(realpath -m "$2")
cache=$(realpath -m "${MOTO_CACHE:-$scripts/../.cache/moto}")

# Its own process, not another one that got the same number since.
running() {
    [ -s "$dir/moto.pid" ] || return 1
    pid=$(cat "$dir/moto.pid")
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$dir" ]
}

fetch() {
    mkdir -p "$cache"
    # Two tests that begin together fetch once.
    exec 9>"$cache/lock"
    flock 9
    if [ "$(cat "$cache/venv/pin" 2>/dev/null)" != "$pin" ]; then
        echo "installing moto in $cache (40 MB, once)" >&2
        rm -rf "$cache/venv"
        python3 -m venv "$cache/venv"
        "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: "$pin" >&2
        echo "$pin" >"$cache/venv/pin"
    fi
    exec 9>&-
}

start() {
    if [ -s "$dir/url" ] && running; then
        cat "$dir/url"
        return
    fi
    fetch
    if [ -e "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
        echo "$dir is not empty: stop it first, or name another folder" >&2
        exit 1
    fi
    mkdir -p "$dir"
    chmod 700 "$dir"
    cd "$dir"

    # Whether a port is free is known for sure only after binding it, so a taken one means another try.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        (exec env -i HOME="$dir" PATH="$cache/venv/bin:/usr/bin:/bin" NO_PROXY='*' \
            INITIAL_NO_AUTH_ACTION_COUNT="${INITIAL_NO_AUTH_ACTION_COUNT:-inf}" setsid \
            "$cache/venv/bin/moto_server" -H 127.0.0.1 -p "$port" >moto.log 2>&1 </dev/null) &
        echo $! >moto.pid
        for _ in $(seq 300); do
            sleep 0.1
            running || break
            grep -q 'Running on http' moto.log || continue
            printf 'http://127.0.0.1:%s\n' "$port" >url
            cat url
            return
        done
        running && kill -9 "$(cat moto.pid)"
    done
    echo "moto did not start:" >&2
    tail -n 20 moto.log >&2
    exit 1
}

stop() {
    # Only a folder that `start` made is removed.
    [ -e "$dir/moto.pid" ] || { echo "nothing was started in $dir" >&2; exit 0; }
    if running; then
        kill "$pid"
        for _ in $(seq 50); do
            running || break
            sleep 0.1
        done
        running && kill -9 "$pid" || true
    fi
    rm -rf "$dir"
}

case $action in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
