#!/usr/bin/env bash
# A private PgBouncer for tests, pooling by transaction, before a PostgreSQL whose URL is given.
#
#   pgbouncer-private.sh start DIR URL   prints its URL; DIR is made
#   pgbouncer-private.sh stop DIR        ends it and removes DIR
#
# It has its defaults otherwise: what needs more must be said in docs/runbook.md. Installed by apt when missing.
set -eu

usage() {
    sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -ge 2 ] || usage
action=$1
dir=$(realpath -m "$2")

# Its own process, not another one that got the same number since.
running() {
    [ -s "$dir/pgbouncer.pid" ] || return 1
    [ "$(cat "/proc/$(cat "$dir/pgbouncer.pid")/comm" 2>/dev/null)" = pgbouncer ]
}

install_pgbouncer() {
    echo "installing PgBouncer" >&2
    # Only the program: a service that nobody asked for would start otherwise, now and at each boot.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends pgbouncer; } >&2
    systemctl disable pgbouncer >/dev/null 2>&1 || true
}

listens() {
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    exec 3>&- 3<&-
}

start() {
    [ -n "${1:-}" ] || usage
    if [ -s "$dir/url" ] && running; then
        cat "$dir/url"
        return
    fi
    command -v pgbouncer >/dev/null || install_pgbouncer
    # postgres://user:password@host:port/database
    local rest=${1#*://}
    local account=${rest%@*} place=${rest##*@}
    local user=${account%%:*} password=${account#*:} host=${place%%:*} port=${place#*:}
    port=${port%%/*}
    # The file of users has the password in it.
    umask 077
    mkdir -p "$dir"
    printf '"%s" "%s"\n' "$user" "$password" >"$dir/users"
    local tries own
    for tries in 1 2 3 4 5; do
        own=$(shuf -i 20000-32000 -n 1)
        listens "$own" && continue
        cat >"$dir/pgbouncer.ini" <<END
[databases]
* = host=$host port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $own
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $dir/users
pool_mode = transaction
default_pool_size = 4
logfile = $dir/log
pidfile = $dir/pgbouncer.pid
END
        chown -R postgres "$dir"
        pgbouncer -q -d -u postgres "$dir/pgbouncer.ini" >&2 || continue
        for _ in $(seq 50); do
            if running && listens "$own"; then
                printf 'postgres://%s@127.0.0.1:%s/postgres' "$account" "$own" >"$dir/url"
                cat "$dir/url"
                return
            fi
            sleep 0.1
        done
    done
    cat "$dir/log" >&2 || true
    echo "PgBouncer did not start" >&2
    exit 1
}

stop() {
    if running; then
        kill -INT "$(cat "$dir/pgbouncer.pid")" 2>/dev/null || true
        for _ in $(seq 50); do running || break; sleep 0.1; done
    fi
    rm -rf "$dir"
}

case $action in
start) start "${3:-}" ;;
stop) stop ;;
*) usage ;;
esac
