# Saidduan: everything a newcomer types. `make help` lists it.
#
# On a machine with only Python (3.11 or later), Node (20 or later), make and git each target sets up
# what it needs:
# a stamp in .venv says which requirements are installed, so that the second time costs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

PYTHON ?= python3
# how many processes run the tests; three are faster on two cores at rest, and some tests then wait in vain
JOBS ?= 2
# what `make run`, `make demo` and `make test` hand on: make run ARGS="--web-port 9000"
ARGS ?=

# what Python has translated it keeps, also where the environment says that it must not: a hotline is ten
# processes, and each would translate all of it at every start (`make clean` removes it)
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
RUN_READY := .venv/.ready-run
DEV_READY := .venv/.ready-dev
PACKAGES := hotline ivr agents tickets reports exchange

.PHONY: help run setup demo test check format bench pictures lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: $(RUN_READY) ## start the hotline here (data in ./var); Ctrl-C stops it
	@exec $(BIN)/hotline run $(ARGS)

setup: $(RUN_READY) ## set up all that `make run` needs, and start nothing

demo: $(RUN_READY) ## play a generated day of calls through a hotline, faster than the clock
	@exec $(BIN)/hotline demo $(ARGS)

test: $(DEV_READY) ## every test, on SQLite, PostgreSQL, a real Redis and a real browser
	@scripts/system-packages --only-missing
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(DEV_READY) ## format, lint, types, imports
	@failed=0
	for each in "ruff format --check ." "ruff check ." mypy "lint-imports --no-logo --no-cache"; do
		echo "== $$each"
		$(BIN)/$$each || failed=1
	done
	exit $$failed

format: $(DEV_READY) ## put the source in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV_READY) ## print the ratios: ours against the bare path in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

pictures: $(DEV_READY) ## take the pictures of the documentation anew
	@$(BIN)/python scripts/pictures.py

lock: ## pin the dependencies anew, with hashes
	@PYTHON="$(PYTHON)" scripts/lock

clean: ## remove what was built; the data in ./var stays
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(PACKAGES) tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

FRONT_END := $(wildcard package-lock.json)

$(RUN_READY): requirements/run.txt pyproject.toml scripts/environment $(FRONT_END)
	@PYTHON="$(PYTHON)" scripts/environment run

# dev contains run: this one marks both as ready
$(DEV_READY): requirements/dev.txt pyproject.toml scripts/environment $(FRONT_END)
	@PYTHON="$(PYTHON)" scripts/environment dev
