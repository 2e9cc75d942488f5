# Every target sets up what it needs in .venv; no activated environment is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SCHEMA := $(VENV)/contracts/github.schema.graphql
SCHEMA_PACKAGE := @octokit/graphql-schema@15.26.1
OPENAPI := $(VENV)/contracts/github.openapi.json
OPENAPI_PACKAGE := @octokit/openapi@23.0.2
OPENAPI_FILE := package/generated/api.github.com.json

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all coverage bench faults mutants audit lint types check-format format changelog clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing milepost and its tools into $(VENV) (only when its requirements change) …"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

setup: $(STAMP)  ## install milepost and its tools into .venv

# GitHub's published GraphQL schema, for the tests that hold our queries against it; they skip without it.
$(SCHEMA): $(STAMP)
	@mkdir -p $(dir $(SCHEMA))
	@if command -v npm >/dev/null && cd $(dir $(SCHEMA)) \
	    && npm pack --silent $(SCHEMA_PACKAGE) >/dev/null 2>&1 \
	    && tar -xzf octokit-graphql-schema-*.tgz package/schema.graphql; \
	  then mv package/schema.graphql $(notdir $(SCHEMA)); \
	  else echo "no npm, or no registry: tests against GitHub's GraphQL schema will skip"; fi
	@rm -rf $(dir $(SCHEMA))package $(dir $(SCHEMA))*.tgz

# GitHub's published REST API, for the tests that hold every request and answer against it, cut to what concerns issues.
$(OPENAPI): $(STAMP)
	@mkdir -p $(dir $(OPENAPI))
	@if command -v npm >/dev/null && cd $(dir $(OPENAPI)) \
	    && npm pack --silent $(OPENAPI_PACKAGE) >/dev/null 2>&1 \
	    && tar -xzf octokit-openapi-*.tgz $(OPENAPI_FILE) && cd $(CURDIR) \
	    && $(BIN)/python -m tests.tools.cut_contract $(dir $(OPENAPI))$(OPENAPI_FILE) $(OPENAPI); \
	  then :; \
	  else echo "no npm, or no registry: exchanges are not held against GitHub's REST document"; fi
	@rm -rf $(dir $(OPENAPI))package $(dir $(OPENAPI))*.tgz

demo: $(STAMP)  ## run the main job against the built-in trackers and show every step
	@$(BIN)/milepost demo

test: lint types $(SCHEMA) $(OPENAPI)  ## run lint, types and all tests
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal

# Tests take about twice as long where every branch is noted, so one that is slow has more time.
coverage: $(STAMP) $(SCHEMA) $(OPENAPI)  ## run all tests and list the lines and branches that none reaches; fails below the floor
	@nice $(BIN)/python -m pytest --numprocesses auto --dist worksteal --timeout 600 --cov

# Each interpreter gets an environment of its own, named after its version.
test-all:  ## run all tests on each of Python 3.11, 3.12 and 3.13 that is on PATH or known to pyenv
	@ran=; for version in 3.11 3.12 3.13; do \
	  python=$$(command -v python$$version); \
	  "$$python" -c '' 2>/dev/null || python=$$(ls -d "$$(pyenv root 2>/dev/null)"/versions/$$version.*/bin/python 2>/dev/null | tail -n 1); \
	  if ! "$$python" -c '' 2>/dev/null; then echo "no python$$version: left out"; continue; fi; \
	  echo "Testing on $$("$$python" --version) in .venv-$$version …"; \
	  $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON="$$python" test || exit 1; \
	  ran="$$ran $$version"; \
	done; test -n "$$ran" && echo "Tested on:$$ran"

# actionlint, the other linter of workflows, runs in .github/workflows/test.yml: its package fetches a binary.
lint: $(STAMP)  ## check style, format, imports, dead code, dependencies and workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@found=$$($(BIN)/lint-imports --no-cache --no-logo) || { echo "$$found"; exit 1; }
	@$(BIN)/vulture
	@$(BIN)/vulture connectors core mappings --exclude connectors/sandbox
	@$(BIN)/deptry .
	@$(BIN)/zizmor --offline --quiet .

types: $(STAMP)  ## check types, strictly
	@$(BIN)/mypy

bench: $(STAMP)  ## measure speed and memory beside their floors (takes long), into docs/performance.md
	@$(BIN)/python -m tests.tools.bench --page docs/performance.md --json $(VENV)/bench.json

faults: $(STAMP)  ## try every request of a run with every fault, every signal, and long histories (stops by itself after some three hours)
	@failed=; for campaign in \
	  "tests.tools.faults" \
	  "tests.tools.writers --jobs 2" \
	  "tests.tools.consistency --failed --jobs 2 --seconds 2400" \
	  "tests.tools.isolation --processes 2 --seconds 3600" \
	  "tests.tools.state --seconds 600"; \
	do $(BIN)/python -m $$campaign || failed="$$failed $${campaign%% *}"; done; \
	test -z "$$failed" || { echo "Something was wrong in:$$failed"; exit 1; }

mutants: $(STAMP)  ## change single places of the product at random, and see whether the tests notice (takes an hour at most)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutants]'
	@$(BIN)/python -m tests.tools.mutants

audit: $(STAMP)  ## look for known vulnerabilities in the pinned versions, and for insecure code
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[audit]'
	@$(BIN)/python -m tests.tools.audit

format: $(STAMP)  ## mend style and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

changelog: $(STAMP)  ## show what CHANGELOG.md will say of the next version, from the fragments in changelog.d
	@$(BIN)/towncrier build --draft --version "$$($(BIN)/python -c 'from importlib.metadata import version; print(version("milepost"))')"

clean:  ## remove what the other targets made
	@rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* build *.egg-info
