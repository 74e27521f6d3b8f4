#!/bin/sh
# 525,461 real order lines in, out, in again and out again, on SQLite and on a PostgreSQL server of this run's own. That one has its durable defaults and
# cleans up after itself: the server of the tests does not, and never learns how large its tables have become. LAPAK_RETAIL_FILE names the file.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/lapak-retail-XXXXXX")
chmod 711 "$dir"
as() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$*"; else sh -c "$*"; fi; }
pg=
# shellcheck disable=SC2329
end() {
	[ -z "$pg" ] || as "cd / && $pg/pg_ctl stop -m fast -D $dir/pg/data" >/dev/null || true
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM
found=$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1)
[ -n "$found" ] || { echo "PostgreSQL is not installed (apt-get install postgresql)" >&2; exit 1; }
mkdir "$dir/pg"
[ "$(id -u)" != 0 ] || chown postgres "$dir/pg"
bin=$(dirname "$(readlink -f "$found")")
as "cd / && $bin/initdb -D $dir/pg/data -U postgres -A trust -E UTF8 --locale=C --data-checksums" >/dev/null
pg=$bin
as "cd / && $pg/pg_ctl start -w -D $dir/pg/data -l $dir/pg/log -o \"-c listen_addresses='' -c unix_socket_directories=$dir/pg -c max_connections=100 -c shared_buffers=512MB -c max_wal_size=4GB\"" >/dev/null
LAPAK_TEST_POSTGRES="postgres://postgres@/postgres?host=$dir/pg" LAPAK_RETAIL_WHOLE=1 ${GO:-go} test ./internal/exchange -run "${RETAIL_RUN:-RealInvoices}" -count=1 -timeout 60m -v "$@"
