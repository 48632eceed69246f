# ContactIQ. `make run` answers questions; `make test` tests everything, from a fresh clone.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The public development sets, for `make eval`; docs/evaluation.md says where they come from.
DATA ?= $(wildcard ../shared/data)
# Where the encoder is fetched to. The program finds it there by itself, unless its configuration
# names another; tests are told, because they run in other folders.
ENCODER := $(or $(CONTACTIQ_ENCODER),$(CURDIR)/.cache/encoder)
test coverage screenshots: export CONTACTIQ_ENCODER := $(ENCODER)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: run
run: encoder ## Build in release and start on 127.0.0.1:8080 with the demo bank
	cargo build --release --locked --bin contactiq
	./target/release/contactiq serve

.PHONY: encoder
encoder: ## Fetch the sentence encoder once and check it
	@scripts/fetch-encoder.sh "$(ENCODER)" || echo "going on without the encoder: the lexical model works alone"

.PHONY: test
test: encoder ## Everything: installs PostgreSQL, Redis and Chromium when missing, starts private ones, tests
	@scripts/test.sh

.PHONY: check
check: ## Formatting, lints, documentation, the ladder, licences
	@scripts/check.sh

.PHONY: check-here
check-here: ## The parts of check that install nothing
	@scripts/check.sh --install-nothing

.PHONY: crash-test
crash-test: ## Kill servers and workers 200 times under load, also on a disk that forgets, and compare what was shown with the record
	@KILLS=$(or $(KILLS),200) scripts/crash-test.sh

.PHONY: canaries
canaries: ## A thousand canaries on every path, and a search of every place where none may be (COUNT=number)
	@CONTACTIQ_CANARIES=$(or $(COUNT),1000) cargo nextest run --locked --workspace -E 'test(/^canaries::/)' --no-capture

.PHONY: schemathesis
schemathesis: ## Ask the API all that its description allows and much that it doesn't, as every role (SECONDS_EACH=60)
	cargo build --locked --bin contactiq
	scripts/schemathesis.sh $(or $(SECONDS_EACH),60)

.PHONY: fuzz
fuzz: ## Fuzz every parser, so long for each (SECONDS=60, TARGETS=names); not a part of test
	scripts/fuzz.sh $(or $(SECONDS),60) $(TARGETS)

.PHONY: outage
outage: encoder ## PostgreSQL stands still for 5 minutes under load: answers go on as fast, and all of it is in the record (PAUSE=seconds)
	cargo build --release --locked --bin contactiq
	CONTACTIQ_ENCODER="$(ENCODER)" scripts/outage.sh

.PHONY: eval
eval: encoder ## One table: every figure, its target, what is reached now (DATA=folder of the public sets)
	cargo build --release --locked --bin contactiq
	./target/release/contactiq eval --questions evals/questions.jsonl $(if $(DATA),--data $(DATA)) $(EVAL_ARGS)

.PHONY: bench
bench: encoder ## Timings of the encoder, the classifier, the guard and whole answers
	cargo build --release --locked --bin contactiq
	./target/release/contactiq bench $(BENCH_ARGS)

.PHONY: bench-guard
bench-guard: ## The guard against Presidio: messages a second, leaks on a public set (DATA=folder, BENCH_GUARD_ARGS=--synth FILE)
	cargo build --release --locked --bin contactiq
	scripts/bench-guard.sh $(if $(DATA),--data $(DATA)) $(BENCH_GUARD_ARGS)

.PHONY: bench-gateway
bench-gateway: encoder ## What ContactIQ adds to a model call, beside LiteLLM's proxy, in one run (BENCH_GATEWAY_ARGS='SECONDS ROUNDS')
	cargo build --release --locked --bin contactiq
	CONTACTIQ_ENCODER="$(ENCODER)" scripts/bench-gateway.sh $(BENCH_GATEWAY_ARGS)

.PHONY: bench-users
bench-users: encoder ## Answers a second for 100 users over HTTP, new and repeated questions (BENCH_USERS_ARGS='SECONDS [MINUTES [RATE]]')
	cargo build --release --locked --bin contactiq
	CONTACTIQ_ENCODER="$(ENCODER)" scripts/bench-users.sh $(BENCH_USERS_ARGS)

.PHONY: coverage
coverage: encoder ## Line coverage
	@scripts/coverage.sh

.PHONY: screenshots
screenshots: encoder ## Make the pictures of the README again
	cargo build --locked --bin contactiq
	SCREENSHOTS=1 scripts/browser-test.sh

.PHONY: openapi
openapi: ## Write docs/openapi.json again
	cargo run --quiet --locked --bin contactiq -- openapi > docs/openapi.json
