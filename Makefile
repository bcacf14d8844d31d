# Targets for people; `make` alone prints them. Everything happens in .venv, made on first use.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types check coverage mutation audit lowest newest model bench bench-growth bench-quality \
	soak build smoke clean

# The first Python of at least 3.11 on this machine; override with `make PYTHON=…`.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

help: ## print the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 28

.venv/run: pyproject.toml
	@test -n "$(PYTHON)" || { echo "bacterio needs Python 3.11 or newer; give one with: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: .venv/dev ## make .venv with the development tools

demo: .venv/run ## train on data/genera.txt and invent 20 names
	$(BIN)/bacterio train data/genera.txt -o .venv/demo.npz
	$(BIN)/bacterio sample -n 20 -c .venv/demo.npz --seed 1

test: .venv/dev ## run the tests, a process a core: make test ARGS="tests/nn/test_cells.py"
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

lint: .venv/dev ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev ## mypy, strict
	$(BIN)/mypy

check: lint types test ## lint, types and tests

coverage: .venv/dev ## the tests, and which branches they reach; fails below 95 %
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

soak: .venv/dev ## kills, full disks, rivals, signals, hostile files, ten million names, crowds: make soak ARGS="--only crowd --seed 2"
	$(BIN)/python tests/tools/soak.py $(ARGS)

mutation: .venv/dev ## plant small faults in copies and count those that no test notices: make mutation ARGS="bacterio_cli.nn.loss*"
	rm -rf mutants
	$(BIN)/mutmut run $(ARGS)
	$(BIN)/mutmut results

audit: .venv/dev ## known vulnerabilities in what .venv holds; without network, a list of it
	$(BIN)/python tests/tools/audit.py

LOWEST = $(shell sed -n '/^dependencies/,/^]/s/.*"\(.*\)>=\(.*\)".*/\1==\2/p' pyproject.toml)
# An old Typer beside the newest Click uses what Click means to drop; that is between those two.
lowest: PINS = $(LOWEST)
lowest: IGNORED = -W "ignore:'click.:DeprecationWarning"
lowest: ## the tests on the oldest dependencies that pyproject.toml allows
newest: ## the tests on the newest dependencies there are, or on another Python: make newest PYTHON=/path/to/python
lowest newest:
	$(PYTHON) -m venv --clear .venv-$@
	.venv-$@/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]' $(PINS)
	.venv-$@/bin/python -m pip list --disable-pip-version-check
	.venv-$@/bin/python -m pytest $(IGNORED) $(ARGS)

model: .venv/run ## train the model that ships: data/model.npz
	$(BIN)/bacterio train data/genera.txt -o data/model.npz --compact --profile genus

bench: .venv/dev ## speed beside PyTorch and rapidfuzz, which it installs into .venv: make bench ARGS="--only start"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]' torch==2.13.0
	$(BIN)/python tests/bench/speed.py $(ARGS)

bench-growth: .venv/run ## time and memory as corpus, net and alphabet grow: make bench-growth FILES="large_list.txt"
	$(BIN)/python tests/bench/growth.py $(FILES)

bench-quality: .venv/run ## held-out loss beside Kneser–Ney: make bench-quality FILES="train.txt test.txt"
	$(BIN)/python tests/bench/quality.py $(FILES)

build: .venv/dev ## wheel and sdist into dist/
	rm -rf dist
	$(BIN)/python -m build --quiet

smoke: build ## the wheel in an empty environment, away from the checkout
	bash tests/tools/smoke.sh $(PYTHON) dist/*.whl

clean: ## remove .venv, caches and builds
	rm -rf .venv .venv-lowest .venv-newest .coverage* dist build mutants .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
