# Thin: each line calls c2b or a tool. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
LANES := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run test demo check bench faults setup setup-dev lock i18n format

help:                   ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: setup              ## the whole product on http://127.0.0.1:8000, one process, nothing else to install
	@$(BIN)/c2b run

test: setup-dev         ## every test this machine can run; says which sets it left out
	@$(BIN)/python -m pytest -q $(LANES)

demo: setup             ## the main job in a terminal: from a campaign to a purchase order and its timeline
	@$(BIN)/c2b demo

check: setup-dev        ## format, lint, types, import rules, schemas, translations, migrations
	@$(BIN)/python tools/check.py

bench: setup-dev        ## how fast, beside what a user would use instead
	@$(BIN)/python -m bench

faults: setup-dev       ## kills the worker hundreds of times on each database
	@C2B_FAULTS=long $(BIN)/python -m pytest -q -m faults

format: setup-dev       ## lay the code out and sort its imports
	@$(BIN)/ruff check --quiet --fix --select I . ; $(BIN)/ruff format .

i18n: setup-dev         ## add new messages to locales/zh_CN, ready to be translated
	@$(BIN)/c2b i18n update

lock: setup-dev         ## renew the hash-locked lists from pyproject.toml
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/lock.sh

setup:
	@$(PYTHON) tools/bootstrap.py runtime

setup-dev:
	@$(PYTHON) tools/bootstrap.py dev
