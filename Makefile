# `make demo` and `make test` set everything up themselves; neither needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test test-nightly test-live lint bench matrix fuzz clean

help:
	@echo 'make demo       the whole job on five simulated Macs'
	@echo 'make test       every test; the simulated Macs are the only ones that are touched'
	@echo 'make test-live  what needs the real package index: real Mac wheels, some 300 MB'
	@echo 'make test-nightly  simulated Macs stopped at every place, on full disks, under two controllers'
	@echo 'make lint       ruff, mypy --strict, the order of the rooms, and shellcheck'
	@echo 'make matrix     docs/matrix.md: what every Mac and python gets'
	@echo 'make fuzz       texts that nobody thought of, to what reads files, for SECONDS=60'
	@echo 'make bench      plans of 20 simulated Macs against plain ssh, and of 300 made-up ones'

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
	$(BIN)/python -m pytest -n 2 -m nightly -o tmp_path_retention_policy=failed

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/lint_shell.py

bench: setup
	$(BIN)/python benchmarks/plan_of_twenty.py
	$(BIN)/python benchmarks/plan_of_three_hundred.py

matrix: setup
	$(BIN)/torchard catalog matrix --out docs/matrix.md

SECONDS ?= 60
fuzz: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/fuzz_readers.py $(SECONDS)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
