# What people do with this repository. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The steps lean on each other and cargo uses every core by itself.
.NOTPARALLEL:

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET_DIR)/release/gpu-fleet
DEBUG := $(TARGET_DIR)/debug/gpu-fleet

# A file that only a real build of the dashboard makes: cargo puts a placeholder at index.html when there is none.
DASHBOARD := web/dist/favicon.svg
# npm writes this file when it has installed all that the lock file names.
NODE_STAMP := node_modules/.package-lock.json
WEB_SOURCES := $(shell find web/src web/public -type f) $(wildcard web/*.ts web/*.html web/*.json) schema.graphql

# What `make run` and `make demo` hand on: make run ARGS="--listen 0.0.0.0:4600"
ARGS ?=

.PHONY: help run demo pictures test test-needs test-web test-rust test-clients test-browser test-in-browser check check-rust check-web \
	check-dependencies check-schema bench simulate histories web schema baseline build clean

help: ## Lists what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Builds all of it and starts server, agent and dashboard on this machine
	exec $(RELEASE) up $(ARGS)

demo: build ## Shows the whole life of jobs on a throw-away server with simulated GPUs
	exec $(RELEASE) demo $(ARGS)

pictures: test-needs build tests/browser/$(NODE_STAMP) ## Takes the documentation's pictures and its film anew
	export GPU_FLEET_BIN=$(abspath $(RELEASE)); \
	export GPU_FLEET_CHROMIUM=$$(command -v chromium || command -v chromium-browser || command -v google-chrome); \
	cd tests/browser && npm run screenshots

test: test-needs test-web test-rust test-clients test-browser ## Runs every test, on SQLite, on PostgreSQL and in a browser

check: check-rust check-web check-schema check-dependencies ## Format, lints, generated files, licences: all but the tests

bench: build ## Measures the server on SQLite and PostgreSQL beside the raw databases
	cargo build --release -p system-tests --bin bench
	GPU_FLEET_BIN=$(abspath $(RELEASE)) scripts/with-postgres.sh $(TARGET_DIR)/release/bench $(ARGS)

simulate: ## Prints what the scheduling core reaches on published traces: make simulate DATA=folder
	@if [ -z "$(DATA)" ]; then \
		echo "simulate: skipped. Set DATA to a folder with openb/ (Alibaba cluster-trace-gpu-v2023, its node and pod lists and" \
			"orders), philly/ (Microsoft's Philly traces as job_id, vc, submit_s, run_s, est_s, gpus) and golden/."; \
	else \
		cargo run -q --release -p gpu-fleet -- simulate --reach "$(DATA)"; \
	fi

histories: ## Plays random histories of whole fleets in virtual time until one breaks a promise: make histories ARGS="--minutes 10"
	cargo run -q --release -p simulation --bin histories -- $(ARGS)

web: $(DASHBOARD) ## Builds the dashboard, when its sources have changed

schema: ## Writes schema.graphql from the server's code
	mkdir -p $(TARGET_DIR)
	cargo run -q -p api --example schema > $(TARGET_DIR)/schema.graphql
	mv $(TARGET_DIR)/schema.graphql schema.graphql

baseline: ## At a release: keeps schema.graphql as the one that later ones are compared with
	cp schema.graphql tests/clients/schema-baseline.graphql

clean: ## Removes what was built, and nothing that was kept
	cargo clean
	rm -rf web/dist web/node_modules tests/browser/node_modules tests/clients/node_modules tests/clients/generated

# --- the parts ---

build: $(DASHBOARD)
	cargo build --release -p gpu-fleet

%/$(NODE_STAMP): %/package.json %/package-lock.json
	cd $* && npm ci --no-fund --no-audit
	touch $@

$(DASHBOARD): web/$(NODE_STAMP) $(WEB_SOURCES)
	cd web && npm run build
	touch $@

test-needs:
	scripts/test-needs.sh

test-web: $(DASHBOARD)
	cd web && npm test

# The agent's tests load the stand-in for NVIDIA's library, and the system tests start the binary, as files.
test-rust: $(DASHBOARD)
	cargo build -p gpu-fleet -p mock-nvml
	export GPU_FLEET_BIN=$(abspath $(DEBUG)); \
	if cargo nextest --version >/dev/null 2>&1; then \
		scripts/with-postgres.sh cargo nextest run --workspace --no-fail-fast; \
	else \
		scripts/with-postgres.sh cargo test --workspace --no-fail-fast; \
	fi

test-clients: test-rust tests/clients/$(NODE_STAMP)
	export GPU_FLEET_BIN=$(abspath $(DEBUG)); \
	cd tests/clients && npm test

test-browser: $(if $(wildcard tests/browser/package.json),test-rust test-in-browser)

test-in-browser: tests/browser/$(NODE_STAMP)
	export GPU_FLEET_BIN=$(abspath $(DEBUG)); \
	export GPU_FLEET_CHROMIUM=$$(command -v chromium || command -v chromium-browser || command -v google-chrome); \
	cd tests/browser && npm test

check-rust: $(DASHBOARD)
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

check-web: web/$(NODE_STAMP) tests/clients/$(NODE_STAMP) $(patsubst %/package.json,%/$(NODE_STAMP),$(wildcard tests/browser/package.json))
	cd web && npm run check
	cd tests/clients && npm run check
	if [ -f tests/browser/package.json ]; then cd tests/browser && npm run check; fi

check-schema:
	cargo run -q -p gpu-fleet -- schema | diff -u schema.graphql - || \
		{ echo "schema.graphql is not what the server's code says: run make schema" >&2; exit 1; }

check-dependencies:
	@command -v cargo-deny >/dev/null || \
		{ echo "cargo-deny is not installed: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --workspace check
