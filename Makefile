# Every target sets up what it needs in .venv; no activated environment is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types check-format format clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

setup: $(STAMP)  ## install milepost and its tools into .venv

demo: $(STAMP)  ## run the main job against the built-in trackers and show every step
	@$(BIN)/milepost demo

test: lint types  ## run lint, types and all tests
	@$(BIN)/python -m pytest

lint: $(STAMP)  ## check style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP)  ## check types, strictly
	@$(BIN)/mypy

format: $(STAMP)  ## mend style and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:  ## remove what the other targets made
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
