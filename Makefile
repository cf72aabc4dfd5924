# The targets that people type. `make` alone lists them.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help build test lint generate bench limits demo fuzz crash

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

build: ## build bin/pipectl
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/pipectl ./cmd/pipectl

test: ## install what the tests need, then run every test with the race detector
	$(GO) mod download
	@unformatted=$$(gofmt -l cmd connectors engine); test -z "$$unformatted" || { echo "gofmt would change: $$unformatted"; exit 1; }
	$(GO) vet ./...
	CGO_ENABLED=1 $(GO) test -race -timeout 12m ./...

lint: ## golangci-lint, as .golangci.yml says
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...

generate: ## write what is generated: schemas/ and the README of connectors, schemas and cmd
	$(GO) run ./cmd/pipectl generate

bench: ## the workloads of docs/performance.md, paired with a typed-struct program
	$(GO) run ./engine/internal/workload/cmd/bench
	$(GO) test ./engine/state/bolt -run '^TestSize$$' -count=1 -v -size 1000000 | grep '^state:'

limits: ## three pipelines on one account, against calls a second and calls at a time
	$(GO) run ./cmd/limits

demo: ## the shipped pipeline against both sandboxes
	$(GO) run ./cmd/pipectl demo

N      ?= 1000
SEED   ?= 1
TWIN   ?=
REPLAY ?=

crash: ## kill pipectl N times (SEED=…) under faults, and compare source, ledger and target; TWIN=intent|probe, REPLAY=file
	$(GO) run ./cmd/crash -n $(N) -seed $(SEED) $(if $(TWIN),-twin $(TWIN)) $(if $(REPLAY),-replay $(REPLAY))

fuzz: ## run every fuzz target in turn, FUZZTIME=2m each; FUZZ=name picks some
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz$(FUZZ)' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			$(GO) test $$pkg -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),2m) -fuzzminimizetime 5s -parallel $(or $(FUZZPARALLEL),1); \
		done; \
	done
