#!/bin/sh
# A private PostgreSQL for tests, from Debian's packages.
#   tests/postgres.sh start DIR PORT   makes a cluster in DIR if there is none, starts it on 127.0.0.1:PORT with its
#                                      unix socket inside, and prints its URL
#   tests/postgres.sh stop DIR         stops it at once, cleanly; the data stays
#   tests/postgres.sh kill DIR         kills all its processes, as a crash would
# Environment: PGTEST_OPTIONS, more options for the server (such as "-c fsync=off").
# The server refuses to run as root, so root runs it as an unprivileged user that owns DIR.
set -eu

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

fail() {
    echo "postgres.sh: $*" >&2
    exit 1
}

newest_bin() {
    found=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] || fail "PostgreSQL's server is not installed (Debian: apt install postgresql)"
    echo "$found"
}

# The user that runs the server; it must be able to reach DIR.
server_user() {
    if id -u postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$(server_user)" -- "$@")
    else
        "$@"
    fi
}

make_cluster() {
    mkdir -p "$dir"
    if [ "$(id -u)" -eq 0 ]; then
        chown "$(server_user)" "$dir"
    fi
    as_server test -w "$dir" || fail "user $(server_user) cannot reach $dir: a folder above it is closed to others"
    as_server "$bin/initdb" --pgdata="$dir/data" --locale=C.UTF-8 --encoding=UTF8 --auth=trust \
        --username=postgres --no-sync >"$dir/initdb.log" 2>&1 || fail "initdb failed: see $dir/initdb.log"
}

# A socket's path has 107 bytes at most; without one, 127.0.0.1 remains.
socket_folder() {
    if [ "${#dir}" -lt 80 ]; then
        echo "$dir/data"
    fi
}

start() {
    [ -f "$dir/data/PG_VERSION" ] || make_cluster
    as_server "$bin/pg_ctl" start --pgdata="$dir/data" --log="$dir/server.log" --wait --timeout=60 --silent \
        --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$(socket_folder)' \
-c shared_buffers=16MB -c max_connections=100 ${PGTEST_OPTIONS:-}" >&2 ||
        fail "the server did not start: see $dir/server.log"
    echo "postgresql://postgres@127.0.0.1:$port/postgres"
}

# Whether one of these processes still runs; one that only waits to be reaped does not.
any_runs() {
    for pid in "$@"; do
        case $(ps -o stat= -p "$pid" || true) in
        '' | Z*) ;;
        *) return 0 ;;
        esac
    done
    return 1
}

# The server's processes are the first one and its children.
kill_all() {
    first=$(head -n 1 "$dir/data/postmaster.pid") || fail "no server runs in $dir"
    # shellcheck disable=SC2046 # a list of numbers
    set -- "$first" $(ps -o pid= --ppid "$first" || true)
    kill -KILL "$@" 2>/dev/null || true
    while any_runs "$@"; do
        sleep 0.02
    done
    rm -f "$dir/data/postmaster.pid" "$dir"/data/.s.PGSQL.*
}

[ $# -ge 2 ] || usage
verb=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
port=${3:-}
bin=$(newest_bin)
case $verb in
start)
    [ -n "$port" ] || usage
    start
    ;;
stop) as_server "$bin/pg_ctl" stop --pgdata="$dir/data" --mode=fast --wait --timeout=60 --silent >&2 ;;
kill) kill_all ;;
*) usage ;;
esac
