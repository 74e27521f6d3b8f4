#!/bin/sh
# Runs each fuzz test for the time given (default 60s), all of them even if one fails.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=
for f in $(git grep -lE '^func Fuzz' -- '*_test.go'); do
	for name in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$f"); do
		echo "== $name in $(dirname "$f")"
		go test "./$(dirname "$f")" -run '^$' -fuzz "^$name\$" -fuzztime "${1:-60s}" || failed="$failed $name"
	done
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
