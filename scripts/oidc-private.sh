#!/usr/bin/env bash
# A private identity provider for tests: npm's oidc-provider, which is certified for OpenID Connect, on a free loopback
# port, with people of every role, tokens of a few seconds, and keys that can be rotated.
#
#   oidc-private.sh start DIR   prints its issuer; DIR is made
#   oidc-private.sh stop DIR    ends it and removes DIR
#   oidc-private.sh fetch       only installs it
#
# Installed once (4 MB) into .cache/oidc, or OIDC_CACHE. What it can do besides is at the head of oidc_provider.mjs.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
pin=oidc-provider@9.13.3

usage() {
    sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -ge 1 ] || usage
action=$1
cache=$(realpath -m "${OIDC_CACHE:-$scripts/../.cache/oidc}")

fetch() {
    mkdir -p "$cache"
    # Two tests that begin together fetch once.
    exec 9>"$cache/lock"
    flock 9
    if [ "$(cat "$cache/pin" 2>/dev/null)" != "$pin" ]; then
        command -v node >/dev/null && command -v npm >/dev/null || {
            echo "the identity provider of the tests needs node and npm (Debian: apt-get install nodejs npm)" >&2
            exit 1
        }
        echo "installing $pin in $cache (4 MB, once)" >&2
        rm -rf "$cache/node_modules" "$cache/package.json" "$cache/package-lock.json"
        echo '{"private":true}' >"$cache/package.json"
        (cd "$cache" && npm install --no-audit --no-fund --ignore-scripts --loglevel=error "$pin") >&2
        echo "$pin" >"$cache/pin"
    fi
    exec 9>&-
}

if [ "$action" = fetch ]; then
    fetch
    exit
fi
[ $# -eq 2 ] || usage
dir=$(realpath -m "$2")

# Its own process, not another one that got the same number since.
running() {
    [ -s "$dir/oidc.pid" ] || return 1
    pid=$(cat "$dir/oidc.pid")
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$dir" ]
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
    cd "$dir"
    # The module is found beside the program that imports it.
    OIDC_MODULES="$cache/node_modules" setsid node "$scripts/oidc_provider.mjs" "$dir/url" >"$dir/oidc.log" 2>&1 9>&- &
    echo $! >"$dir/oidc.pid"
    for _ in $(seq 300); do
        if [ -s "$dir/url" ]; then
            cat "$dir/url"
            return
        fi
        running || break
        sleep 0.1
    done
    echo "the identity provider did not start:" >&2
    tail -n 20 "$dir/oidc.log" >&2
    exit 1
}

stop() {
    [ -e "$dir/oidc.pid" ] || { echo "nothing was started in $dir" >&2; exit 0; }
    if running; then kill "$pid" 2>/dev/null || true; fi
    cd /
    rm -rf "$dir"
}

case $action in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
