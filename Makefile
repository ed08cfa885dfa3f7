# What a person runs by hand and what .ci/run runs are the same targets.
.DEFAULT_GOAL := help
.PHONY: help demo build test check lint fmt vet layers docs race crash compat load fuzz mutants golden cover bench bench-full bench-rivals bench-test bench-micro bench-compare hooks clean

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

TOOL     := go tool -modfile=internal/tools/go.mod
PKG      ?= ./...
FUZZTIME ?= 30s
SEEDS    ?= 1000
BENCH    ?= .
COUNT    ?= 6
REF      ?= main
RACEFLAGS ?=
TESTFLAGS ?=

help: ## Print this message
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## The main job in one walk: a history comes in, questions about it are answered
	@go run ./cmd/gesta demo

build: ## The command line, as bin/gesta
	go build -trimpath -o bin/gesta ./cmd/gesta

test: ## Every test: contract, crashes, scripts, docs, layers; PKG=./store/... for some, TESTFLAGS=-short for less of the long ones
	go test $(TESTFLAGS) $(PKG)

check: layers vet lint test bench-test ## What must pass before a commit: layers, vet, lint, docs and all tests

lint: bin/.linter ## golangci-lint with the reasons in .golangci.yml; its first run builds it
	$(TOOL) golangci-lint run
	cd bench && go tool -modfile=../internal/tools/go.mod golangci-lint run

# Built once for a version of the tools; kept in Go's build cache. The file only marks that the wait is over.
bin/.linter: internal/tools/go.sum
	@echo "building golangci-lint: two to five minutes on two cores, this once"
	$(TOOL) golangci-lint version
	@mkdir -p bin && touch $@

fmt: bin/.linter ## Format all Go files as lint wants them
	$(TOOL) golangci-lint fmt

vet: ## go vet
	go vet $(PKG)

layers: ## Which package imports which: layers_test.go
	go test . -run 'Layer|Violations'

docs: ## Run every console block and every Example of the docs
	go test ./cmd/gesta -run '^TestDocs$$'
	go test $(PKG) -run '^Example'

race: ## Every test under the race detector; PKG=./store/... for some, RACEFLAGS=-short for less of each
	go test -race -timeout 20m $(RACEFLAGS) $(PKG)

crash: ## Crash and fault simulations of the disk engine, SEEDS=1000 of each
	GESTA_CRASH_SEEDS=$(SEEDS) go test ./store/disk/... -run 'Crash|Fault' -count 1 -timeout 60m

compat: ## The clients of others against gesta serve, and beside their own servers; installs them into a cache
	go test $(TESTFLAGS) ./test/compat/...

load: ## The server under load as a process of its own: five minutes, then five each of lost connections and kill -9
	GESTA_LOAD_SECONDS=300 go test ./test/load -count 1 -timeout 30m -v

fuzz: ## Each Fuzz function for FUZZTIME=30s
	./scripts/fuzz.sh $(FUZZTIME) $(PKG)

mutants: ## Break the engine on purpose, in each way of the list, and see a test catch it
	go run ./internal/mutants

golden: ## Rewrite answers, scripts and pages with what is given now; read the diff before a commit
	GESTA_UPDATE=1 go test -count 1 $(PKG)

cover: ## Coverage of store/... by its own tests, into cover.html
	go test ./store/... -coverpkg=./store/... -coverprofile=cover.out
	go tool cover -html=cover.out -o cover.html
	@go tool cover -func=cover.out | tail -n 1

bench: ## gesta beside what one would take instead and the machine's limit: a million events, under twelve minutes
	cd bench && go run . -short

bench-full: ## The same with ten million events and more rounds, into docs/benchmarks.md: under 50 minutes
	cd bench && go run . -full -o ../docs/benchmarks.md

bench-rivals: ## UmaDB's server in an environment of its own, beside gesta serve: two minutes
	dir="$${GESTA_COMPAT_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/gesta-compat}/umadb"; \
	if [[ ! -x "$$dir/bin/umadb" ]]; then \
		python3 -m venv "$$dir"; "$$dir/bin/pip" install --quiet --disable-pip-version-check umadb==0.7.8; printf 'umadb==0.7.8' > "$$dir/installed"; \
	fi; \
	cd bench && GESTA_UMADB="$${GESTA_UMADB:-$$dir/bin/umadb}" go run . -short -rows '^server' -rivals umadb

bench-test: ## The tests of the bench module, every rival among them
	cd bench && go vet ./... && go test ./...

bench-micro: ## Benchmarks beside the code that match BENCH=., COUNT=6 samples, into bench.txt
	go test $(PKG) -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) | tee bench.txt

bench-compare: ## The working tree against REF=main, in turns, by benchstat
	PKG='$(PKG)' BENCH='$(BENCH)' COUNT='$(COUNT)' ./scripts/bench-compare.sh '$(REF)'

hooks: ## Install the git hooks: formatting and layers before a commit, check before a push
	git config core.hooksPath .githooks

clean: ## Remove what these targets made
	rm -rf bin bench.txt bench-*.txt cover.out cover.html
