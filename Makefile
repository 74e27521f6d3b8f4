# Daily commands. `make test` is the one that decides; it installs what it needs on Debian.
GO      ?= go
BIN     := $(CURDIR)/bin
export CGO_ENABLED = 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

.PHONY: retail run demo gen fmt check test race fuzz vuln licences lighthouse lint-api bench bench-scale bench-search bench-store clean tools torture

run: ## serve an installation from ./data
	$(GO) run ./cmd/lapak serve

demo: ## serve the demo
	$(GO) run ./cmd/lapak demo

build: ## one static binary in bin/lapak
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN)/lapak ./cmd/lapak

tools: $(BIN)/.tools
$(BIN)/.tools: tools/go.mod tools/go.sum
	@echo "== building the tools (sqlc, templ, gofumpt, staticcheck, go-licenses)"
	@mkdir -p $(BIN)
	cd tools && $(GO) build -o $(BIN)/ github.com/sqlc-dev/sqlc/cmd/sqlc github.com/a-h/templ/cmd/templ mvdan.cc/gofumpt honnef.co/go/tools/cmd/staticcheck github.com/google/go-licenses/v2
	@touch $@

gen: tools ## write the generated code anew
	$(BIN)/sqlc generate
	$(BIN)/templ generate -log-level warn

fmt: tools ## format everything
	$(BIN)/gofumpt -w $$(git ls-files '*.go' | grep -v -e '_templ\.go$$' -e 'db/[^/]*\.go$$')
	$(BIN)/templ fmt internal

check: tools ## everything that decides, with what is installed
	sh tools/check.sh

test: ## install what the tests need (Debian), then check
	sh tools/install.sh
	$(MAKE) check

race: ## the tests with the race detector (needs cgo)
	CGO_ENABLED=1 $(GO) test -race ./...

fuzz: ## each fuzz test for a minute
	sh tools/fuzz.sh 60s

torture: ## kill, cut the power, break services, fuzz: for an hour or so
	sh tools/torture.sh

vuln: ## known vulnerabilities; says aloud when its data cannot be had
	sh tools/vuln.sh

licences: tools ## licences of all dependencies
	sh tools/licences.sh

bench: build ## how fast pages and orders are, beside the limits of this machine, on both engines (minutes)
	sh tools/bench.sh --stages idle,pages,orders,import

retail: ## 525,461 real order lines in, out, in again and out again, on both engines; LAPAK_RETAIL_FILE names the file (minutes)
	sh tools/retail.sh

bench-scale: build ## the owner's pages with ten thousand, a million and ten million orders (an hour, 25 GB)
	sh tools/bench.sh --stages scale --orders 10000,1000000,10000000

bench-search: build ## the directory with a million products
	sh tools/bench.sh --stages search --clients 1,8

bench-store: ## transactions and jobs a second on both engines
	$(GO) test -run "^$$" -bench . ./internal/store ./internal/job

lighthouse: ## Lighthouse 12 on the buyer's pages (needs Node and Chromium)
	sh tools/lighthouse.sh

lint-api: ## two public linters over the API's document (needs Node)
	sh tools/lint-api.sh

clean:
	rm -rf $(BIN)
