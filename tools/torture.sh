#!/bin/sh
# Breaks things for a long time and prints what came of it: kills under load,
# power cuts, faults of services, and fuzzing for the time given (default 20s
# for each fuzz test). LAPAK_TORTURE_SEED tries a seed again,
# LAPAK_TORTURE_ROUNDS sets the rounds of each trial, LAPAK_TORTURE_FUZZ=0
# leaves the fuzzing out. Everything is on loopback and ends by itself.
set -u
cd "$(dirname "$0")/.."
go=${GO:-go}
LAPAK_TORTURE=1
LAPAK_TORTURE_REPORT=$(mktemp)
export LAPAK_TORTURE LAPAK_TORTURE_REPORT
bad=0
run() { # what, package, tests, time limit
	printf '== %s\n' "$1"
	out=$(mktemp)
	if timeout "$4" "$go" test "$2" -run "$3" -count=1 -timeout "$4" -v >"$out" 2>&1; then
		ok=passed
	else
		ok=failed
		bad=1
		grep -vE '^[[:space:]]*(===|---) |level=' "$out" | tail -60
	fi
	grep -E 'seed|NOT TRIED|ran [0-9]+ |histor' "$out" | sort -u | head -40
	grep -q 'no tests to run' "$out" && ok=skipped
	[ "$2" = ./internal/torture ] || printf '%s\t%s\t%s\t-\t%s\n' "$ok" "$1" "$2" "$3" >>"$LAPAK_TORTURE_REPORT"
	rm -f "$out"
}
run "kills" ./internal/torture 'TestKill' 60m
run "power cuts" ./internal/torture 'TestPowerCut' 40m
run "faults" ./internal/torture 'TestFaults' 15m
for p in $(git grep -lE '^func Test[A-Za-z0-9_]*(Linear|Model)' -- 'internal/*_test.go' | xargs -rn1 dirname | sort -u); do
	run "histories and models in $p" "./$p" 'Linear|Model' 20m
done
if [ "${LAPAK_TORTURE_FUZZ:-20s}" != 0 ]; then
	printf '== fuzzing\n'
	ok=passed
	sh tools/fuzz.sh "${LAPAK_TORTURE_FUZZ:-20s}" || { ok=failed; bad=1; }
	printf '%s\tfuzz tests\t%s each\t-\t%s of them\n' "$ok" "${LAPAK_TORTURE_FUZZ:-20s}" "$(git grep -hE '^func Fuzz' -- '*_test.go' | wc -l)" >>"$LAPAK_TORTURE_REPORT"
fi
"$go" run ./internal/store/storetest/pgstop
printf '\n== what came of it\n'
awk -F'\t' '{ printf "%-8s  %-62s  %-20s  %-18s  %s\n", $1, $2, $3, $4, $5; n[$1]++ }
END { printf "\n%d passed, %d caught, %d void, %d skipped, %d failed\n", n["passed"], n["caught"], n["void"], n["skipped"], n["failed"] }' "$LAPAK_TORTURE_REPORT"
if grep -q '^void' "$LAPAK_TORTURE_REPORT"; then bad=1; fi
rm -f "$LAPAK_TORTURE_REPORT"
exit $bad
