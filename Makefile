# Everything runs in .venv, made from hashed requirements: `make demo` and `make test` need Python 3.11+, git and make.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1

# Pinned by hash and without the address of an index, so that any mirror serves.
COMPILE := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

.PHONY: demo
demo: .venv/ready ## Stamp a service, work on it, update it, test it, break its dependency, check it
	$(BIN)/python -m scripts.demo demo/orders

.PHONY: test
test: .venv/ready lint ## The whole suite: lint, types, structure, tests
	$(BIN)/pytest -n auto $(PYTEST_ARGS)

.PHONY: lint
lint: .venv/ready ## Ruff, mypy --strict, import contracts
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports --no-logo

.PHONY: fmt
fmt: .venv/ready ## Format, and fix what ruff can fix
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

.PHONY: docs
docs: .venv/ready ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

.PHONY: pictures
pictures: .venv/ready ## Draw the documentation's pictures again: terminals, and the rooms of the source
	$(BIN)/python scripts/pictures.py
	$(BIN)/python -m scripts.rooms

.PHONY: bench
bench: .venv/ready .venv-bench/ready ## Side by side with public tools; the last results are in bench/RESULTS.md
	$(BIN)/python -m bench

.PHONY: soak
soak: .venv/ready ## The long proofs: many more generated templates
	$(BIN)/pytest -n auto -m soak $(PYTEST_ARGS)

.PHONY: lowest
lowest: .venv-lowest/ready ## The tests of paved itself with the oldest libraries that pyproject.toml allows
	.venv-lowest/bin/pytest -n auto --ignore=tests/stamped tests $(PYTEST_ARGS)

.PHONY: image
image: .venv/ready ## Build the stamped service's container image and run it (as root, on Debian, some minutes)
	scripts/tools.sh buildah debootstrap
	$(BIN)/pytest -m image $(PYTEST_ARGS)

.PHONY: tools
tools: ## Install what the tests use beyond Python: Debian's packages (as root) and npm's
	scripts/tools.sh

.PHONY: dist
dist: .venv/ready ## Build the wheel and the sdist
	$(BIN)/uv build --quiet --no-build-isolation --out-dir dist

.PHONY: lock
lock: .venv/ready ## Pin the newest versions of everything, with hashes
	cd requirements && ../$(BIN)/uv pip compile $(COMPILE) --output-file dev.txt dev.in ../pyproject.toml
	cd requirements && ../$(BIN)/uv pip compile $(COMPILE) --output-file bench.txt bench.in
	cd requirements/node && npm update --silent --package-lock-only

.PHONY: clean
clean: ## Remove what make made
	rm -rf .venv .venv-bench .venv-lowest requirements/node/node_modules dist site demo

.venv/ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv-bench/ready: requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	touch $@

# The direct dependencies at their lower bounds. What the tests need, and what those bounds need, is the newest.
.venv-lowest/ready: pyproject.toml .venv/ready
	$(PYTHON) -m venv .venv-lowest
	$(BIN)/uv pip compile --quiet --no-header --resolution lowest-direct --output-file .venv-lowest/lowest.txt pyproject.toml
	$(BIN)/uv pip install --quiet --python .venv-lowest --requirement .venv-lowest/lowest.txt --editable . \
		allpairspy check-jsonschema hatchling hypothesis pre-commit pytest pytest-xdist uv
	touch $@
