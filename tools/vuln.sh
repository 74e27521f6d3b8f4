#!/bin/sh
# Looks for known vulnerabilities that the binary can reach.
set -eu
cd "$(dirname "$0")/.."
if ! out=$(go run golang.org/x/vuln/cmd/govulncheck@latest ./... 2>&1); then
	case "$out" in
	*"fetching vulnerabilities"*|*"dial tcp"*|*"no such host"*|*Forbidden*) echo "VOID: the vulnerability data could not be had; nothing was checked." >&2; exit 2 ;;
	esac
	echo "$out"; exit 1
fi
echo "$out"
