# Targets for people; `make` alone prints them. Everything happens in an environment made on first use.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types check coverage mutation audit lowest newest model bench bench-quality \
	soak build smoke clean

# The first Python of at least 3.11 on this machine; override with `make PYTHON=…`.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# The environment; a Python that is given has one of its own, as .venv-3.13.
VENV := .venv$(if $(filter-out file,$(origin PYTHON)),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
BIN := $(VENV)/bin

help: ## print the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 28

$(VENV)/run: pyproject.toml
	@test -n "$(PYTHON)" || { echo "bacterio needs Python 3.11 or newer; give one with: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(VENV)/dev ## make .venv with the development tools

demo: $(VENV)/run ## train on data/genera.txt and invent 20 names
	$(BIN)/bacterio train data/genera.txt -o $(VENV)/demo.npz --force
	$(BIN)/bacterio sample -n 20 -c $(VENV)/demo.npz --seed 1

test: $(VENV)/dev ## run the tests, a process a core: make test ARGS="tests/nn/test_cells.py"
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

lint: $(VENV)/dev ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev ## mypy, strict
	$(BIN)/mypy

check: lint types test ## lint, types and tests

coverage: $(VENV)/dev ## the tests, and which branches they reach; fails below 95 %
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

soak: $(VENV)/dev ## kills, full disks, signals, hostile files, ten million names, crowds: make soak ARGS="--only crowd --seed 2"
	$(BIN)/python tests/tools/soak.py $(ARGS)

SAMPLE := 300
mutation: export OPENBLAS_NUM_THREADS = 1
mutation: $(VENV)/dev ## plant SAMPLE small faults, or those of ARGS, in copies and print those that no test notices: make mutation ARGS="bacterio_cli.nn.loss*"
	rm -rf mutants
	$(BIN)/mutmut run $(or $(ARGS),bacterio_cli.nn.loss.x_softmax__mutmut_1)
	test -n "$(ARGS)" || $(BIN)/mutmut results --all true | sed 's/^ *//; s/: .*//' | sort | \
		shuf -n $(SAMPLE) --random-source=data/model.npz | xargs $(BIN)/mutmut run
	$(BIN)/mutmut results | grep -v 'not checked'

audit: $(VENV)/dev ## known vulnerabilities in what .venv holds; says what the index does not know
	$(BIN)/python -m pip_audit --skip-editable --progress-spinner off

LOWEST = $(shell sed -n '/^dependencies/,/^]/s/.*"\(.*\)>=\(.*\)".*/\1==\2/p' pyproject.toml)
# An old Typer beside the newest Click uses what Click means to drop; that is between those two.
lowest: PINS = $(LOWEST)
lowest: IGNORED = -W "ignore:'click.:DeprecationWarning"
lowest: ## the tests on the oldest dependencies that pyproject.toml allows
newest: ## the tests on the newest dependencies there are
lowest newest:
	$(PYTHON) -m venv --clear .venv-$@
	.venv-$@/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]' $(PINS)
	.venv-$@/bin/python -m pip list --disable-pip-version-check
	.venv-$@/bin/python -m pytest $(IGNORED) $(ARGS)

model: $(VENV)/run ## train the model that ships: data/model.npz
	$(BIN)/bacterio train data/genera.txt -o data/model.npz --compact --profile genus

bench: $(VENV)/dev ## speed beside PyTorch, which it installs into .venv: make bench ARGS="--only start"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python tests/bench/speed.py $(ARGS)

bench-quality: $(VENV)/run ## held-out loss beside Kneser–Ney: make bench-quality FILES="train.txt test.txt"
	$(BIN)/python tests/bench/quality.py $(FILES)

build: $(VENV)/dev ## wheel and sdist into dist/
	rm -rf dist
	$(BIN)/python -m build --quiet

smoke: build ## the wheel in empty environments, on each Python that is installed: make smoke ARGS="/path/to/python"
	bash tests/tools/smoke.sh dist/*.whl $(ARGS)

clean: ## remove .venv, caches and builds
	rm -rf .venv .venv-* .coverage* dist build mutants .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
