# `make run` and `make test` are all one needs; both do their own set-up.
PY := .venv/bin/python
PORT ?= $(STREAMLIT_SERVER_PORT)
ADDRESS := $(STREAMLIT_SERVER_ADDRESS)
.DEFAULT_GOAL := help

.PHONY: help setup setup-dev run test lint soak bench demo-data demo-data-remove backup restore format

help:        ## Show what there is
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:       ## Install what Earshot needs to run
	@scripts/setup
	@$(PY) -m core.speech.model_files

setup-dev:   ## Install what the tests need, too
	@scripts/setup --dev
	@$(PY) -m core.speech.model_files

# Without its speech model Earshot still starts, and says on the page what is wrong.
run:         ## Start Earshot at http://localhost:8501 (PORT=... for another)
	@scripts/setup
	@$(PY) -m core.speech.model_files || true
	@exec $(PY) -m core.api $(addprefix --port=,$(PORT)) $(addprefix --address=,$(ADDRESS))

lint: setup-dev   ## Formatting, lint, types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

# Tests that measure or drive a browser would disturb each other, so they come after the others, one at a time.
test: lint   ## The one check
	$(PY) -m pytest -n 2 --dist worksteal -m "not soak and not browser and not namespace and not model"
	$(PY) -m pytest -m "not soak and (browser or namespace or model)"
	@echo "make test: everything passed."

soak: setup-dev   ## What takes longer than a test may
	$(PY) -m pytest -m soak

bench: setup-dev   ## Print the figures
	$(PY) -m bench.media
	$(PY) -m bench.load
	$(PY) -m bench.mixer
	$(PY) -m bench.overviews
	$(PY) -m bench.quality_page
	$(PY) -m bench.drift --minutes 2
	$(PY) -m bench.speech
	$(PY) -m bench.persona
	$(PY) -m bench.assist
	$(PY) -m bench.guidance
	$(PY) -m bench.api
	$(PY) -m bench.store
	$(PY) -m bench.fleet
	$(PY) -m bench.dump

demo-data: setup  ## Make 200 calls that never were, while the server is stopped
	@$(PY) -m core.calls.demo_data

demo-data-remove: setup   ## Take them away again
	@$(PY) -m core.calls.demo_data --remove

backup: setup     ## Save the data folder while the server runs (TO=file.tar.gz)
	@$(PY) -m core.store.backup save $(or $(TO),earshot-$(shell date +%Y%m%d-%H%M%S).tar.gz)

restore: setup    ## Put a backup back while the server is stopped (FROM=file.tar.gz [REPLACE=1])
	@$(PY) -m core.store.backup restore $(FROM) $(if $(REPLACE),--replace)

format: setup-dev   ## Format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
