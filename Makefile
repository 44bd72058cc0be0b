# Needs Python 3.11 or newer, and nothing else. Every target can be run again at any time.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# The notebooks are verified where Trialbook is not installed.
NOTEBOOKS = .venv-notebooks$(if $(EXTRA),-$(EXTRA))
# Learners of the extra `deep` are tested where PyTorch is.
DEEP := .venv-deep
# Tables of Spark are tested where PySpark is.
SPARK := .venv-spark
# The tested PyTorch, which `make lock` keeps: a newer one is to be tested first.
TORCH := 2.13.0
BIN := $(VENV)/bin

# Workspace and experiment of `make verify-notebooks` (without W a small one is trained first), a
# further extra of its environment, and options of the tool.
W ?=
EXPERIMENT ?=
EXTRA ?=
OPTIONS ?=
VERIFY_WORKSPACE := .verify-workspace

# pip reads PIP_FIND_LINKS (separated by spaces); uv wants the same with commas.
comma := ,
space := $(subst ,, )
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(subst $(space),$(comma),$(strip $(PIP_FIND_LINKS)))
endif

# $(call install,VENV,ARGUMENTS): with uv, which is many times faster; with pip where uv cannot. Both
# compile what they install: where Python may not write bytecode, each start would do it again.
define install
@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Trialbook needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
@echo "Installing into $(1)"
@test -x $(1)/bin/python || "$(PYTHON)" -m venv $(1)
@uv=$$(command -v uv || true); \
if [ -z "$$uv" ] || ! "$$uv" --version >/dev/null 2>&1; then \
	$(1)/bin/python -m pip install --quiet uv && uv=$(1)/bin/uv || uv=; \
fi; \
if [ -z "$$uv" ] || ! "$$uv" pip install --quiet --compile-bytecode --python $(1)/bin/python $(2); then \
	echo "uv could not install; trying pip" >&2; \
	$(1)/bin/python -m pip install --quiet $(2); \
fi
endef

.PHONY: help demo test test-deep test-spark lint verify-notebooks lock clean

help:
	@echo "make demo              train on a real table for two minutes and show the result"
	@echo "make test              lint, types and tests"
	@echo "make test-deep         tests of the learners on PyTorch, which it installs: gigabytes"
	@echo "                       where pip finds no CPU wheel (PIP_FIND_LINKS=folder)"
	@echo "make test-spark        tests of Spark and Hive tables with PySpark, which it installs:"
	@echo "                       half a gigabyte; Java 17 or newer must be there"
	@echo "make lint              ruff and mypy alone"
	@echo "make verify-notebooks  run every trial's notebook where Trialbook is not installed"
	@echo "                       (W=workspace EXPERIMENT=name; without W a small one is trained;"
	@echo "                       EXTRA=deep OPTIONS='--tolerance 1e-3' for trials on PyTorch)"
	@echo "make lock              resolve constraints.txt anew"
	@echo "make clean             remove environments, caches and what the targets above made"

$(VENV)/.installed: pyproject.toml constraints.txt
	$(call install,$(VENV),--editable '.[dev]' --constraint constraints.txt)
	@$(VENV)/bin/python -m compileall -q src
	@touch $@

$(NOTEBOOKS)/.installed: pyproject.toml constraints.txt tools/requirements.py
	@mkdir -p $(NOTEBOOKS)
	"$(PYTHON)" tools/requirements.py notebook tables forecast $(EXTRA) > $(NOTEBOOKS)/requirements.txt
	$(call install,$(NOTEBOOKS),--requirement $(NOTEBOOKS)/requirements.txt --constraint constraints.txt)
	@touch $@

$(DEEP)/.installed: pyproject.toml constraints.txt
	$(call install,$(DEEP),--editable '.[test$(comma)deep]' --constraint constraints.txt)
	@touch $@

$(SPARK)/.installed: pyproject.toml constraints.txt
	$(call install,$(SPARK),--editable '.[test$(comma)spark]' --constraint constraints.txt)
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/trialbook demo

# Only what is ours: a workspace in this folder holds programs that print.
OURS := src tests tools benchmarks examples

lint: $(VENV)/.installed
	$(BIN)/ruff check $(OURS)
	$(BIN)/ruff format --check $(OURS)
	$(BIN)/mypy --strict src

test: lint
	$(BIN)/pytest -n 2 -q

test-deep: $(DEEP)/.installed
	$(DEEP)/bin/pytest -n 2 -q tests/learners tests/acceptance/test_deep.py \
		-k 'tabm or deep or unseen or nhits or tcn or tft'

test-spark: $(SPARK)/.installed
	$(SPARK)/bin/pytest -q tests/tables/databases/test_spark.py

verify-notebooks: $(VENV)/.installed $(NOTEBOOKS)/.installed
ifeq ($(strip $(W)),)
	$(BIN)/trialbook demo --workspace $(VERIFY_WORKSPACE) --timeout 60s
	$(NOTEBOOKS)/bin/python tools/verify_notebooks.py $(VERIFY_WORKSPACE) $(OPTIONS)
else
	$(NOTEBOOKS)/bin/python tools/verify_notebooks.py "$(W)" $(if $(EXPERIMENT),--experiment "$(EXPERIMENT)") \
		$(OPTIONS)
endif

# Needs uv. Nothing of the machine that resolves (addresses, folders) is written.
lock:
	echo 'torch==$(TORCH)' > constraints.held
	uv pip compile pyproject.toml --upgrade --all-extras --python-version 3.11 --quiet \
		--constraint constraints.held --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
		--output-file constraints.new
	{ sed -n '/^#/p' constraints.txt; grep -v '^trialbook' constraints.new | sed 's/+cpu$$//'; } > constraints.merged
	rm constraints.held constraints.new
	mv constraints.merged constraints.txt

clean:
	rm -rf $(VENV) $(NOTEBOOKS)* $(DEEP) $(SPARK) $(VERIFY_WORKSPACE) $(VERIFY_WORKSPACE).csv build dist
	rm -rf trialbook-demo trialbook-demo.csv
	rm -rf .mypy_cache .ruff_cache .pytest_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
