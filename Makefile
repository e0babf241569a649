# `make demo` and `make test` do everything on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
DEMO_ARGS ?=
# Two cores are the machine this is planned for. A file stays on one worker; files begin in the order of tests/conftest.py.
WORKERS ?= 2
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: setup demo test test-all soak codebook lint format locks clean

setup: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit("Rà soát needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m server.web.assets
	touch $@

demo: setup
	$(BIN)/rasoat demo $(DEMO_ARGS)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m server.web.assets --check

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Everything that a change can break and that needs only what `setup` installs; under 10 minutes.
test: lint
	$(PYTEST) -m "not slow and not postgres and not browser and not real_central"

# Both databases, every page in the browser, parity, whole runs: what .ci/run runs; under 30 minutes.
test-all: lint
	$(PYTEST) -m "not real_central"

# The codebook of the forms as they are written now; a test holds docs/codebook.html to them.
codebook: setup
	$(BIN)/rasoat forms codebook --out docs

# Long runs by hand; results are written up in docs/verification.md.
soak: setup
	$(BIN)/rasoat demo --once --households 50000 --json

# Needs uv; the locks carry hashes and no address.
locks:
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --extra demo pyproject.toml -o requirements.lock
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --extra demo --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) node_modules server/static/vendor dist build
