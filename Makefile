# Two commands: `make run` sets everything up and runs the main job; `make test` sets up and passes all tests.
# Both need only Python 3.11 or later and a C compiler (without one the pure-Python twin of the codec serves).
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
CORE := $(addprefix src/mingcha/protocol/hj212/,_codec.pyx _message.pxi _feed.pxi _columns.pxi _wire.h) \
	$(addprefix src/mingcha/store/journal/,_pack.pyx _pack.h _sha256.h)
DATA := $(or $(MINGCHA_DATA),var)
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup setup-dev run test check soak sanitize lint types contracts docs bench screens clean

help:  ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/.run frontend  ## set up what running needs; starts nothing

setup-dev: .venv/.dev frontend  ## set up what tests and development need as well; starts nothing

.PHONY: frontend
frontend: .venv/.run
	@$(BIN)/python tools/messages.py
	@$(BIN)/python tools/frontend.py

.venv/bin/uv:
	@$(PYTHON) tools/bootstrap.py

.venv/.run: .venv/bin/uv requirements/run.txt pyproject.toml setup.py $(CORE)
	@tools/install run

.venv/.dev: .venv/bin/uv requirements/dev.txt pyproject.toml setup.py $(CORE)
	@tools/install dev

run: setup  ## load the demonstration region and run everything; Ctrl+C stops
	@$(BIN)/mingcha demo

test: setup-dev  ## pass all tests, browser tests included
	@$(BIN)/python tools/chromium.py
	@$(BIN)/pytest -n 2 --dist loadfile --ignore tests/browser
	@$(BIN)/pytest tests/browser

check: setup-dev lint types contracts docs test  ## what CI runs

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types:
	@$(BIN)/mypy

contracts:
	@$(BIN)/lint-imports

docs:  ## fail when a generated page is out of date
	@$(BIN)/python tools/docs.py --check

bench: setup-dev  ## the benchmarks, with ratios
	@$(BIN)/mingcha bench all

soak: setup-dev  ## the long runs: a thousand kills, long fuzzing; CI runs a hundredth
	@$(BIN)/python -m tests.soak.hj212_fuzz 10000000
	@MINGCHA_KILLS=1000 MINGCHA_FUZZ=200000 MINGCHA_FORWARD_MINUTES=1440 $(BIN)/pytest -m "soak or not soak" --deselect tests/soak/test_fuzz_core.py::test_no_input_makes_the_codecs_or_the_standard_differ tests/soak tests/protocol tests/store tests/gateway

sanitize: setup-dev  ## build the compiled core with ASan and UBSan in a temporary folder and fuzz it
	@$(BIN)/python tools/sanitize.py 20000

screens: setup-dev  ## make the screenshots in docs/screens anew
	@MINGCHA_SCREENS=docs/screens $(BIN)/pytest tests/browser -q

clean:  ## remove what was built (not the data)
	rm -rf .venv build src/mingcha/site/static/dist src/mingcha/site/static_src/node_modules src/mingcha/store/documents/fonts
