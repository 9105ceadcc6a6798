# `make demo` and `make test` set everything up themselves; neither needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test test-nightly test-live test-scripts on-this-mac on-this-mac-mps lint \
  bench matrix fuzz clean

help:
	@echo 'make demo       the whole job on five simulated Macs'
	@echo 'make test       every test; the simulated Macs are the only ones that are touched'
	@echo 'make test-live  what needs the real package index: real Mac wheels, some 300 MB'
	@echo 'make test-nightly  simulated Macs stopped at every place, on full disks, under two controllers'
	@echo 'make lint       ruff, mypy --strict, the order of the rooms, shellcheck, workflows'
	@echo 'make matrix     docs/matrix.md: what every Mac and python gets'
	@echo 'make fuzz       texts that nobody thought of, to what reads files, for SECONDS=60'
	@echo 'make on-this-mac  the whole job on the Mac that you type on, in a folder of its own'
	@echo 'make test-scripts  what runs on Macs, under every shell that this machine has'
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

# What reads and changes a Mac, under each shell that may be its sh.
SCRIPTS := $(wildcard tests/macs/test_scripts_*.py tests/macs/test_probe_*.py) \
  tests/macs/test_shell_files.py tests/unit/remote/test_quoting.py tests/unit/operations/test_injection.py
test-scripts: setup
	$(BIN)/python -m pytest -n 2 $(SCRIPTS)

# YES=1 does not ask, ACCEPT_LICENSE=1 accepts Anaconda's terms, BACKEND=cpu|mps|auto, TRIAL=FOLDER.
ON_THIS_MAC = $(BIN)/python tests/on_this_mac.py $(if $(YES),--yes) \
  $(if $(ACCEPT_LICENSE),--accept-license) $(if $(TRIAL),--trial '$(TRIAL)')
on-this-mac: setup
	$(ON_THIS_MAC) $(if $(BACKEND),--backend '$(BACKEND)')
	$(MAKE) test-scripts

# In a virtual machine: MPS must fail, and the reason must say what to write.
on-this-mac-mps: setup
	$(ON_THIS_MAC) --backend mps --expect-virtual

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/lint_shell.py
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github/workflows

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
