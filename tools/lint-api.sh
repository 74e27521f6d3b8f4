#!/bin/sh
# Two public linters over the API's document: Redocly's and Spectral's. Needs Node and npm.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
dir=$PWD/bin/lint-api
if [ ! -x "$dir/node_modules/.bin/redocly" ] || [ ! -x "$dir/node_modules/.bin/spectral" ]; then
	command -v npm >/dev/null 2>&1 || { echo "make lint-api needs npm (apt-get install npm)." >&2; exit 1; }
	echo "== installing Redocly CLI and Spectral in bin/lint-api"
	mkdir -p "$dir"
	npm install --silent --no-audit --no-fund --prefix "$dir" @redocly/cli@2 @stoplight/spectral-cli@6 || { echo "The linters could not be installed: no way to the npm registry?" >&2; exit 1; }
fi
LAPAK_OPENAPI=$dir/openapi.json "$go" test -count=1 -timeout 5m -run '^TestTheDocumentIsServed$' ./internal/app
printf 'extends: ["spectral:oas"]\n' >"$dir/spectral.yaml"
echo "== Redocly"
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true "$dir/node_modules/.bin/redocly" lint --extends recommended "$dir/openapi.json"
echo "== Spectral"
"$dir/node_modules/.bin/spectral" lint --ruleset "$dir/spectral.yaml" --fail-severity warn "$dir/openapi.json"
