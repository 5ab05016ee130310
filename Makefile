# `make leaderboard` and `make test` need Python >= 3.10, make and git, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: install leaderboard test test-statistical check lint bench clean

leaderboard: $(INSTALLED)
	$(BIN)/leaderboard run --profile quick

test: $(INSTALLED)
	$(BIN)/pytest

test-statistical: $(INSTALLED)
	$(BIN)/pytest -m statistical

check: lint test

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m tests.bench

install: $(INSTALLED)

# Torch first and by its exact version: unpinned, pip would take a build with gigabytes of CUDA.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "il-envs needs Python 3.10 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
