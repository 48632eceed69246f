#!/usr/bin/env bash
# A private Redis for tests: its own folder, a free loopback port, a random password.
#
#   redis-private.sh start DIR   prints its URL; DIR is made
#   redis-private.sh restart DIR kills it and starts it again on its port
#   redis-private.sh kill DIR    only kills it
#   redis-private.sh again DIR   starts what was killed
#   redis-private.sh stop DIR    ends it and removes DIR
#
# The append-only file is on, as in production, and synced as REDIS_APPENDFSYNC says (everysec). REDIS_PRELOAD names a
# library that it is started with. Redis is installed by apt when missing.
set -eu

usage() {
    sed -n '2,11p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$(realpath -m "$2")

# Its own process, not another one that got the same number since.
running() {
    [ -s "$dir/redis.pid" ] || return 1
    pid=$(cat "$dir/redis.pid")
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = redis-server ] && [ "$(readlink "/proc/$pid/cwd")" = "$dir" ]
}

# Redis answers, and asks for a password: what listens on the port is Redis, and a closed one.
answers() {
    local answer=''
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'PING\r\n' >&3
    IFS= read -r -t 5 answer <&3 || true
    exec 3>&- 3<&-
    case $answer in -NOAUTH*) return 0 ;; *) return 1 ;; esac
}

program() {
    LD_PRELOAD=${REDIS_PRELOAD:-} redis-server "$dir/redis.conf"
}

install_redis() {
    echo "installing Redis" >&2
    # Only the program: a service that nobody asked for would start otherwise, now and at each boot.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server; } >&2
    systemctl disable redis-server >/dev/null 2>&1 || true
}

start() {
    if [ -s "$dir/url" ] && running; then
        cat "$dir/url"
        return
    fi
    command -v redis-server >/dev/null || install_redis
    if [ -e "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
        echo "$dir is not empty: stop it first, or name another folder" >&2
        exit 1
    fi
    mkdir -p "$dir"
    chmod 700 "$dir"
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

    # The password is in a file, not among the arguments, which everybody on the machine can read.
    # Whether a port is free is known for sure only after binding it, so a taken one means another try.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        (umask 077 && cat >"$dir/redis.conf" <<CONF
bind 127.0.0.1
port $port
requirepass $password
dir "$dir"
appendonly yes
appendfsync ${REDIS_APPENDFSYNC:-everysec}
save ""
daemonize yes
pidfile "$dir/redis.pid"
logfile "$dir/redis.log"
CONF
        )
        rm -f "$dir/redis.pid"
        program >/dev/null 2>&1 || continue
        for _ in $(seq 100); do
            if running && answers "$port"; then
                (umask 077 && printf 'redis://:%s@127.0.0.1:%s/\n' "$password" "$port" >"$dir/url")
                cat "$dir/url"
                return
            fi
            # A daemon that could not bind its port says so in its log and is gone.
            if grep -q 'Failed listening' "$dir/redis.log" 2>/dev/null; then
                rm -f "$dir/redis.log"
                break
            fi
            sleep 0.1
        done
    done
    echo "Redis did not start:" >&2
    tail -n 20 "$dir/redis.log" >&2
    exit 1
}

killed() {
    running || { echo "nothing runs in $dir" >&2; exit 1; }
    kill -9 "$pid"
    while running; do sleep 0.02; done
}

again() {
    port=$(sed -n 's/^port //p' "$dir/redis.conf")
    # A client that connects to the dead port from that very port has it until it notices.
    for _ in $(seq 60); do
        rm -f "$dir/redis.pid"
        program >/dev/null
        for _ in $(seq 20); do
            if running && answers "$port"; then return; fi
            if tail -n 1 "$dir/redis.log" | grep -q 'Failed listening'; then break; fi
            sleep 0.1
        done
    done
    echo "Redis did not start again:" >&2
    tail -n 20 "$dir/redis.log" >&2
    exit 1
}

stop() {
    # Only a folder that `start` made is removed.
    [ -e "$dir/redis.conf" ] || { echo "nothing was started in $dir" >&2; exit 0; }
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
    restart) killed && again ;;
    kill) killed ;;
    again) again ;;
    stop) stop ;;
    *) usage ;;
esac
