# Every intention as one command. `make help` lists them.
#
# Needed: Python 3.11 or newer with pip, Node 20.19 or newer with npm, git and make. Everything else is
# installed into this folder (.tools, backend/.venv, frontend/node_modules), never into the system.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# Processes for the tests of the backend, which wait a good part of their time, and of the browser, which do
# not. 0: one after the other, in this process.
TEST_PROCESSES ?= 3
BROWSER_PROCESSES ?= 2
# The decoder for HEIC, the pictures of iPhones; it brings an encoder under the GPL. Empty: leave it out.
HEIC ?= 1
# More options for pytest, for example: make test-backend ARGS="-k upload -x"
ARGS ?=

# What make bench measures: files in bench/.
BENCHES ?= run ingest renditions library storage grid generations publishing

VENV := backend/.venv
RUN_LOCK := backend/requirements$(if $(HEIC),-heic).lock
READY_RUN := $(VENV)/.ready-run$(if $(HEIC),-heic)
PY := $(VENV)/bin/python
UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .tools/uv/bin/uv)
NPM := npm --prefix frontend --no-fund --no-audit --no-update-notifier --loglevel=error

# Compiled code is kept beside the code, whatever else is usual on this machine: otherwise each of the many
# processes of a test run compiles everything anew, for many seconds.
export PYTHONDONTWRITEBYTECODE :=

# The interpreter that the environment was made from may be gone: then everything is made again.
$(shell test -x $(PY) || rm -f $(VENV)/.ready-*)

FRONTEND_SOURCES := $(shell find frontend \( -name node_modules -o -name dist -o -name testing -o -name '.*' \) -prune \
	-o ! -name '*.test.ts' ! -name '*.test.tsx' ! -path frontend -print 2>/dev/null)

.PHONY: help
help: ## list these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z-]*:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

##### run

.PHONY: run
run: setup-run frontend-build ## set up what is missing and serve the product (HOST, PORT and every setting of .env.example count)
	@exec $(VENV)/bin/aigrowth serve

.PHONY: setup-run
setup-run: $(READY_RUN) ## install what running needs

.PHONY: frontend-build
frontend-build: frontend/dist/index.html ## build the web page into frontend/dist

##### test

# All three at once: each waits a good part of its time, for servers, platforms and pages. Everything is set up
# before that, one after the other.
.PHONY: test
test: setup-test frontend-build chromium ## set up and run every test
	@echo "Running the tests of the frontend, the backend and the browser. Each is told when it is done."
	@$(MAKE) --no-print-directory --keep-going --jobs=3 --output-sync=target test-frontend test-backend test-browser

.PHONY: setup-test
setup-test: $(VENV)/.ready-test frontend/node_modules/.ready ## install what testing and checking need

.PHONY: test-backend
test-backend: $(VENV)/.ready-test ## unit, integration, api and contract tests, on real servers
	cd backend && .venv/bin/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup --ignore=tests/browser $(ARGS)

.PHONY: test-browser
test-browser: setup-test frontend-build chromium ## the product in a browser; pictures in test-results/screenshots
	cd backend && .venv/bin/python -m pytest -n $(BROWSER_PROCESSES) --dist loadgroup tests/browser $(ARGS)

.PHONY: screens
screens: setup-test frontend-build chromium ## every state of every screen, wide and phone, light and dark, in test-results/screenshots
	cd backend && ALL_SCREENS=1 .venv/bin/python -m pytest -n $(BROWSER_PROCESSES) --dist loadgroup tests/browser $(ARGS)

.PHONY: test-frontend
test-frontend: frontend/node_modules/.ready ## the frontend's own tests
	$(NPM) test

.PHONY: chromium
chromium: $(VENV)/.ready-test ## find a Chromium for the browser tests, fetch one when there is none
	@cd backend && .venv/bin/python -m tests.servers.chromium

##### check

.PHONY: check
check: check-format lint types check-locks check-generated check-frontend ## format, lint, types, architecture rules, generated files fresh

.PHONY: check-format
check-format: $(VENV)/.ready-test ## Python files are formatted
	$(VENV)/bin/ruff format --check backend scripts bench --config backend/pyproject.toml

.PHONY: lint
lint: $(VENV)/.ready-test ## Python lint, and the architecture rules
	$(VENV)/bin/ruff check backend scripts bench --config backend/pyproject.toml
	cd backend && .venv/bin/lint-imports --no-cache
	cd backend && .venv/bin/python -m pytest -q tests/test_architecture.py

.PHONY: types
types: $(VENV)/.ready-test ## Python types
	cd backend && .venv/bin/mypy -p app -p practice -p tests
	cd backend && .venv/bin/mypy ../scripts/*.py

.PHONY: check-locks
check-locks: $(VENV)/.ready-test ## the lock files hold hashes and no addresses
	$(PY) scripts/check_locks.py

.PHONY: check-generated
check-generated: setup-test ## the API description and the frontend's types are those of the code
	scripts/check-generated

.PHONY: check-frontend
check-frontend: frontend/node_modules/.ready ## the frontend's format, lint and types
	$(NPM) run check

.PHONY: chaos
chaos: setup-test ## 1,000 publications while servers are killed: each goes out once (PUBLICATIONS=1000)
	cd backend && CHAOS_PUBLICATIONS=$(or $(PUBLICATIONS),1000) .venv/bin/python -m pytest -q -n 0 tests/integration/test_publishing_chaos.py

##### change

.PHONY: format
format: setup-test ## format and repair what can be repaired by itself
	$(VENV)/bin/ruff check --fix-only --quiet backend scripts bench --config backend/pyproject.toml
	$(VENV)/bin/ruff format backend scripts bench --config backend/pyproject.toml
	$(NPM) run format

.PHONY: openapi
openapi: setup-test ## write the API description anew, and the frontend's types from it
	$(PY) scripts/openapi.py frontend/lib/api/openapi.json
	$(NPM) run generate

.PHONY: lock
lock: | $(UV) ## resolve the dependencies anew and write the lock files
	cd backend && $(abspath $(UV)) pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header \
		pyproject.toml -o requirements.lock
	cd backend && $(abspath $(UV)) pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header \
		--extra heic -c requirements.lock pyproject.toml -o requirements-heic.lock
	cd backend && $(abspath $(UV)) pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header \
		--extra dev --extra heic -c requirements-heic.lock pyproject.toml -o requirements-dev.lock
	$(NPM) install --package-lock-only --include=dev

.PHONY: bench
bench: setup-test frontend-build chromium ## measure; prints tables and writes bench/results (BENCHES=library for one alone)
	@for name in $(BENCHES); do test ! -f bench/$$name.py || $(PY) bench/$$name.py $(ARGS) || exit 1; done

.PHONY: clean
clean: ## remove everything that make made; data and .env stay
	rm -rf .tools $(VENV) frontend/node_modules frontend/dist test-results bench/work

##### what the commands above stand on

.tools/uv/bin/uv:
	@echo "Fetching uv $(UV_VERSION)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action=ignore \
		--upgrade --target .tools/uv uv==$(UV_VERSION)

$(READY_RUN): $(RUN_LOCK) scripts/link_backend.py | $(UV)
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12 …" % v[:2])'
	@test -x $(PY) || UV_PYTHON_DOWNLOADS=never $(UV) venv --quiet --clear --python "$$(command -v $(PYTHON))" $(VENV)
	@echo "Installing the backend"
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r $(RUN_LOCK)
	@$(PY) scripts/link_backend.py
	@touch $@

$(VENV)/.ready-test: backend/requirements-dev.lock $(READY_RUN)
	@echo "Installing the backend's test tools"
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r backend/requirements-dev.lock
	@touch $@

frontend/node_modules/.ready: frontend/package.json frontend/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error("Node 20.19 or newer is needed, and this is " + process.versions.node); process.exit(1) }'
	@echo "Installing the frontend"
	@# Some versions of npm refuse a lock file that lacks packages of other systems; the second way takes it.
	@$(NPM) ci --include=dev 2>/dev/null || $(NPM) install --no-save --include=dev
	@touch $@

frontend/dist/index.html: $(FRONTEND_SOURCES) frontend/node_modules/.ready
	@echo "Building the web page"
	@$(NPM) run build
	@touch $@
