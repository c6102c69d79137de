# Everything is made per interpreter, in .venv/X.Y, for each supported CPython that is found.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SECONDARY:  # stamps are kept

found := $(shell sh tools/interpreters.sh | tr ' ' '=')
versions := $(foreach pair,$(found),$(firstword $(subst =, ,$(pair))))
newest := .venv/$(lastword $(versions))/bin
interpreter = $(lastword $(subst =, ,$(filter $*=%,$(found))))
# Errors alone are printed: warnings (a cache that is not ours, running as root) are of no use here.
pip = .venv/$*/bin/python -m pip -qq --disable-pip-version-check
install = PIKOS_REAL_TIME_LSPROF=0 PIKOS_EVENTS=0 $(pip) install --no-build-isolation --editable

.PHONY: help
help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: interpreters $(versions:%=.venv/%/tested)  ## Make .venv/X.Y, with Pikos and all tools, for each CPython found

.PHONY: demo
demo: interpreters $(newest:/bin=/built)  ## Watch a program live, in this terminal, for 15 seconds
	@$(newest)/pikos run --live examples/demo_program.py

.PHONY: test
test: setup  ## Run all checks and tests, on each CPython found
	@status=0; \
	$(MAKE) --no-print-directory lint || status=1; \
	$(MAKE) --no-print-directory docs || status=1; \
	sh tools/test.sh $(versions) || status=1; \
	exit $$status

.PHONY: lint
lint: setup  ## Check style and types
	@$(newest)/ruff check --quiet .
	@$(newest)/ruff format --check --quiet .
	@$(newest)/mypy --no-error-summary
	@sh tools/lint_scripts.sh

.PHONY: docs
docs: setup $(newest:/bin=/documented)  ## Build the documentation, in build/docs
	@$(newest)/python -m sphinx --fail-on-warning --keep-going --quiet --fresh-env docs build/docs
	@echo "build/docs/index.html"

.PHONY: screenshots
screenshots: setup  ## Take the documentation's pictures, in docs/screenshots
	@$(newest)/python tools/screenshots.py docs/screenshots

.PHONY: bench
bench: setup $(versions:%=.venv/%/peers)  ## Measure what profiling costs, on each CPython found
	@for version in $(versions); do \
	    .venv/$$version/bin/python -m benchmarks --json .venv/$$version/bench.json >/dev/null || exit; \
	done
	@$(newest)/python -m benchmarks.table $(versions:%=.venv/%/bench.json)

# torch's processor build is for 3.11 alone.
.PHONY: figures
figures: bench  ## Measure everything, and put the figures into README.md and docs/costs.md
	@mkdir -p build
	@$(newest)/python -m benchmarks.real > build/real.md
	@test ! -e .venv/3.11/built || .venv/3.11/bin/python -m benchmarks.real torch | tail -n +3 >> build/real.md
	@$(newest)/python -m benchmarks.pages build/real.md $(versions:%=.venv/%/bench.json)

.PHONY: wheel
wheel: setup  ## Build a wheel for each CPython found, in dist/
	@for version in $(versions); do \
	    .venv/$$version/bin/python -m pip -qq --disable-pip-version-check wheel . \
	        --no-deps --no-build-isolation --wheel-dir dist \
	        --config-settings=--global-option=--with-real-time-lsprof || exit; \
	done
	@ls dist/*.whl

.PHONY: interpreters
interpreters:
	@test -n "$(versions)" || { \
	    echo "No CPython 3.11, 3.12 or 3.13 that can make a virtual environment is on PATH" \
	        "or under ~/.pyenv/versions. Install one; on Debian: python3-venv, python3-dev." >&2; \
	    exit 1; }

# The stamp holds the interpreter's path: with another one the environment starts over.
.venv/%/installed: setup.cfg tools/interpreters.sh
	@echo "Making .venv/$* with $(interpreter)"
	@test "$$(cat $@ 2>/dev/null)" = "$(interpreter)" || $(interpreter) -m venv --clear .venv/$*
	@echo "Installing what Pikos needs in .venv/$*"
	@$(pip) install --upgrade setuptools wheel
	@$(install) '.[tui]'
	@echo "$(interpreter)" > $@

# What the tests and checks need.
.venv/%/tested: .venv/%/built
	@echo "Installing what tests and checks need in .venv/$*"
	@$(install) '.[test,lint]'
	@touch $@

# What the documentation is built with.
.venv/%/documented: .venv/%/installed
	@$(install) '.[docs]'
	@touch $@

# The profilers that ours is compared with; those that cannot be installed are left out.
.venv/%/peers: .venv/%/installed
	@$(install) '.[bench]' || true
	@touch $@

# System packages are for the tests: the demonstration does not wait for them.
system_packages = $(if $(filter demo,$(MAKECMDGOALS)),,.venv/libzmq .venv/chromium)

.venv/%/built: .venv/%/installed setup.py $(wildcard ext/*.c ext/*.h ext/*/*.c ext/*/*.h) | $(system_packages)
	@echo "Building the extensions for .venv/$*"
	@.venv/$*/bin/python setup.py --quiet --with-real-time-lsprof build_ext --inplace
	@touch $@

# Tried once: without libzmq's header the extension binds to the libzmq of pyzmq.
.venv/libzmq:
	@mkdir -p .venv
	@sh tools/install_libzmq.sh
	@touch $@

# Tried once: without Chromium the tests of the page are skipped.
.venv/chromium:
	@mkdir -p .venv
	@sh tools/install_chromium.sh
	@touch $@
