# Every target says what it does while doing it. `make` alone prints this list.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help dashboard demo test test-quick check build bench-pipeline bench-records bench-map bench-export bench-import bench-desk bench-attack clean

# Where the dashboard listens; where raw inputs lie; extra words for pytest.
HOST := 127.0.0.1
PORT := 8501
INPUTS ?= $(or $(MOSAICOS_INPUTS),../shared/data)
ARGS ?=

help: ## List the targets
	@echo "make <target>:"
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | while IFS='|' read -r name about; do printf '  %-16s %s\n' "$$name" "$$about"; done
	@echo "Variables: HOST=$(HOST) PORT=$(PORT) (dashboard), INPUTS=$(INPUTS) (build), ARGS (more words for pytest)"

dashboard: ## Set everything up and start the dashboard on the bundled data
	@scripts/setup.sh
	@echo "== Starting the dashboard"
	@.venv/bin/mosaicos serve --open --host "$(HOST)" --port "$(PORT)"

demo: ## Set everything up and start the dashboard on synthetic records, marked so everywhere
	@scripts/setup.sh
	@.venv/bin/mosaicos records demo
	@echo "== Starting the demonstration"
	@.venv/bin/mosaicos serve --demo --open --host "$(HOST)" --port "$(PORT)"

test: ## Set everything up and run all tests, in a browser too
	@scripts/run_tests.sh $(ARGS)

test-quick: ## Run the tests that need nothing but Python: no browser, no raw inputs, no PostgreSQL
	@scripts/run_tests.sh --quick $(ARGS)

check: ## Style, types, imports, the tree, and the published tables against their contracts
	@scripts/run_checks.sh

build: ## Rebuild the published tables from raw files (INPUTS=folder)
	@scripts/setup.sh
	@echo "== Building the published tables from $(INPUTS)"
	@.venv/bin/mosaicos build --inputs "$(INPUTS)"
	@.venv/bin/mosaicos docs

bench-pipeline: ## Measure the overlap step against other tools, in one run
	@scripts/setup.sh bench
	@echo "== Measuring the pipeline; this takes minutes and all cores"
	@.venv/bin/python -m benchmarks.bench_build --inputs "$(INPUTS)" --out docs/BENCHMARKS.md
	@.venv/bin/python -m benchmarks.bench_pipeline --inputs "$(INPUTS)" --runs 7 --out docs/BENCHMARKS.md

bench-records: ## Measure the records on SQLite and PostgreSQL (needs a server), in one run
	@scripts/setup.sh bench
	@echo "== Measuring the records; this takes minutes and all cores"
	@.venv/bin/python -m benchmarks.bench_records --out docs/BENCHMARKS.md

bench-map: ## Measure the map page in a real Chromium against its peers, in one run
	@scripts/setup.sh dev bench
	@scripts/chromium.sh --install --window >/dev/null
	@echo "== Measuring the map page; this takes half an hour and all cores"
	@.venv/bin/python -m benchmarks.bench_map --out docs/BENCHMARKS.md

bench-desk: ## Measure the pages of the programme's desk in a real Chromium, in one run
	@scripts/setup.sh dev bench
	@scripts/chromium.sh --install --window >/dev/null
	@echo "== Measuring the programme's desk; this takes ten minutes and all cores"
	@.venv/bin/python -m benchmarks.bench_desk --out docs/BENCHMARKS.md

bench-attack: ## Measure small answers and the map page while strangers ask for too much, in one run
	@scripts/setup.sh bench
	@echo "== Measuring under attack; this takes minutes and all cores"
	@.venv/bin/python -m benchmarks.bench_attack --out docs/BENCHMARKS.md

bench-import: ## Measure files in and out, and kill imports, backups and restorings, in one run
	@scripts/setup.sh bench
	@echo "== Measuring files in and out; this takes minutes and all cores"
	@.venv/bin/python -m benchmarks.bench_import --out docs/BENCHMARKS.md

bench-export: ## Measure GeoJSON of the densified country, and the API, against others, each in one run
	@scripts/setup.sh bench
	@echo "== Measuring the exports; this takes minutes, a core and 6 GB of memory"
	@.venv/bin/python -m benchmarks.bench_export --runs 5 --out docs/BENCHMARKS.md
	@echo "== Measuring the API against pygeoapi, which is installed for the run only"
	@.venv/bin/python -m benchmarks.bench_api --out docs/BENCHMARKS.md

clean: ## Remove the virtual environment, caches and build leftovers; published data stay
	@echo "== Removing .venv, caches and build leftovers"
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
