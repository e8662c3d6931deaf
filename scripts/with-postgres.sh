#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL server, which is gone when the command ends:
#
#   scripts/with-postgres.sh cargo test
#
# The command finds the server's address, with a role that may create databases, in GPU_FLEET_TEST_POSTGRES_URL. When
# that variable is set already, the command gets it as it is and no server is started.
#
# The server keeps PostgreSQL's own settings for durability: a test that passes without fsync proves nothing about one
# that loses power. It listens on a free port of the loopback address and asks for a password made up for this run.
set -euo pipefail

if [ $# -eq 0 ]; then
    echo "usage: scripts/with-postgres.sh COMMAND [ARGUMENT…]" >&2
    exit 2
fi

if [ -n "${GPU_FLEET_TEST_POSTGRES_URL:-}" ]; then
    exec "$@"
fi

# The newest installed server. Debian keeps its programs out of PATH.
server_programs() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$found" ] && [ -x "$found/initdb" ]; then
        echo "$found"
    elif command -v initdb >/dev/null; then
        dirname "$(readlink -f "$(command -v initdb)")"
    fi
}

programs=$(server_programs)
if [ -z "$programs" ]; then
    echo "with-postgres: no PostgreSQL server is installed (Debian: apt-get install postgresql)" >&2
    exit 1
fi

# PostgreSQL refuses to run as root, so root lends its work to the user that Debian's package makes for it.
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

if [ "$(id -u)" -eq 0 ] && ! id postgres >/dev/null 2>&1; then
    echo "with-postgres: as root this needs a user named postgres to run the server as" >&2
    exit 1
fi

place=$(mktemp -d "${TMPDIR:-/tmp}/gpu-fleet-postgres.XXXXXX")
clean_up() {
    if [ -f "$place/data/postmaster.pid" ]; then
        as_server "$programs/pg_ctl" stop --silent --mode immediate --pgdata "$place/data" || true
    fi
    rm -rf "$place"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && echo "$password" >"$place/password")
if [ "$(id -u)" -eq 0 ]; then
    chown -R postgres "$place"
fi

# Only the making of the empty directory goes unsynced; the server itself syncs what it commits.
as_server "$programs/initdb" --pgdata "$place/data" --username fleet --pwfile "$place/password" \
    --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --no-sync >"$place/initdb.log" 2>&1 || {
    cat "$place/initdb.log" >&2
    exit 1
}

# A port is known to be free only once the server has it, so busy ones are found out by trying.
start_on() {
    as_server "$programs/pg_ctl" start --silent --wait --timeout 60 --pgdata "$place/data" --log "$place/data/server.log" \
        --options "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$place -c max_connections=400" \
        >/dev/null 2>&1
}

port=
for _ in 1 2 3 4 5 6 7 8 9 10; do
    candidate=$((20000 + RANDOM % 12000))
    if start_on "$candidate"; then
        port=$candidate
        break
    fi
done
if [ -z "$port" ]; then
    echo "with-postgres: the server does not start; the end of its log:" >&2
    tail -n 20 "$place/data/server.log" >&2 || true
    exit 1
fi

export GPU_FLEET_TEST_POSTGRES_URL="postgres://fleet:$password@127.0.0.1:$port/postgres"
"$@"
