.DEFAULT_GOAL := help
.PHONY: help setup maskers demo run test test-services browser smoke replay-smoke check audit secrets format schema shots bench proof reset
SHELL := /bin/bash
PYTHON := .venv/bin/python
INSTALLED := .venv/installed
MASKERS := .venv/maskers
PACKAGES := frontend/node_modules/.package-lock.json
PAGES := frontend/dist/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/public -type f 2>/dev/null) \
	$(wildcard frontend/*.html frontend/*.ts frontend/*.json)
SAMPLES := $(or $(WORKBENCH_SAMPLES),../shared/data)
# The embedded defaults, whatever services the environment names.
EMBEDDED := env -u DATABASE_URL -u CELERY_BROKER_URL -u STORAGE_URL
# Two at a time, each on one core; a file's tests stay together, so that what they share is made once. In their own
# order: sorted by their number, files of few long tests come last, and one core waits for the other.
TWO_AT_A_TIME := --numprocesses 2 --dist loadfile --no-loadscope-reorder
# What goes by likelihood finds hashes and made-up passwords in tests; the other rules know the keys by their form.
GUESSING := KeywordDetector Base64HighEntropyString HexHighEntropyString BasicAuthDetector
CELERY := .venv/bin/celery --app labelling.config.celery

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) $(PAGES)  ## install the packages and build the pages; the other verbs do it too

# Stamps, not the folders: a folder is there, and new, after an installation that failed half-way.
$(INSTALLED): pyproject.toml constraints.txt
	python3 -m venv .venv
	.venv/bin/pip install --constraint constraints.txt --editable '.[dev]'
	@touch $@

maskers: $(MASKERS)  ## install the maskers that other people use, to run them on the campaign's tiles

$(MASKERS): $(INSTALLED)
	.venv/bin/pip install --constraint constraints.txt --editable '.[dev,maskers]'
	@touch $@

$(PACKAGES): frontend/package.json frontend/package-lock.json
	cd frontend && npm ci
	@touch $@

$(PAGES): $(PACKAGES) $(PAGE_SOURCES)
	cd frontend && npm run build
	@touch $@

demo: setup  ## a labelled campaign with a trained round in the browser; make demo DATA=folder for real tiles
	$(PYTHON) manage.py demo $(if $(DATA),--data $(DATA))

run: setup  ## web, worker, beat and the pages' development server; Ctrl-C stops all four
	$(PYTHON) manage.py migrate
	@trap 'kill 0' EXIT INT TERM; \
	DEBUG=True $(PYTHON) manage.py runserver 127.0.0.1:8000 & \
	$(CELERY) worker --concurrency 2 --loglevel INFO & \
	$(CELERY) beat --loglevel WARNING & \
	(cd frontend && npm run dev) & wait

test: $(INSTALLED) $(PACKAGES)  ## Python and TypeScript tests on SQLite: no service, no browser
	$(EMBEDDED) OMP_NUM_THREADS=1 $(PYTHON) -m pytest -m "not services and not browser" $(TWO_AT_A_TIME)
	cd frontend && npm test
	@echo "Left out: the tests that need services and a few long ones (make test-services, with DATABASE_URL and"
	@echo "CELERY_BROKER_URL set) and those that drive a browser (make browser, with Chromium)."

# What knows no database is left to make test; workers on a shared broker take turns.
test-services: $(INSTALLED)  ## the tests of what uses a database, on the one and the broker that the environment names
	@for name in DATABASE_URL CELERY_BROKER_URL; do \
		if [ -z "$${!name}" ]; then echo "$$name is not set: name the service to test with." >&2; exit 1; fi; \
	done
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest tests/labelling --ignore tests/labelling/imagery --ignore tests/labelling/replay --ignore tests/labelling/experiment -m "not services and not browser" $(TWO_AT_A_TIME)
	$(PYTHON) -m pytest -m "services and not browser"

browser: setup  ## tests that drive a real Chromium
	@command -v chromium chromium-browser google-chrome >/dev/null \
		|| { echo "No Chromium found: install it (Debian: the package chromium)." >&2; exit 1; }
	$(EMBEDDED) $(PYTHON) -m pytest tests/browser

smoke: $(INSTALLED)  ## the whole loop on real tiles (WORKBENCH_SAMPLES): four rounds of three tiles
	$(EMBEDDED) $(PYTHON) manage.py simulate --data $(SAMPLES)/l8_biome --rounds 4 --batch 3

replay-smoke: $(INSTALLED)  ## active learning replayed small and twice: runs, deterministic, auto not below random
	$(EMBEDDED) $(PYTHON) -m benchmarks.replay --smoke

check: $(INSTALLED) $(PACKAGES)  ## format, lint, types, borders, migrations and the API's schema; changes nothing
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(EMBEDDED) $(PYTHON) manage.py makemigrations --check --dry-run
	@draft=$$(mktemp) && trap 'rm -f "$$draft"' EXIT \
		&& $(EMBEDDED) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file "$$draft" \
		&& { diff -u frontend/openapi.yaml "$$draft" \
			|| { echo "frontend/openapi.yaml is out of date: make schema." >&2; exit 1; }; }
	cd frontend && npx openapi-typescript openapi.yaml --output src/api/schema.d.ts --check
	cd frontend && npm run check
	@$(MAKE) --silent secrets
	@$(MAKE) --silent audit OFFLINE=1

# Whose address isn't asked says nothing: pip-audit ends well when it could ask about no package at all.
audit: $(INSTALLED)  ## known holes in the pinned packages; fails where one is found, or where PyPI can't be asked
	@told=$$(.venv/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off 2>&1); ended=$$?; \
	if grep -qE "^Found [0-9]+ known vulnerabilit" <<< "$$told"; then echo "$$told" >&2; exit 1; fi; \
	if [ $$ended = 0 ] && ! grep -q "could not be audited" <<< "$$told"; then echo "No known holes in what constraints.txt pins."; exit 0; fi; \
	echo "Could not ask PyPI about $$([ $$ended = 0 ] && grep -c "could not be audited" <<< "$$told" || echo any) of the $$(grep -c "==" constraints.txt) pinned packages: make audit, where PyPI can be reached." >&2; \
	[ -n "$(OFFLINE)" ]

secrets: $(INSTALLED)  ## keys and tokens in what git knows, by their form
	@git ls-files -z -- ':!frontend/package-lock.json' ':!frontend/openapi.yaml' ':!*.png' | xargs -0 -n 300 -P 2 .venv/bin/detect-secrets-hook \
		--no-verify $(addprefix --disable-plugin ,$(GUESSING))
	@echo "No keys or tokens in what git knows."

format: $(INSTALLED) $(PACKAGES)  ## mend what a machine can mend
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	cd frontend && npm run format

schema: $(INSTALLED) $(PACKAGES)  ## rewrite frontend/openapi.yaml and the types made from it
	$(EMBEDDED) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file frontend/openapi.yaml
	cd frontend && npm run schema

shots: setup  ## take the screenshots of the docs again (synthetic scenes; needs Chromium)
	$(EMBEDDED) $(PYTHON) -m tests.browser.shots docs/pictures

bench: $(MASKERS)  ## every benchmark: one JSON line a figure; make bench QUICK=1 for a short run
	@for module in $(patsubst benchmarks/%.py,%,$(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))); do \
		$(PYTHON) -m benchmarks.$$module $(if $(QUICK),--quick) || exit 1; \
	done

proof:  ## in a fresh clone of what is committed: make test check, CVAT with all its troubles, chaos, a day's soak
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT \
		&& git clone --quiet . "$$fresh/workbench" \
		&& $(EMBEDDED) WORKBENCH_API_EXAMPLES=25 WORKBENCH_SAMPLES=$(abspath $(SAMPLES)) \
			$(MAKE) -C "$$fresh/workbench" test check \
		&& cd "$$fresh/workbench" && $(EMBEDDED) $(PYTHON) -m benchmarks.cvat --proof \
		&& $(PYTHON) -m benchmarks.chaos && $(PYTHON) -m benchmarks.soak

reset:  ## throw the local database, tiles, labels and rounds (var/) away
	rm -rf var
	$(MAKE) --silent $(INSTALLED)
	$(PYTHON) manage.py migrate
