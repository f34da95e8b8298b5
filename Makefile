# Two commands: `make run` and `make test`. Each does all of its own set-up; a second time nothing is rebuilt.
#
#   make run      build pgvigil and watch a throwaway PostgreSQL of its own (a demo)
#   make test     every test: Rust, web, end to end in Chromium, and the style checks
#   make build    the release binary, with probes and web inside
#   make bench    measure it: cost per collection, memory, answers; prints ratios
#   make lint     formatting, clippy and the web's linters
#   make fmt      format everything
#   make million  take over a million rows of history, twice: a part of make test, here with its report
#   make soak     watch 20 servers for ten minutes: no error, no growth
#   make openapi  write web/openapi.json from the API's code
#   make schemathesis  call every operation of the document on a real host, with inputs that fit it and inputs that do not

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Outside the clone, so that a fresh clone does not compile wasmtime again.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/pgvigil/target
DEMO_DIR ?= $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/pgvigil-demo
DEBUG := $(CARGO_TARGET_DIR)/debug/pgvigil
RELEASE := $(CARGO_TARGET_DIR)/release/pgvigil
TEST_MAJORS := 10 13 15 18
say = @printf '\033[1m== %s\033[0m\n'

.PHONY: help run test build bench million soak schemathesis lint fmt openapi tools web postgres test-parts debug test-rust test-web test-e2e

help:
	@sed -n 's/^#   //p' Makefile

run: tools web
	@host/cluster/fetch-postgres 18
	$(say) "building pgvigil (the first time this compiles about 500 crates: 10 to 15 minutes on two cores)"
	@cargo build --package pgvigil --bin pgvigil
	$(say) "starting; the demo's data is kept in $(DEMO_DIR)"
	@exec $(DEBUG) serve --demo --data-dir "$(DEMO_DIR)"

test: lint test-rust test-web test-e2e
	$(say) "all tests passed"
	@[ "$$(id -u)" = 0 ] || echo "left out, as they need root: disks over SSH, a hung mount, a store on a full disk, a key that root rotates"
	@[ -w /dev/fuse ] || echo "left out, as there is no /dev/fuse: a hung mount"

test-rust: tools test-parts web
	$(say) "Rust tests, against PostgreSQL $(TEST_MAJORS) and sshd"
	@cargo test --workspace --quiet

test-web: web
	$(say) "web unit tests"
	@cd web && npm run --silent test

test-e2e: tools test-parts web
	$(say) "web end to end in Chromium: every page on a typed mock, then the real host with a real PostgreSQL"
	@cd web && npm run --silent e2e
	@cargo test --workspace --test browser --quiet -- --ignored

debug: tools web
	@cargo build --package pgvigil --bin pgvigil

build: tools web
	$(say) "building the release binary (about 25 minutes on two cores the first time)"
	@cargo build --release --package pgvigil
	@ls -l $(RELEASE)

bench: tools web test-parts
	$(say) "building the release binary with its benchmark (about 25 minutes on two cores the first time), then measuring"
	@cargo bench --package pgvigil --bench budget

million: tools test-parts web
	@cargo test --workspace --test import -- a_million_rows --nocapture

soak: tools test-parts web
	@cargo test --release --package pgvigil --test soak -- --ignored --nocapture

lint: tools web
	$(say) "formatting, clippy, web linters"
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --quiet -- -D warnings
	@cd web && npm run --silent lint && npm run --silent typecheck

fmt:
	@cargo fmt --all
	@cd web && npm run --silent format

openapi: debug
	@$(DEBUG) openapi > web/openapi.json

schemathesis: debug
	@host/tests/schemathesis/run $(DEBUG)

# Rust with the target of the probes, Node and a C compiler; says what is missing.
tools:
	@for tool in cargo rustup node npm cc; do \
	  command -v $$tool >/dev/null || { \
	    echo "pgvigil needs $$tool: install Rust with rustup (https://rustup.rs), Node 20 or later, and a C compiler" >&2; exit 1; }; \
	done
	@[ -d "$$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] || { \
	  echo "== adding the Rust target of the probes"; rustup target add wasm32-unknown-unknown; }

# The page that is embedded in the binary.
web: web/dist/index.html

web/node_modules/.package-lock.json: web/package-lock.json
	$(say) "installing the web's packages"
	@# Not `npm ci`: it insists on the optional packages of all other platforms, which not every registry mirror carries.
	@cd web && npm install --no-save --no-audit --no-fund --no-update-notifier --loglevel=error && touch node_modules/.package-lock.json

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/scripts web/*.json web/*.ts web/*.html -type f -not -name schema.d.ts 2>/dev/null)
	$(say) "building the web UI"
	@cd web && npm run --silent build
	@touch web/dist/index.html

# What the tests run against.
test-parts:
	@host/cluster/fetch-postgres $(TEST_MAJORS)
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	[ -x /usr/sbin/sshd ] || missing="$$missing openssh-server"; \
	command -v ssh-keygen >/dev/null || missing="$$missing openssh-client"; \
	command -v openssl >/dev/null || missing="$$missing openssl"; \
	command -v sqlite3 >/dev/null || missing="$$missing sqlite3"; \
	command -v pg_dump >/dev/null || missing="$$missing postgresql-client"; \
	python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -n "$$missing" ]; then \
	  echo "== installing for the tests:$$missing"; \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	  command -v apt-get >/dev/null && $$sudo apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null || { \
	    echo "could not install$$missing; install them by hand, the tests need them" >&2; exit 1; }; \
	fi
