# `make demo` and `make test` set everything up themselves. No target needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many tests run at once.
WORKERS ?= auto

.PHONY: help setup demo test test-nightly test-live test-scripts test-lowest coverage lint \
  on-this-mac on-this-mac-mps bench bench-push bench-on-this-mac matrix pictures fuzz docs dist clean

help:
	@echo 'make setup         create .venv with the torchard, pyinfra and pytest commands'
	@echo 'make demo          set up five simulated Macs from start to end'
	@echo 'make test          run every test that needs no network'
	@echo 'make lint          check style, types, imports, spelling, shell scripts and workflows'
	@echo ''
	@echo 'make coverage      run the unit tests; every branch of the pure folders must be covered'
	@echo 'make test-lowest   run the unit tests with the lowest allowed versions of all dependencies'
	@echo 'make test-scripts  run what is sent to a Mac under every shell that this machine has'
	@echo 'make test-nightly  interrupt simulated Macs at every step, and fill their disks'
	@echo 'make test-live     use the real package index; downloads about 800 MB'
	@echo 'make fuzz          feed random texts to everything that reads a file, for SECONDS=60'
	@echo 'make bench         measure plans and applies of simulated Macs, and draw docs/bench-*.svg'
	@echo 'make bench-push    push one file and small files to 1 and 20 hosts, against scp'
	@echo ''
	@echo 'make bench-on-this-mac  measure clones, first imports and signatures on this Mac'
	@echo 'make on-this-mac   set up, verify and roll back this Mac, in the folder ~/torchard-trial'
	@echo 'make matrix        write docs/matrix*.md: the PyTorch for every macOS and Python'
	@echo 'make pictures      draw the pictures of commands in docs/ again'
	@echo 'make docs          build the documentation as a site in site/'
	@echo 'make dist          build the sdist and the wheel in dist/'
	@echo 'make clean         remove .venv and every cache'

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo 'Torchard needs Python 3.10 or newer. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)'; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo 'This Python cannot create a venv. On Debian, install python3-venv.'; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/torchard demo

test: setup
	$(BIN)/python -m pytest -n $(WORKERS)

test-live: setup
	$(BIN)/python -m pytest -m live tests/live -o tmp_path_retention_policy=failed

test-nightly: setup
	@# Both run to their ends, also if the first one fails.
	failed=0; $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m nightly \
	  -o tmp_path_retention_policy=failed || failed=1; \
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n $(WORKERS) tests/unit || failed=1; \
	exit $$failed

# The tests of what reads and changes a Mac. They run under each shell that may be its sh.
SCRIPTS := $(wildcard tests/macs/test_scripts_*.py tests/macs/test_probe_*.py) \
  tests/macs/test_shell_files.py tests/unit/remote/test_quoting.py tests/unit/operations/test_injection.py
test-scripts: setup
	$(BIN)/python -m pytest -n $(WORKERS) $(SCRIPTS)

# Options: YES=1 does not ask, ACCEPT_LICENSE=1 accepts Anaconda's terms, BACKEND=cpu|mps|auto,
# TRIAL=FOLDER.
ON_THIS_MAC = $(BIN)/python tests/on_this_mac.py $(if $(YES),--yes) \
  $(if $(ACCEPT_LICENSE),--accept-license) $(if $(TRIAL),--trial '$(TRIAL)')
on-this-mac: setup
	$(ON_THIS_MAC) $(if $(BACKEND),--backend '$(BACKEND)')
	$(MAKE) test-scripts

# In a virtual machine MPS must fail, and the reason must say what to write.
on-this-mac-mps: setup
	$(ON_THIS_MAC) --backend mps --expect-virtual

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@# All have one name, so mypy takes them one by one.
	for one in $$(find tests -name conftest.py); do $(BIN)/mypy $$one || exit 1; done
	$(BIN)/lint-imports
	$(BIN)/python tests/lint_shell.py
	$(BIN)/codespell
	$(BIN)/mkdocs build --strict --site-dir $(VENV)/site
	$(BIN)/validate-pyproject pyproject.toml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms \
	  $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/zizmor --offline --quiet .github/workflows

coverage: setup
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n $(WORKERS) --cov --cov-fail-under=100 tests/unit

test-lowest: setup
	$(PYTHON) -m venv .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct \
	  --editable '.[test]'
	.venv-lowest/bin/python -m pytest -n $(WORKERS) tests/unit

bench: export TORCHARD_BENCH_RESULTS = $(CURDIR)/.bench.json
bench: setup
	rm -f $(TORCHARD_BENCH_RESULTS)
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/plan_against_ssh.py
	$(BIN)/python benchmarks/large_lab.py
	$(BIN)/python benchmarks/plan_of_three_hundred.py
	$(BIN)/python benchmarks/update_of_one_wheel.py
	$(BIN)/python benchmarks/slow_mac.py
	$(BIN)/python benchmarks/fetch.py
	$(BIN)/python benchmarks/first_install.py
	$(BIN)/python benchmarks/plots.py $(TORCHARD_BENCH_RESULTS) docs

# What only a Mac can tell. Options: FILES=42000, NETWORK=FOLDER on a network volume.
bench-on-this-mac: setup
	$(BIN)/python benchmarks/clones_on_this_mac.py $(if $(FILES),--files $(FILES)) \
	  $(if $(NETWORK),--network '$(NETWORK)') --json on-this-mac.json

bench-push: setup
	$(BIN)/python benchmarks/push.py

matrix: setup
	$(BIN)/torchard catalog matrix --out docs

# A story whose head names a picture draws what its first command prints.
PICTURES = $(shell grep -l '^picture:' tests/stories/*.story | sed 's|.*/||; s|[.]story$$| or|') none
pictures: setup
	$(BIN)/python -m pytest -n 0 tests/stories --renew -k '$(PICTURES)'

docs: $(VENV)/.ready-dev
	$(BIN)/mkdocs build --quiet --strict

SECONDS ?= 60
fuzz: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/fuzz_readers.py $(SECONDS)

dist: setup
	rm -rf dist
	$(BIN)/uv build --quiet

clean:
	rm -rf $(VENV) .venv-lowest dist site .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
