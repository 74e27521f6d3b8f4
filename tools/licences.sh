#!/bin/sh
# Fails if a dependency of the binary has a licence that is not on the list.
set -eu
cd "$(dirname "$0")/.."
bin/go-licenses check ./cmd/lapak --ignore lapak \
	--allowed_licenses=MIT,BSD-2-Clause,BSD-3-Clause,Apache-2.0,ISC,MPL-2.0,Unlicense,0BSD 2>/tmp/lapak-licences.$$ || {
	grep -v 'contains non-Go code' /tmp/lapak-licences.$$ >&2; rm -f /tmp/lapak-licences.$$; exit 1; }
rm -f /tmp/lapak-licences.$$
