# One venv, one stamp per set of extras; a stamp is named after the hash of what was asked for, so nothing is installed twice.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
HASH   := $(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)
RUN    := $(VENV)/.installed-run-$(HASH)
TEST   := $(VENV)/.installed-test-$(HASH)
BENCH  := $(VENV)/.installed-bench-$(HASH)
ONLY   ?=
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

.PHONY: figures test coverage lint kernels bench clean
.DEFAULT_GOAL := figures

figures: $(RUN)
	$(BIN)/bargain reproduce --workers $(WORKERS) $(ONLY)

# Kernels are compiled once, beside the linters, and not by each of the workers that run the tests.
test: $(TEST)
	@$(MAKE) --no-print-directory -j2 lint kernels
	$(BIN)/python -m pytest -n auto --dist worksteal

# Apart from `test`, since counting lines doubles the time of the tests.
coverage: $(TEST)
	@$(MAKE) --no-print-directory kernels
	$(BIN)/python -m pytest -n auto --dist worksteal --cov=bargain --cov-report=term

kernels: $(TEST)
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/contract/test_dynamic_solvers.py \
	  tests/solvers/test_best_response_polytope.py -k "compiled_cuts or bytes_twice and (prisoner or impatient) and \
	  (SubgamePerfectPayoffs or EnforceableDeals or MarkovPerfect)"

lint: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(BENCH)
	$(BIN)/python -m pytest benchmarks -q -s -W default

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("bargain needs Python >= 3.11, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(RUN): | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(TEST): | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	@touch $@ $(RUN)

$(BENCH): | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,bench,gambit]'
	@touch $@ $(RUN) $(TEST)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache .coverage
