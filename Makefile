# The two commands of the README, and the two that every change must pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCAL := $(VENV)/.installed-local
STAMP := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
OUT ?= runs/quickstart

.PHONY: demo test check bench clean install
.DEFAULT_GOAL := demo

install: $(STAMP)

# torch is named first and pinned: an unpinned resolver fetches gigabytes of GPU libraries.
$(LOCAL): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable '.[local]'
	touch $@

$(STAMP): $(LOCAL)
	$(PIP) --editable '.[dev]'
	touch $@

demo: $(LOCAL)
	$(BIN)/disclaim models pull local/smollm2-135m
	$(BIN)/disclaim run quickstart --out $(OUT)

test: $(STAMP)
	$(BIN)/disclaim models pull local/smollm2-135m
	$(BIN)/python -m pytest --run-slow

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py

bench: $(STAMP)
	$(BIN)/disclaim models pull local/smollm2-135m
	$(PIP) --editable '.[bench]'
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
