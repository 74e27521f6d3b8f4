#!/bin/sh
# Everything that decides whether a change may land. Stops at the first thing that is wrong.
set -eu
cd "$(dirname "$0")/.."
bin=$PWD/bin
go=${GO:-go}
say() { printf '== %s\n' "$1"; }

say "generated code is fresh"
before=$(git ls-files -z '*_templ.go' '*db/*.go' | xargs -0 cat | sha256sum)
"$bin/sqlc" generate
"$bin/templ" generate -log-level warn
after=$(git ls-files -z '*_templ.go' '*db/*.go' | xargs -0 cat | sha256sum)
new=$(git ls-files --others --exclude-standard '*_templ.go' '*db/*.go')
if [ "$before" != "$after" ] || [ -n "$new" ]; then
	echo "generated code was not fresh; run 'make gen' and commit: $new" >&2
	git --no-pager diff --stat -- '*_templ.go' '*db/*.go' >&2
	exit 1
fi

say "format"
bad=$(git ls-files '*.go' | grep -v -e '_templ\.go$' -e 'db/[^/]*\.go$' | xargs "$bin/gofumpt" -l)
[ -z "$bad" ] || { echo "not formatted (make fmt): $bad" >&2; exit 1; }
bad=$(git ls-files '*.templ' | xargs "$bin/templ" fmt -fail 2>&1 >/dev/null) || { echo "templates not formatted (make fmt): $bad" >&2; exit 1; }

say "vet"
"$go" vet ./...
say "staticcheck"
"$bin/staticcheck" ./...
say "licences"
sh tools/licences.sh
say "tests"
# A PostgreSQL server of this run's own, which ends with it.
TMPDIR=$(mktemp -d)
export TMPDIR
chmod 711 "$TMPDIR"
trap '"$go" run ./internal/store/storetest/pgstop; rm -rf "$TMPDIR"' EXIT
"$go" test -timeout 20m ./...
