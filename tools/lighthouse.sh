#!/bin/sh
# Lighthouse 12 on the buyer's pages, as on a cheap phone: the median of five runs. Needs Node, npm and Chromium.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
dir=$PWD/bin/lighthouse
program=$dir/node_modules/.bin/lighthouse
if [ ! -x "$program" ]; then
	command -v npm >/dev/null 2>&1 || { echo "make lighthouse needs npm (apt-get install npm)." >&2; exit 1; }
	echo "== installing Lighthouse 12 in bin/lighthouse"
	mkdir -p "$dir"
	npm install --silent --no-audit --no-fund --prefix "$dir" lighthouse@12 || { echo "Lighthouse could not be installed: no way to the npm registry?" >&2; exit 1; }
fi
LAPAK_LIGHTHOUSE=$program exec "$go" test -tags lighthouse -count=1 -timeout 30m -v -run '^TestLighthouse$' ./internal/e2e
