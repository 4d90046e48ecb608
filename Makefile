# Everything a person needs, on a machine with Python 3.11 or newer and nothing else. The first call makes .venv and installs
# into it; later calls reuse it until pyproject.toml or constraints.txt change.
#
#   make demo    a server, a day of a simulated lender, what was stopped and why
#   make test    all tests                       make check   style, types, import contract
#   make bench   the headline figures            make soak    property tests, twenty-five times as many examples
#   make docs    renew what docs and READMEs show of the code
#   make console the browser console (Node 20.19 or newer, or one fetched with pip)
#
# make soak TESTS=tests/server/test_fuzz.py sends a million hostile bodies, and TESTS=tests/faults/test_killed.py kills a server a thousand
# times; each says at the end what it saw.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak docs warm clean console

VENV := .venv
BIN := $(VENV)/bin
ZHIYU_DATA ?= ../shared/data
WORKERS ?= 2
TESTS ?= tests
export ZHIYU_DATA

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: $(VENV)/.installed
	@$(BIN)/python console/build.py --once || true
	@$(BIN)/zhiyu demo

console: $(VENV)/.installed
	@$(BIN)/python console/build.py

test: warm
	@echo "testing: $(WORKERS) workers, $${ZHIYU_EXAMPLES:-200} examples per property"
	@ZHIYU_EXAMPLES=$${ZHIYU_EXAMPLES:-200} $(BIN)/python -m pytest -n $(WORKERS) tests

check: $(VENV)/.checks-installed
	@echo "checking: ruff (style), mypy (types), lint-imports (who may import whom), tidy"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest tests/tidy

soak: warm
	@echo "soaking: $${ZHIYU_EXAMPLES:-5000} examples per property, and the tests marked soak; this takes an hour or more"
	@ZHIYU_EXAMPLES=$${ZHIYU_EXAMPLES:-5000} $(BIN)/python -m pytest -n $(WORKERS) -m "soak or property" -rP $(TESTS)

bench: warm
	@$(BIN)/zhiyu bench core
	@$(BIN)/zhiyu bench policy
	@$(BIN)/zhiyu bench serve

docs: $(VENV)/.installed
	@$(BIN)/python docs/write_reference.py
	@$(BIN)/python docs/write_readme.py
	@$(BIN)/python console/write_api.py

warm: $(VENV)/.installed
	@$(BIN)/zhiyu warm

clean:
	@rm -rf $(VENV) build dist .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is new enough; PYTHON=/path/to/python overrides.
$(VENV)/.made:
	@for each in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
	  if command -v $$each >/dev/null && $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then found=$$each; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	  echo "Zhiyu needs Python 3.11 or newer; 'python3' here is $$(python3 --version 2>&1 || true)." >&2; \
	  echo "Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv) or name it: make PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$($$found --version) has no venv module. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$($$found --version)"; \
	$$found -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing Zhiyu and its tests into $(VENV) (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

$(VENV)/.checks-installed: $(VENV)/.installed
	@echo "installing the checkers into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,check]'
	@touch $@
