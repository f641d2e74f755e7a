# `make demo` and `make test` need only make and Python 3.11 or newer; they set everything else up in .venv.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready
WORKERS ?= 2
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
  $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))) python3)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
NETWORKS := data/networks
# Exit code 5 is a plan that the time limit kept from being proved: a result, not a failure.
UNPROVED_IS_FINE := || test $$? -eq 5

.PHONY: help setup demo test pytest test-long bench lint format sample docs lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## virtual environment with exactly the locked packages

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "Python's venv module is needed (on Debian: python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: $(READY) ## check the shipped catalog, then plan the 12-practice sample into out/demo
	$(BIN)/critmass check catalog
	$(BIN)/critmass plan $(NETWORKS)/pho12.xlsx --out out/demo --time-limit 60 $(UNPROVED_IS_FINE)

test: $(READY) ## style, types, import direction, and all tests but the long ones
	@$(MAKE) --no-print-directory -j2 lint pytest

pytest: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long"

test-long: $(READY) ## the long tests alone
	$(BIN)/python -m pytest -n $(WORKERS) -m long

bench: $(BENCH_READY) ## all benchmarks on this machine, about an hour; tests/benchmarks/README.md has the protocol
	$(BIN)/python tests/benchmarks/plan_times.py
	$(BIN)/python tests/benchmarks/settle_speed.py
	$(BIN)/python tests/benchmarks/table_speed.py
	$(BIN)/python tests/benchmarks/modelling_layer.py
	$(BIN)/python tests/benchmarks/overhead.py
	$(BIN)/python tests/benchmarks/solver_peers.py
	$(BIN)/python tests/benchmarks/replan_times.py
	$(BIN)/python tests/benchmarks/growth.py

$(BENCH_READY): $(READY)
	$(PIP) install --no-build-isolation -e '.[bench]'
	@touch $@

lint: $(READY) ## style, types and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## rewrite the code in the one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sample: $(READY) ## the sample networks, made anew
	$(BIN)/critmass sample --practices 1 --seed 9 --out $(NETWORKS)/solo.xlsx
	$(BIN)/critmass sample --practices 12 --seed 1 --out $(NETWORKS)/pho12.xlsx
	$(BIN)/critmass sample --practices 60 --seed 1 --out $(NETWORKS)/pho60.xlsx

docs: $(READY) ## docs/component-types.md and models/practice-finance.md, made anew from data
	$(BIN)/python -m critmass.report.component_types docs/component-types.md
	$(BIN)/python tests/truth/practice_finance_page.py

lock: ## requirements.lock, made anew from pyproject.toml
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet pip-tools
	build/lock/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --extra dev \
	  --build-deps-for editable --no-header --no-annotate --no-emit-options --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml
	@! grep -nEi '://|^-|/(opt|home|work|tmp)/' requirements.lock || { echo "a host or path is in the lock"; exit 1; }

clean: ## remove what the targets made
	rm -rf $(VENV) build out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
