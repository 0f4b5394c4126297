# Everything a person types. `make build` and `make test` need python3 and make, nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The Python of the environment: `make PYTHON=python3.13 build`. A change takes effect in a new .venv.
PYTHON ?= python3
VENV := .venv
# Programs are run as modules: the first line of a script in $(VENV)/bin cannot hold every path.
VENV_PYTHON := $(VENV)/bin/python
DBT := $(VENV_PYTHON) -W ignore::RuntimeWarning:runpy -m dbt.cli.main
PYTEST := $(VENV_PYTHON) -m pytest --numprocesses auto --dist loadfile
READY := $(VENV)/.requirements.lock.installed
# PySpark, which only benchmarks need, stays out of it.
SPARK_VENV := .venv-spark
SPARK_PYTHON := $(SPARK_VENV)/bin/python
SPARK_READY := $(SPARK_VENV)/.requirements-spark.lock.installed

# Paths may hold blanks, quotes and dollars: recipes read them from the environment, never from make,
# and `value` takes what the environment says as it is.
given = $(if $(findstring environment,$(origin $1)),$(value $1),$($1))
ifeq ($(strip $(value MUSIC_BOX_WAREHOUSE)),)
override MUSIC_BOX_WAREHOUSE := warehouse
endif
export MUSIC_BOX_WAREHOUSE
export DBT_PROFILES_DIR := profiles
export DBT_TARGET_PATH := $(call given,MUSIC_BOX_WAREHOUSE)/target
export DBT_LOG_PATH := $(call given,MUSIC_BOX_WAREHOUSE)/logs
# `python -m music_box...` finds the package where dbt finds it.
export PYTHONPATH := python_models

# A folder of deliveries; without one, sample logs of this many users.
export RAW_LOGS ?=
SAMPLE_USERS ?= 6000
# Sizes of `make bench`; with "1000 3000" it takes minutes.
BENCH_USERS ?= 6000 60000 600000

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 26

environment: $(READY) ## create .venv from requirements.lock

spark-environment: $(SPARK_READY) ## create .venv-spark from requirements-spark.lock; Spark itself needs Java 17

build: $(READY) ## raw logs to tested, published marts and the report page (RAW_LOGS=folder for your own)
	@$(VENV_PYTHON) -m music_box.readiness
	@test -n "$$RAW_LOGS" || test -e "$$MUSIC_BOX_WAREHOUSE/sample_logs" || \
		$(VENV_PYTHON) -m music_box.sample_logs --users $(SAMPLE_USERS) --out "$$MUSIC_BOX_WAREHOUSE/sample_logs"
	$(DBT) build
	$(VENV_PYTHON) -m music_box.report_page

report: $(READY) published ## the report page from what is published: warehouse/report/index.html
	$(VENV_PYTHON) -m music_box.report_page

docs: $(READY) published ## dbt docs with lineage as one page: warehouse/docs/index.html
	$(DBT) docs generate --static
	@mkdir -p "$$MUSIC_BOX_WAREHOUSE/docs"
	@mv "$$DBT_TARGET_PATH/static_index.html" "$$MUSIC_BOX_WAREHOUSE/docs/index.html"
	@echo "open $$MUSIC_BOX_WAREHOUSE/docs/index.html"

test: check browser ## everything that must hold; what CI runs
	# a file at a time to each core: files share what they build; those with many tests are not the long ones
	$(PYTEST) --no-loadscope-reorder -m "not slow"

test-publishing: $(READY) ## what builds of all kinds publish, as whom, what never; BI tools read while one is writing
	$(PYTEST) -m slow tests/python/publishing

test-spark: $(SPARK_READY) ## build sample logs on Spark of several processes too, and compare every table (Java 17; half an hour)
	PYTHONPATH=python_models:tests/python $(SPARK_PYTHON) -m tests.spark.parity --folder "$$MUSIC_BOX_WAREHOUSE/parity"

test-faults: $(READY) ## builds that are killed, hostile deliveries, full disks, forgotten users (an hour; figures in warehouse/faults.xml)
	MUSIC_BOX_THOROUGH=1 $(PYTEST) --junitxml "$$MUSIC_BOX_WAREHOUSE/faults.xml" tests/python/faults

test-sizes: $(READY) ## builds of many sizes, with one user who outdoes all, and under real limits of memory (an hour or two; root)
	$(VENV_PYTHON) -m pytest --junitxml "$$MUSIC_BOX_WAREHOUSE/sizes.xml" -m slow tests/python/sizes

test-intervals: $(READY) ## that intervals of metrics hold the truth as often as they claim, in many samples (ten minutes)
	$(PYTEST) -m slow tests/python/churn tests/python/recommendations

audit: $(READY) ## known vulnerabilities of everything that is locked; fails where the registry cannot tell of a package
	$(VENV_PYTHON) -m pip install --quiet uv
	$(VENV_PYTHON) -m uv tool run pip-audit@2.10.1 --strict --no-deps --disable-pip --requirement requirements.lock --requirement requirements-spark.lock

browser: ## Debian's Chromium, in which tests look at pages; without it and root they are skipped
	@if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends chromium; fi

check: $(READY) ## lint, types and governance, without building anything
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -m sqlfluff lint --disable-progress-bar
	$(DBT) --quiet --warn-error parse --target-path warehouse/lint --log-path warehouse/lint
	$(VENV_PYTHON) -c 'from dbt_bouncer.main import app; app()' run

compare: $(READY) ## published figures beside those of 60,000 generated users, also after cleaning
	$(VENV_PYTHON) -m music_box.sample_logs --users 60000 --first-date 2017-03-30 --out "$$MUSIC_BOX_WAREHOUSE/compared_logs"
	RAW_LOGS="$$MUSIC_BOX_WAREHOUSE/compared_logs" MUSIC_BOX_WAREHOUSE="$$MUSIC_BOX_WAREHOUSE/compared" $(DBT) build \
		--select +rpt_cleaning +snapshots --indirect-selection cautious --exclude-resource-type unit_test
	$(VENV_PYTHON) -m music_box.sample_logs.compare --logs "$$MUSIC_BOX_WAREHOUSE/compared_logs" \
		--database "$$MUSIC_BOX_WAREHOUSE/compared/music_box.duckdb"

bench: $(READY) $(SPARK_READY) ## what every stage costs at BENCH_USERS users (600,000: hours), beside C and PySpark
	$(VENV_PYTHON) -m benchmarks.landing
	$(VENV_PYTHON) -m benchmarks.build --folder "$$MUSIC_BOX_WAREHOUSE/bench" --users $(BENCH_USERS)
	$(VENV_PYTHON) -m benchmarks.performance_page --folder "$$MUSIC_BOX_WAREHOUSE/bench" --plot docs/images/cost_against_size.png

evaluate: $(READY) ## churn models on 60,000 generated users, three seeds, beside the truth (half an hour)
	$(VENV_PYTHON) -m benchmarks.churn

evaluate-recommendations: $(READY) ## recommenders on 60,000 generated users, and the one without dbt on 2,000
	$(VENV_PYTHON) -m benchmarks.recommendations
	$(VENV_PYTHON) -m benchmarks.recommendations --api

pictures: $(READY) report browser ## the pictures in the README, of the pages of this build
	$(VENV_PYTHON) benchmarks/pictures.py

lock: $(READY) ## renew both lock files after a change of pyproject.toml
	$(VENV_PYTHON) -m pip install --quiet uv
	$(VENV_PYTHON) -m uv lock
	$(VENV_PYTHON) -m uv export --quiet --no-hashes --no-emit-project -o requirements.lock
	$(VENV_PYTHON) -m uv export --quiet --no-hashes --no-emit-project --only-group spark -o requirements-spark.lock

clean: ## remove everything that builds wrote into the warehouse; other files there, and logs of your own, stay
	@$(PYTHON) -m music_box.warehouse clean "$$MUSIC_BOX_WAREHOUSE"

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
		"Python " + sys.version.split()[0] + " is too old: 3.11 or newer is needed. Name one: make PYTHON=python3.12 build")'
	$(PYTHON) -m venv $(VENV)
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	# `python -m music_box...` finds the package, also where PYTHONPATH does not say where it is
	@$(VENV_PYTHON) -c 'import pathlib, site; \
		pathlib.Path(site.getsitepackages()[0], "music_box.pth").write_text("../../../../python_models\n")'
	touch $@

$(SPARK_READY): requirements.lock requirements-spark.lock
	$(PYTHON) -m venv $(SPARK_VENV)
	$(SPARK_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(SPARK_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-spark.lock
	touch $@

# Pages need what a finished build leaves.
published:
	@test -e "$$MUSIC_BOX_WAREHOUSE/published/music_box.duckdb" || $(MAKE) --no-print-directory build

.PHONY: help environment spark-environment build published report docs test test-publishing test-faults test-sizes test-intervals test-spark audit browser check compare bench evaluate evaluate-recommendations pictures lock clean
