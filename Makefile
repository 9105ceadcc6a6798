# `make demo` and `make test` set everything up themselves; neither needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test test-live test-nightly lint bench matrix clean

help:
	@echo 'make demo       the whole job on five simulated Macs'
	@echo 'make test       every test; the simulated Macs are the only ones that are touched'
	@echo 'make test-live  what needs the real package index: real Mac wheels, some 300 MB'
	@echo 'make test-nightly  simulated Macs stopped at every place, and with every size of disk'
	@echo 'make lint       ruff, mypy --strict, and the order of the rooms'
	@echo 'make matrix     docs/matrix.md: what every Mac and python gets'
	@echo 'make bench      a plan of 20 simulated Macs against the same probe over plain ssh'

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo 'Torchard needs Python 3.10 or newer; say which: make PYTHON=python3.12 $(MAKECMDGOALS)'; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo 'This python makes no venv; on Debian it is the package python3-venv.'; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/torchard demo

test: setup
	$(BIN)/python -m pytest -n 2

test-live: setup
	$(BIN)/python -m pytest -m live tests/live -o tmp_path_retention_policy=failed

test-nightly: setup
	$(BIN)/python -m pytest -n 2 -m nightly tests/faults -o tmp_path_retention_policy=failed

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python benchmarks/plan_of_twenty.py

matrix: setup
	$(BIN)/torchard catalog matrix --out docs/matrix.md

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
