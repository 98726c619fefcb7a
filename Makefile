# Everything that is run to build, test and check nixie. `make` alone lists it.

GO        ?= go
FUZZTIME  ?= 10s
ROUNDS    ?= 200
BENCHTIME ?= 1s
ARGS      ?= 550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.

# Through the environment, so that no character of the text means anything to make's shell.
export ARGS

# The linters have a go.mod of their own: docs/adr/0005-linters-apart.md.
LINT = $(GO) tool -modfile=tools/lint/go.mod

.DEFAULT_GOAL := help
.PHONY: help build run test check verify bench fuzz soak clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

build: ## bin/nixie, without paths of this machine in it
	$(GO) build -trimpath -o bin/nixie ./cmd/nixie

run: ## explain a reply: make run ARGS='550 5.1.1 User unknown'
	@$(GO) run ./cmd/nixie explain "$$ARGS"

test: ## all tests, with the race detector
	$(GO) test -race -timeout 10m ./...
	$(GO) test -run Allocates ./verdict

check: ## gofmt, go vet, staticcheck
	@files=$$(gofmt -l .); test -z "$$files" || { echo "not gofmt'ed, run gofmt -w on:"; echo "$$files"; exit 1; }
	$(GO) vet ./...
	$(LINT) staticcheck ./...

verify: ## what is generated is current, rules and citations hold, go.mod is tidy
	$(GO) run ./tools/genregistry -check
	$(GO) run ./tools/rulecheck verdict/rules/*.rules
	$(GO) run ./tools/genformats -check
	$(GO) run ./tools/rfccheck
	$(GO) run ./cmd/nixie gen-docs --check docs
	$(GO) mod tidy -diff

bench: ## every benchmark (BENCHTIME=1s)
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) \
		$$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n1 dirname | sort -u)

fuzz: ## every fuzz target for FUZZTIME=10s
	@GO=$(GO) test/fuzz $(FUZZTIME)

soak: ## kill nixie serve 200 times under load (ROUNDS=200)
	$(GO) test -count 1 -timeout 60m -v ./test/soak -rounds $(ROUNDS)

clean: ## remove what build made
	rm -rf bin
