# Everything a person types. `make build` and `make test` need python3 and make, nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
DBT := $(VENV)/bin/dbt
READY := $(VENV)/.requirements.lock.installed

MUSIC_BOX_WAREHOUSE ?= warehouse
export MUSIC_BOX_WAREHOUSE
export RAW_LOGS ?= $(MUSIC_BOX_WAREHOUSE)/sample_logs
# `python -m music_box...` finds the package where dbt finds it.
export PYTHONPATH := python_models

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

environment: $(READY) ## create .venv from requirements.lock

$(READY): requirements.lock
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	touch $@
