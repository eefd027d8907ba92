# Lightbox: the commands people type. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PORT ?= 8000

.PHONY: help install install-dev run test test-embedded test-services bench-pipeline bench-inference lint types requirements clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-15s %s\n", $$1, $$2 }'

install: $(VENV)/.installed ## Install what the desk needs into .venv

install-dev: $(VENV)/.installed-dev ## Install what the tests need as well

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] < (3, 13); \
	  sys.exit(None if ok else f"Expected Python 3.11 or 3.12; received {sys.version.split()[0]}. Name one: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# uv installs the same hashed set in seconds; where it has no build, pip does it in minutes.
$(VENV)/.installer: requirements-installer.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< \
	  || echo "uv cannot be installed here: pip will install the rest, which takes longer."
	@touch $@

define install_requirements
	@if [ -x $(BIN)/uv ]; then \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); \
	fi
	@touch $@
endef

$(VENV)/.installed: requirements.txt | $(VENV)/.installer
	@echo "Installing $< into $(VENV) (about 2.5 GB; some minutes on a slow line)."
	$(call install_requirements,$<)

# requirements-dev.txt contains all of requirements.txt.
$(VENV)/.installed-dev: requirements-dev.txt | $(VENV)/.installer
	@echo "Installing $< into $(VENV) (about 3 GB; some minutes on a slow line)."
	$(call install_requirements,$<)
	@touch $(VENV)/.installed

run: $(VENV)/.installed ## Start the desk: web, worker and scheduler on http://127.0.0.1:$PORT (default 8000)
	@exec deploy/start

test: $(VENV)/.installed-dev ## Run the whole test suite: embedded, then on real PostgreSQL and Redis
	@$(MAKE) --no-print-directory test-embedded
	@$(MAKE) --no-print-directory test-services

test-embedded: $(VENV)/.installed-dev ## Run the suite on the embedded default
	@.ci/suite embedded $(TESTS)

test-services: $(VENV)/.installed-dev ## Run the suite on real PostgreSQL and Redis
	@.ci/suite services $(TESTS)

lint: $(VENV)/.installed-dev ## Style, import contracts, migrations, configuration files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/yamllint --strict docker-compose.yml

types: $(VENV)/.installed-dev ## Check the types
	$(BIN)/mypy portal scans inference accounts deploy

bench-pipeline: $(VENV)/.installed-dev ## Measure uploads and diagnoses on real services; prints one line of numbers
	@$(BIN)/python -m bench.pipeline

bench-inference: $(VENV)/.installed-dev ## Measure images a second, memory and the cost of each step of the model
	@$(BIN)/python -m bench.inference

COMPILE = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate

requirements: $(VENV)/.installer ## Pin the ranges of pyproject.toml again, with hashes
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) --group dev pyproject.toml --output-file requirements-dev.txt

clean: ## Remove .venv and the tests' leavings; var/ (the record) stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis var/test
