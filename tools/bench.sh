#!/bin/sh
# lapak bench on SQLite, and on a PostgreSQL server of this run's own, which keeps its durable defaults and ends with it.
# BENCH_DB=sqlite or BENCH_DB=postgres leaves the other out; BENCH_DIR is where the data lies; further arguments go to lapak bench.
set -eu
cd "$(dirname "$0")/.."
lapak=$PWD/bin/lapak
which=${BENCH_DB:-both}
mkdir -p "${BENCH_DIR:-${TMPDIR:-/tmp}}"
dir=$(mktemp -d "${BENCH_DIR:-${TMPDIR:-/tmp}}/lapak-bench-XXXXXX")
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
db=sqlite
if [ "$which" != sqlite ]; then
	found=$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1)
	[ -n "$found" ] || { echo "PostgreSQL is not installed (apt-get install postgresql); BENCH_DB=sqlite measures without it" >&2; exit 1; }
	mkdir "$dir/pg"
	[ "$(id -u)" != 0 ] || chown postgres "$dir/pg"
	bin=$(dirname "$(readlink -f "$found")")
	as "cd / && $bin/initdb -D $dir/pg/data -U postgres -A trust -E UTF8 --locale=C --data-checksums" >/dev/null
	pg=$bin
	# durable: fsync, full_page_writes and synchronous_commit stay on
	as "cd / && $pg/pg_ctl start -w -D $dir/pg/data -l $dir/pg/log -o \"-c listen_addresses='' -c unix_socket_directories=$dir/pg -c max_connections=100 -c shared_buffers=512MB -c max_wal_size=4GB\"" >/dev/null
	as "cd / && $pg/createdb -h $dir/pg -U postgres lapak"
	url="postgres://postgres@/lapak?host=$dir/pg"
	db=$url
	[ "$which" = postgres ] || db="sqlite,$url"
fi
"$lapak" bench --dir "$dir" --db "$db" "$@"
