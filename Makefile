# Every target sets up what it needs in .venv, quietly and only once: a stamp file records which lock was installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.PHONY: run test test-quick check check-js format bench chaos soak lock clean

run: $(VENV)/run.stamp
	@$(BIN)/repaint run

# Tests wait more than they compute, so there are more workers than cores. A file's tests share an app, so each file
# stays in one worker (`loadfile`); tests/harness/selection.py has the longest files start first.
PYTEST := $(BIN)/python -m pytest -q --dist loadfile --no-loadscope-reorder --durations=10
WORKERS ?= 7

# Where this is set, each worker would compile all modules anew: half of its start.
test test-quick: export PYTHONDONTWRITEBYTECODE =

test: $(VENV)/dev.stamp
	@$(PYTEST) -n $(WORKERS)

# What one runs while working: without tests that are slow or need a browser or PostgreSQL; a test that runs on both
# databases runs on SQLite only.
test-quick: $(VENV)/dev.stamp
	@$(PYTEST) -n $(WORKERS) --quick

check: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_architecture.py
	@$(MAKE) --no-print-directory check-js

# The chat page's scripts. Node.js is only a development tool here, so the check is skipped where it is missing or too old.
NODE_IS_THERE := node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
check-js:
	@if command -v npm >/dev/null && $(NODE_IS_THERE) 2>/dev/null; \
		then $(MAKE) -s --no-print-directory node_modules/.package-lock.json && npm run --silent check; \
		else echo "Skipped the check of the chat page's JavaScript: it needs Node.js 20.19 or newer and npm."; fi

format: $(VENV)/dev.stamp
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m bench $(PART)

chaos: $(VENV)/dev.stamp
	@$(BIN)/python -m chaos $(PART) $(if $(N),-n $(N)) $(if $(SEED),--seed $(SEED))

soak: $(VENV)/dev.stamp
	@$(BIN)/python -m chaos soak $(if $(N),-n $(N)) $(if $(MINUTES),--minutes $(MINUTES))

# The run lock keeps to the dev lock's versions, which are the ones that were tested.
EXTRAS := --extra discord --extra postgres --extra stylizer
COMPILE := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header $(EXTRAS)
lock:
	@$(COMPILE) --group dev pyproject.toml -o requirements/dev.txt
	@$(COMPILE) --group build --constraint requirements/dev.txt pyproject.toml -o requirements/run.txt

clean:
	@rm -rf $(VENV) node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@$(MAKE) --no-print-directory install LOCK=run
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml
	@$(MAKE) --no-print-directory install LOCK=dev
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --loglevel=error --no-audit --no-fund >/dev/null
	@touch $@

.PHONY: install
install:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Repaint needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || \
		{ echo "Could not make a virtual environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up (once, a minute or two) ..."
	@$(PIP) install --require-hashes -r requirements/$(LOCK).txt
	@$(PIP) install --no-deps --no-build-isolation -e .
