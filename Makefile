# Everything a person or a CI does with this project. Settings: .env.example.

PYTHON ?= python3
VENV ?= $(CURDIR)/.venv
ARGS ?=
BASE ?= main
CLIENTS ?= 1000
EXAMPLES ?= 100
FROM ?=
FUZZ_COMMANDS ?= 1000000
FUZZ_SEED ?=
KILLS ?= 200
MINUTES ?= 12
PAIRS ?= 3
ROLE ?= api
SEED ?=
export VENV

python := $(VENV)/bin/python
node := $(VENV)/bin/node
lock := pip compile pyproject.toml --universal --generate-hashes --quiet --no-header \
	--no-emit-index-url --no-emit-find-links

unformatted = { echo "make lint: these files are not laid out as \`make format\` would" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup tools page-types texts run test test-browser screenshots test-long coverage schema-test lint lint-python lint-javascript lint-structure format bench bench-compare load-ws fuzz chaos chaos-controls attack tape backup restore migrate shell lock audit secrets diagrams compose-check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## make .venv and install the locked packages (every other target does it first)
	@exec "$(PYTHON)" scripts/bootstrap.py

tools: ## setup, and the tools that check and format JavaScript (lint and format do it first)
	@exec "$(PYTHON)" scripts/bootstrap.py tools

page-types: setup ## write the types of the page's JavaScript anew, from the OpenAPI and the AsyncAPI document
	@SECRET_KEY=only-to-load-the-settings-and-long-enough-for-that exec "$(python)" -m scripts.page_types

texts: setup ## collect the texts of the trading page into the catalogues of its languages, and say what is not translated
	@exec "$(python)" -m scripts.texts

run: setup ## start the whole exchange on this machine; Ctrl-C stops it
	@exec "$(python)" -m config.embedded.run

test: setup ## run the tests against their own PostgreSQL and Valkey; ARGS="-k name" picks
	@exec "$(python)" -m pytest --numprocesses 4 --dist loadgroup -m "not long and not browser" $(ARGS)

test-browser: setup ## drive the pages with the Chromium of the system, or CHROMIUM=; screenshots in tests/browser/screenshots
	@exec "$(python)" -m pytest --numprocesses 0 -m browser tests/browser $(ARGS)

screenshots: setup ## let the demo trade for MINUTES=12, then take the pictures of docs/screenshots anew
	@MINUTES="$(MINUTES)" exec "$(python)" -m pytest --numprocesses 0 tests/browser/screenshots.py $(ARGS)

test-long: setup ## run the tests that take long: backups, many engines, every scenario with a remote wallet
	@exec "$(python)" -m pytest --numprocesses 2 --dist loadgroup -m "long and not browser" $(ARGS)

coverage: setup ## run all tests but those in a browser, and say what they reach; at least 85 % of each room; reports in var/coverage
	@rm -rf var/coverage && mkdir -p var/coverage
	@"$(python)" -m coverage run -m pytest --numprocesses 4 --dist loadgroup -m "not browser" $(ARGS)
	@"$(python)" -m coverage combine --quiet
	@"$(python)" -m coverage html --quiet
	@"$(python)" -m coverage xml --quiet
	@"$(python)" -m coverage json --quiet
	@exec "$(python)" -m scripts.room_coverage var/coverage/coverage.json

schema-test: setup ## ask the REST interface of ROLE=api EXAMPLES=100 random things per call, and more: it must keep to its document; SEED=
	@$(if $(SEED),TEST_SEED="$(SEED)") SCHEMA_EXAMPLES="$(EXAMPLES)" SCHEMA_ROLE="$(ROLE)" exec "$(python)" -m pytest --numprocesses 0 -rP tests/contract/test_rest.py $(ARGS)

lint: tools ## check style and types of Python and JavaScript, and the direction of imports
	@$(MAKE) --no-print-directory --jobs 2 lint-python lint-javascript lint-structure

lint-python: setup ## the part of lint that is about Python: ruff, mypy
	@"$(python)" -m ruff check .
	@"$(python)" -m ruff format --check . || $(unformatted)
	@SECRET_KEY=only-to-load-the-settings exec "$(python)" -m mypy

lint-structure: setup ## the part of lint that is about the whole: imports, sizes, what is deployed; make test has it, too
	@exec "$(python)" -m pytest --quiet tests/unit/test_architecture.py tests/unit/test_deploy.py

lint-javascript: tools ## the part of lint that is about JavaScript: prettier, eslint, tsc
	@"$(node)" node_modules/.bin/prettier --check --log-level warn . || $(unformatted)
	@"$(node)" node_modules/.bin/eslint --max-warnings 0 .
	@"$(node)" node_modules/.bin/tsc --project .
	@"$(node)" node_modules/.bin/tsc --project tests
	@echo "JavaScript: layout, style and types are in order."

format: tools ## rewrite the code in the project's style
	@"$(node)" node_modules/.bin/eslint --fix .
	@"$(node)" node_modules/.bin/prettier --write --log-level warn .
	@"$(python)" -m ruff check --fix .
	@"$(python)" -m ruff format .

bench: setup ## measure the named workloads and print tables
	@exec "$(python)" -m benchmarks $(ARGS)

bench-compare: setup ## measure the commit BASE=main and this tree by turns, PAIRS=3, and compare; ARGS="--tolerance 0.1 durable"
	@exec "$(python)" -m benchmarks.compare --base "$(BASE)" --pairs "$(PAIRS)" $(ARGS)

load-ws: setup ## measure the streams with CLIENTS=1000 real sockets on a busy market
	@PYTHONPATH=examples/python exec "$(python)" -m benchmarks.load_ws --clients "$(CLIENTS)" $(ARGS)

fuzz: setup ## compare the engine with its naive model: FUZZ_COMMANDS=1000000, FUZZ_SEED= (another each time)
	@exec "$(python)" -m tests.fuzz --commands "$(FUZZ_COMMANDS)" $(if $(FUZZ_SEED),--seed "$(FUZZ_SEED)") $(ARGS)

chaos: setup ## kill everything at random and see that nothing is lost: KILLS=200, SEED= (another each time)
	@exec "$(python)" -m tests.chaos --kills "$(KILLS)" $(if $(SEED),--seed "$(SEED)") $(ARGS)

chaos-controls: setup ## break the exchange on purpose, in two ways: the chaos must report losses
	@"$(python)" -m tests.chaos --control early-reply $(ARGS)
	@exec "$(python)" -m tests.chaos --control async-commit $(ARGS)

attack: setup ## attack a whole exchange in every known way: those who only trade must not notice; ARGS="--only NAME"
	@exec "$(python)" -m tests.attack $(ARGS)

tape: setup ## prove the engine on the recorded hour in TAPE_DIR, order by order
	@exec "$(python)" -m tape $(ARGS)

backup: setup ## back the exchange up while it runs; ARGS="--to FOLDER --base" (docs/recovery.md)
	@exec "$(python)" manage.py backup $(ARGS)

restore: setup ## make a new copy in DATA_DIR from a backup: FROM=BACKUP, ARGS="--log FOLDER --until TIME"
	@exec "$(python)" -m config.embedded.restore "$(FROM)" $(ARGS)

migrate: setup ## bring the database of DATABASE_URL up to date
	@exec "$(python)" manage.py migrate

shell: setup ## open a Python shell with the models of the database of DATABASE_URL
	@exec "$(python)" manage.py shell

lock: setup ## lock the newest allowed versions of all packages again
	"$(VENV)/bin/uv" $(lock) --upgrade --group embedded --group dev --output-file requirements.lock
	"$(VENV)/bin/uv" $(lock) --constraint requirements.lock --output-file requirements-production.lock

audit: tools ## ask PyPI and npm whether anything that is locked has a known weakness
	@exec "$(python)" -m scripts.audit

secrets: setup ## make .env for docker compose, with a random text for each secret that has none
	@exec "$(python)" -m scripts.secrets

diagrams: setup ## draw the pictures of ARCHITECTURE.md anew from the rules that hold the imports
	@exec "$(python)" -m scripts.diagrams

compose-check: ## check docker-compose.yml where docker compose exists
	@sh deploy/compose-check.sh

clean: ## remove caches and the virtual environment, never the data in var/
	@rm -rf .venv .venv.lock node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
