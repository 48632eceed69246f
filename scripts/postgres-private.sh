#!/usr/bin/env bash
# A private PostgreSQL for tests: its own folder, a free loopback port, a random password.
#
#   postgres-private.sh start DIR   prints its URL; DIR is made, and must be reachable by the user postgres
#   postgres-private.sh restart DIR ends it without a word, as a failure does, and starts it again on its port
#   postgres-private.sh stop DIR    ends it and removes DIR
#
# Durability is off (fsync=off): it is for tests alone. POSTGRES_KEEPS=yes keeps what was committed when its processes
# die, which a restart needs. POSTGRES_TLS=FOLDER takes links with TLS alone, with the folder's server.pem and server.key. PostgreSQL is installed by apt when missing;
# POSTGRES_BIN names the folder of another one's programs.
set -eu

usage() {
    sed -n '2,11p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$(realpath -m "$2")

# PostgreSQL refuses to run as root; as root we step down to the user that its package makes, or to
# nobody where another one's programs run without that package.
user() {
    if id -u postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$(user)" -- "$@")
    else
        "$@"
    fi
}

newest_bin() {
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1
}

bin=${POSTGRES_BIN:-$(newest_bin)}

start() {
    if [ -s "$dir/url" ] && as_postgres "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
        cat "$dir/url"
        return
    fi
    if [ -z "$bin" ]; then
        echo "installing PostgreSQL" >&2
        # Without a cluster of its own: a server that nobody asked for would start otherwise.
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] ||
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; } >&2
        bin=$(newest_bin)
    fi
    if [ -e "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
        echo "$dir is not empty: stop it first, or name another folder" >&2
        exit 1
    fi
    mkdir -p "$dir"
    chmod 700 "$dir"
    [ "$(id -u)" -ne 0 ] || chown "$(user)" "$dir"
    if ! as_postgres test -w "$dir"; then
        echo "the user $(user) can't reach $dir: choose one whose parents everybody may enter, such as /tmp/NAME" >&2
        rmdir "$dir"
        exit 1
    fi

    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '%s\n' "$password" >"$dir/password")
    [ "$(id -u)" -ne 0 ] || chown "$(user)" "$dir/password"
    as_postgres "$bin/initdb" -D "$dir/data" -U postgres -A scram-sha-256 --pwfile="$dir/password" \
        -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }

    tls=
    if [ -n "${POSTGRES_TLS:-}" ]; then
        for file in server.pem server.key; do
            (umask 077 && cat "$POSTGRES_TLS/$file" >"$dir/data/$file")
            [ "$(id -u)" -ne 0 ] || chown "$(user)" "$dir/data/$file"
        done
        printf 'hostssl all all 127.0.0.1/32 scram-sha-256\n' >"$dir/data/pg_hba.conf"
        tls="-c ssl=on -c ssl_cert_file=server.pem -c ssl_key_file=server.key"
    fi

    keeps="-c synchronous_commit=off -c full_page_writes=off"
    [ "${POSTGRES_KEEPS:-no}" = no ] || keeps=

    # Whether a port is free is known for sure only after binding it, so a taken one means another try.
    # No Unix socket: its path may be too long, and nobody needs it.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        if as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 60 start -o "-p $port \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=500 \
            -c fsync=off $keeps $tls" >/dev/null 2>&1; then
            (umask 077 && printf 'postgres://postgres:%s@127.0.0.1:%s/postgres\n' "$password" "$port" >"$dir/url")
            cat "$dir/url"
            return
        fi
    done
    echo "PostgreSQL did not start:" >&2
    tail -n 20 "$dir/data/server.log" >&2
    exit 1
}

# With the options that it was started with.
restart() {
    as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -m immediate -w -t 60 restart >/dev/null
}

stop() {
    # Only a folder that `start` made is removed.
    [ -d "$dir/data" ] && [ -e "$dir/password" ] || { echo "nothing was started in $dir" >&2; exit 0; }
    as_postgres "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}

case $action in
    start) start ;;
    restart) restart ;;
    stop) stop ;;
    *) usage ;;
esac
