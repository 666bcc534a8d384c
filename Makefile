# Every verb of this project. `make help` explains them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
STAMP := .venv/.interlink-setup
MEMBERS := $(patsubst %/pyproject.toml,%,$(wildcard services/*/pyproject.toml shared/*/pyproject.toml deploy/*/pyproject.toml))
QUICK := $(wildcard tests/unit tests/contract tests/architecture)
PARALLEL := $(QUICK) $(wildcard tests/service)
# Each of these two groups shares what it starts, and stops and kills it: one after the other, the groups side by side.
# They take about as long; `interlink faults` has a stack of its own beside either.
BROKER := $(wildcard tests/kafka tests/perf tests/fault/test_faults.py)
SUITE := $(filter-out tests/fault/test_faults.py,$(wildcard tests/flow tests/fault/test_*.py))

.PHONY: help
help: ## Explain every verb.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Make .venv with everything in it, exactly as locked. Done by every other verb when needed.

$(STAMP): requirements.lock $(MEMBERS:%=%/pyproject.toml) Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
		"Install one and say which: make PYTHON=python3.12 setup" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/uv --version 2>/dev/null | grep -q '^uv $(UV_VERSION)' || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(MEMBERS:%=-e ./%)
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Start everything, run one morning of the centre, show it; Ctrl-C or `make down` stops it.
	@$(BIN)/interlink demo

.PHONY: up
up: $(STAMP) ## Start everything in the background.
	@$(BIN)/interlink up --detach

.PHONY: down
down: $(STAMP) ## Stop everything; the data stays (`interlink down --wipe` deletes it).
	@$(BIN)/interlink down

.PHONY: migrate
migrate: $(STAMP) ## Bring the schemas of a running stack to this build.
	@$(BIN)/interlink migrate

.PHONY: test
test: lint ## Prove that it works: all tests, on a real Postgres and a real Kafka.
	$(BIN)/pytest -n 2 --dist loadscope $(PARALLEL)
	@mkdir -p .local
	$(BIN)/coverage run -m pytest -q -p no:xdist --durations=0 --durations-min=5 tests/unit/intake tests/unit/routing tests/unit/isp_liaison tests/unit/notifications
	$(BIN)/coverage report
	@$(BIN)/pytest -p no:xdist $(BROKER) > .local/broker-tests.log 2>&1 & broker=$$!; \
		$(BIN)/pytest -p no:xdist $(SUITE) && suite=0 || suite=$$?; \
		wait $$broker && broker=0 || broker=$$?; \
		cat .local/broker-tests.log; exit $$((suite | broker))

.PHONY: test-fast
test-fast: $(STAMP) ## The tests that need no server, in seconds.
	$(BIN)/pytest -n 2 --dist loadscope $(QUICK) --ignore tests/contract/test_openapi.py

.PHONY: bench
bench: $(STAMP) ## Measure everything beside references on this machine, write docs/performance.md; half an hour.
	@INTERLINK_HOME=.local/bench $(BIN)/interlink up --detach
	@trap 'INTERLINK_HOME=.local/bench $(BIN)/interlink down --wipe' EXIT; \
		INTERLINK_HOME=.local/bench $(BIN)/interlink bench --page --json .local/bench.json

.PHONY: lint
lint: $(STAMP) ## Style, imports between layers, types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright

.PHONY: faults
faults: $(STAMP) ## Half an hour of kills and outages under load; prove that nothing got lost. MINUTES=2 for a short one.
	$(BIN)/interlink faults --minutes $(or $(MINUTES),31) --seed $(or $(SEED),1)

.PHONY: schemas
schemas: $(STAMP) ## Write the JSON Schemas, samples and AsyncAPI that follow from the contracts.
	$(BIN)/python -m contracts generate

.PHONY: lock
lock: ## Resolve all dependencies anew and write requirements.lock (hashes, no addresses).
	@test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv==$(UV_VERSION); }
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --all-packages --all-groups --no-emit-workspace --no-annotate --no-header \
		--format requirements.txt --output-file requirements.lock
	@! grep -nE '://|^[./]|^-|@ ' requirements.lock || { echo "requirements.lock names an address or a path" >&2; exit 1; }
