# One command each; `make help` lists them.
PYTHON ?= python3
PIP_ARGS ?=
TEST_WORKERS ?= 2
VENV := .venv
STAMP := $(VENV)/.installed
DEMO := $(VENV)/.demo
EXPORTS := $(VENV)/.exports
DOCS := $(VENV)/.docs
SWEEP := $(VENV)/.sweep
# Stages are run by `python`, so the environment comes first on the path. The embedded default needs no hub.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
OFFLINE := HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1

.DEFAULT_GOAL := help
.PHONY: help setup setup-exports setup-sweep run demo docs test lint figures clean-env

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(STAMP) ## create .venv from requirements.lock (PYTHON=python3.12 picks another Python)

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "lexfit needs Python 3.11, 3.12 or 3.13; there is no $(PYTHON) here (set PYTHON=…)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "lexfit needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V 2>&1) (set PYTHON=python3.12, say)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module; install it (Debian: apt-get install python3-venv) and run make again." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: $(STAMP) ## run the pipeline as params.yaml says, and print the result table
	$(OFFLINE) dvc repro
	@lexfit cost && dvc repro --quiet report
	@lexfit summary

demo: $(DEMO) ## serve the last run's model on localhost, beside BM25 and the base model (ARGS='--port 7861')
	$(OFFLINE) lexfit demo $(ARGS)

$(DEMO): requirements-demo.lock $(STAMP)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements-demo.lock
	@touch $(DEMO)

setup-exports: $(EXPORTS) ## install what exports=onnx, openvino and all need

$(EXPORTS): requirements-exports.lock $(STAMP)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements-exports.lock
	@touch $(EXPORTS)

docs: $(DOCS) ## build the user guide into site/ (first use installs MkDocs)
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

$(DOCS): requirements-docs.lock $(STAMP)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements-docs.lock
	@touch $(DOCS)

setup-sweep: $(SWEEP) ## install what random and TPE sweeps need

$(SWEEP): requirements-sweep.lock $(STAMP)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements-sweep.lock
	@touch $(SWEEP)

test: $(STAMP) ## run the tests
	$(OFFLINE) python -m pytest -n $(TEST_WORKERS) --dist loadfile

lint: $(STAMP) ## ruff and mypy
	ruff check .
	ruff format --check .
	mypy

clean-env: ## delete .venv
	rm -rf $(VENV)
