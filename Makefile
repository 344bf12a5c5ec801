# Each target makes the environment that it needs, and makes it again only when pyproject.toml has changed.
#
#   make demo    record, replay without the server, plant a leak: what the project is for, in two minutes
#   make test    the whole suite, in random order, warnings as errors; builds the wheel and tries it. Fails under 95 % of
#                branch coverage; COVERAGE=no runs it without counting
#   make lint    ruff and mypy --strict, of the library, the plugin, and what users write (tests/typing)
#   make bench   speed beside httpx, aiohttp, respx and vcrpy; wants nginx on the PATH. NAMES="get script" picks some,
#                NAMES=--readme writes the figures of all into README.md; AGAINST=REVISION compares the CPU and the wall
#                time of ours with that commit's instead, and fails where a row takes over 5 % more CPU
#   make soak    the longer runs that `make test` leaves out: 26,000 spoiled answers end to end, every cut of answers of many kinds,
#                640,000 raced tasks, damaged cassettes, 22,000 runs with random faults, the scenarios beside Swift
#   make soak-busy   `make test`, TIMES=20 times, beside two processes that compute; ends at the first failure
#   make clean   forget the environment and everything built

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$python" && break; done)
WORKERS ?= 2
NAMES ?=
AGAINST ?=
TIMES ?= 20
COVERAGE ?= yes
VENV := .venv
BIN := $(VENV)/bin
SUITE := pytest -n $(WORKERS) --dist worksteal -q

.PHONY: demo test lint bench soak soak-busy clean
.DELETE_ON_ERROR:

demo: $(VENV)/.has-test
	$(BIN)/python -m tests.downstream

test: $(VENV)/.has-test
ifeq ($(COVERAGE),no)
	$(BIN)/python -m $(SUITE)
else
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m $(SUITE)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
endif

soak: $(VENV)/.has-test
	$(BIN)/python -m pytest -n $(WORKERS) -m soak -q

soak-busy: $(VENV)/.has-test
	$(BIN)/python -m tests.busy $(TIMES) $(MAKE) test

lint: $(VENV)/.has-lint
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.has-bench
	$(BIN)/python -m tests.benchmarks $(if $(AGAINST),--against $(AGAINST)) $(NAMES)

# The stamp names the extra that was installed; pip leaves alone what is there already.
$(VENV)/.has-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv); or name one: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

clean:
	rm -rf $(VENV) dist build .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
