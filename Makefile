# Everything runs from a fresh clone with Python >= 3.11, a C linker and Rust. `make help` lists the commands.
# Each step leaves a stamp in .venv, so it runs again only when what it read has changed.

PYTHON ?= python3
VENV   := .venv
DIST   ?= dist
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# maturin finds the environment by this variable; a surrounding conda must not win over it.
MATURIN := env -u CONDA_PREFIX PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1 VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python

RUST_SOURCES := Cargo.toml Cargo.lock pyproject.toml $(shell find rust -name '*.rs' -o -name Cargo.toml)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint fmt bench bench-peers docs build clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Build, install into .venv, and ask the Debian graph a question
	@$(BIN)/graphrank demo

test: $(VENV)/.test ## All tests: Rust, Python, and every snippet of the documentation
	cargo test --locked --quiet -p graphrank
	$(BIN)/python -m pytest --quiet

check: lint test ## What a change must pass: lint, then test

lint: $(VENV)/.lint ## Formatting, clippy, ruff, mypy, and the types of the compiled module
	cargo fmt --all --check
	cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/stubtest --mypy-config-file pyproject.toml graphrank._core

fmt: $(VENV)/.lint ## Rewrite the sources in the project's format
	cargo fmt --all
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format --quiet .

bench: ## Criterion benchmarks of the Rust core
	cargo bench --locked --manifest-path benches/rust/Cargo.toml

bench-peers: $(VENV)/.peers ## Compare with other graph libraries, side by side in one run
	$(BIN)/python benches/python/ingest.py --threads 2
	$(BIN)/python benches/python/ppr.py
	$(BIN)/python benches/python/retrieval.py
	$(BIN)/python benches/python/fastrp.py
	$(BIN)/python benches/python/knn.py --no-memory
	$(BIN)/python benches/python/clique.py
	$(BIN)/python benches/python/submodular.py
	$(BIN)/python benches/python/ranking.py --no-memory
	$(BIN)/python benches/python/metrics.py --no-memory
	$(BIN)/python benches/python/peers.py --no-memory
	$(BIN)/python benches/python/aggregation.py --no-memory

docs: $(VENV)/.test ## Run every snippet of README and docs/, then build the Rust pages
	$(BIN)/python -m pytest --quiet tests/test_docs.py
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --quiet --no-deps -p graphrank

build: $(VENV)/.maturin ## Build the wheel into dist/
	$(MATURIN) build --release --locked --out $(DIST)

clean: ## Remove what the commands above created
	rm -rf $(VENV) target dist python/graphrank/_core.*.so

# --- steps -------------------------------------------------------------------------------------------------------

$(VENV)/.maturin: scripts/check_machine.sh
	@sh scripts/check_machine.sh "$(PYTHON)"
	$(PYTHON) -m venv $(VENV)
	$(PIP) 'maturin>=1.9,<2'
	@touch $@

# The library in place: the compiled module, numpy and polars. Edited Python files count at once, Rust ones on the
# next make.
$(VENV)/.installed: $(VENV)/.maturin $(RUST_SOURCES)
	@sh scripts/check_machine.sh $(BIN)/python
	$(MATURIN) develop --release --locked
	@touch $@

# The same with what the tests, and then the linters, need; cargo has nothing left to compile here.
$(VENV)/.test: $(VENV)/.installed
	$(MATURIN) develop --release --locked --extras test
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(MATURIN) develop --release --locked --extras lint
	@touch $@

$(VENV)/.peers: $(VENV)/.test benches/python/requirements.txt
	$(PIP) -r benches/python/requirements.txt
	@touch $@
