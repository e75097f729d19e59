# Every target sets up what it needs: on a fresh machine `make demo` and `make test` are one command each.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
QUIETLY := -qq --no-compile --progress-bar off --disable-pip-version-check

# Tests and documentation start the program hundreds of times: compiled once, it starts in half the time.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup app demo test test-quick check lint types docs binary bench accuracy accuracy-independent site shuffle torture mutants coverage lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY) ## Create .venv from the lock, nothing else

# The lock names every package: without --no-deps, a newer release of one that is wanted with an extra
# (coverage[toml]) would be looked for, and refused for having no hash.
# A Debian without ensurepip cannot make a venv with pip in it: borrow the outer pip then.
$(VENV)/.locked: requirements.lock
	@echo "Setting up $(VENV) (once) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV); }
	@if [ -x $(BIN)/pip ]; then pip="$(BIN)/python -m pip"; else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	  $$pip install $(QUIETLY) --no-deps --require-hashes -r requirements.lock
	@touch $@

$(READY): $(VENV)/.locked pyproject.toml
	@if [ -x $(BIN)/pip ]; then pip="$(BIN)/python -m pip"; else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	  $$pip install $(QUIETLY) --no-deps --no-build-isolation -e .
	@touch $@

app: $(READY) ## The whole job in a browser: bulk-import app
	@$(BIN)/python -m bulk_import app

demo: $(READY) ## Import sample_data into the built-in sandbox and show the report
	@$(BIN)/python -m bulk_import demo

# Tests wait for processes and servers for a third of their time; each worker collects all of them.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 3 / 2 )))

# Playwright leaves an event loop running in its process: the browser has one of its own.
# Stealing keeps the tests of a module together, and with them what they share: a cluster, a wheel, an account.
test: $(READY) ## Run every test
	@$(BIN)/python -m pytest -m "" -n $(WORKERS) --dist worksteal --ignore=tests/browser
	@$(BIN)/python -m pytest -m "" tests/browser

test-quick: $(READY) ## Run the tests that are not whole runs of many seconds
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --ignore=tests/browser

check: lint types docs test ## Everything CI runs, quickest to fail first

lint: $(READY) ## Style and common mistakes (ruff)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY) ## Strict types (mypy)
	@$(BIN)/mypy

docs: $(READY) ## Is every command and output in the README what the program prints today?
	@$(BIN)/python -m cogapp -I . --check README.md docs/reference.md docs/spreadsheets.md

$(VENV)/.bench: $(READY) requirements-bench.lock
	@if [ -x $(BIN)/pip ]; then pip="$(BIN)/python -m pip"; else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	  $$pip install $(QUIETLY) --no-deps --require-hashes -r requirements-bench.lock
	@touch $@

$(VENV)/.release: $(READY) requirements-release.lock
	@if [ -x $(BIN)/pip ]; then pip="$(BIN)/python -m pip"; else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	  $$pip install $(QUIETLY) --no-deps --require-hashes -r requirements-release.lock
	@touch $@

site: $(VENV)/.release ## Build the documentation as a site, every link checked (build/site)
	@$(BIN)/zensical build --strict

# pandas is left out: it doubles the size, and only `import_frame` of the Python API needs it.
binary: $(VENV)/.release ## Build the program as one file that needs no Python (build/binary)
	@$(BIN)/python -m PyInstaller --onefile --name bulk-import --noconfirm --log-level ERROR --paths . \
	  --distpath build/binary --workpath build/pyinstaller --specpath build/pyinstaller \
	  --collect-all bulk_import --collect-all phonenumbers --collect-data email_validator --collect-data tzdata \
	  --add-data "$(CURDIR)/mappings:bulk_import/shipped/mappings" \
	  --add-data "$(CURDIR)/docs:bulk_import/shipped/docs" \
	  --add-data "$(CURDIR)/sample_data/contacts.xlsx:bulk_import/shipped/sample_data" \
	  $(foreach each,pandas numpy dlt distributed dask duckdb hypothesis pytest mypy,--exclude-module $(each)) \
	  bulk_import/__main__.py

bench: $(VENV)/.bench ## Measure speed and memory (minutes)
	@$(BIN)/python -m benchmarks

accuracy: $(VENV)/.bench ## How often each normalizer is right, beside libraries
	@$(BIN)/python -m benchmarks.accuracy

accuracy-independent: $(VENV)/.bench ## The same on sets made from packages that nobody here wrote
	@$(BIN)/python -m benchmarks.accuracy --independent

shuffle: $(READY) ## 100,000 rows answered in random order: whose answer has each? (minutes)
	@SHUFFLED_ROWS=100000 $(BIN)/python -m pytest -q -m slow --timeout 900 -k random_order tests/test_wire.py

torture: $(READY) ## Kill runs and nights, spoil journals, finish, count on the server's side (an hour)
	@$(BIN)/python -m benchmarks.torture

mutants: $(READY) ## Plant small faults in the code and count those that the tests find (hours)
	@$(BIN)/python -m benchmarks.mutants

# Tracing triples the time of the suite: not part of CI.
coverage: $(READY) ## Branches that no quick test reaches; fails below the gate (ten minutes)
	@rm -rf build/coverage && mkdir -p build/coverage
	@COVERAGE_FOLDER=$(CURDIR)/build/coverage COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml \
	  $(BIN)/python -m pytest -q -p no:cov -p benchmarks.reaching -n auto --timeout 900 --ignore=tests/browser $(TESTS)
	@COVERAGE_FOLDER=$(CURDIR)/build/coverage $(BIN)/python -m coverage combine -q
	@COVERAGE_FOLDER=$(CURDIR)/build/coverage $(BIN)/python -m coverage report

LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --upgrade --custom-compile-command "make lock" --quiet

picture: $(READY) ## Make the pictures of README and tutorial anew (needs chromium)
	@$(BIN)/python -m docs.picture

lock: ## Pin every dependency again (needs uv)
	@$(LOCK) --group dev -o requirements.lock
	@$(LOCK) --group dev --group bench -o requirements-bench.lock
	@$(LOCK) --group dev --group release -o requirements-release.lock

clean: ## Remove the environment and everything generated
	@rm -rf $(VENV) .cache runs demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
