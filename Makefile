# Every target sets up a virtual environment by itself, again when what it installs from changes.

PYTHON ?= python3
# What to install: "locked" (requirements/locked.txt), "lowest" (requirements/lowest.txt, for Python 3.11: the lower
# bounds of pyproject.toml), both with hashes, or "newest" (whatever the index has today).
DEPS ?= locked

VENV := $(if $(filter locked,$(DEPS)),.venv,.venv-$(DEPS))
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# A PYTHON that was given is obeyed or refused; only the default falls back to another name.
ifeq ($(origin PYTHON),file)
CANDIDATES := $(PYTHON) python3.14 python3.13 python3.12 python3.11
else
CANDIDATES := $(PYTHON)
endif

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(if $(filter newest,$(DEPS)),,requirements/$(DEPS).txt)

WORKFLOWS := $(wildcard .github/workflows/*.yml)
GITLAB := $(BIN)/check-jsonschema --default-filetype yaml --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci -

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup dist lock demo test deep mutation coverage lint format bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install what is locked, with the development tools (DEPS=lowest, DEPS=newest)

# "python3.12" may exist and refuse to run (a version manager's shim), so each candidate is asked, not looked up.
define FIND_PYTHON
for python in $(CANDIDATES); do \
  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
done; \
if [ -z "$$found" ]; then \
  echo "Python 3.11 or newer is needed, and none of these is: $(CANDIDATES)" >&2; \
  echo "Name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
  exit 1; \
fi; \
if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
  echo "$$found cannot make a virtual environment: install its venv package (Debian, Ubuntu: python3-venv)" >&2; \
  exit 1; \
fi
endef

$(STAMP): pyproject.toml $(LOCK)
	@$(FIND_PYTHON); \
	echo "Setting up $(VENV) with $$("$$found" -V)" && \
	"$$found" -m venv --clear $(VENV) && \
	$(if $(LOCK),$(INSTALL) --require-hashes -r $(LOCK) && \
	$(INSTALL) --no-deps --no-build-isolation -e . && $(BIN)/python -m pip check,$(INSTALL) -e '.[dev]') && \
	touch $@

.venv-release/.installed: requirements/release.txt
	@$(FIND_PYTHON); \
	"$$found" -m venv --clear .venv-release && \
	.venv-release/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< && touch $@

# The same commit gives the same bytes: times are those of the commit.
dist: .venv-release/.installed ## Build what a release holds: wheel, sdist, bill of materials, checksums
	rm -rf dist
	export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) PYTHONWARNINGS=ignore && \
	.venv-release/bin/python -m build --no-isolation >/dev/null && \
	version=$$(sed -n 's/^__version__ = //p' src/itsm_as_code/__init__.py) && \
	sed "s/^dynamic = .*/version = $$version/" pyproject.toml | .venv-release/bin/cyclonedx-py requirements \
	  requirements/run.txt --pyproject /dev/stdin --mc-type application --output-reproducible \
	  --output-file dist/itsm-as-code.cdx.json
	cd dist && sha256sum -- * >SHA256SUMS && cat SHA256SUMS

# The lower bounds stand for Python 3.11: a newer one often has no wheel of a version that is older than itself.
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url \
  --custom-compile-command 'make lock'

# What `itsm init` has workflows install (run.txt) are the same versions.
lock: $(STAMP) ## Write the locks anew, with the newest versions; commit what changes
	$(COMPILE) --extra dev --universal --python-version 3.11 --upgrade --output-file requirements/locked.txt
	$(COMPILE) --extra dev --python-version 3.11 --resolution lowest-direct --upgrade --output-file requirements/lowest.txt
	$(COMPILE) --universal --python-version 3.11 --no-annotate -c requirements/locked.txt --output-file requirements/run.txt
	$(subst pyproject.toml,--group release,$(COMPILE)) --universal --python-version 3.11 -c requirements/locked.txt \
	  --upgrade --output-file requirements/release.txt

demo: $(STAMP) ## Validate, judge five example pull requests, build the site
	@$(BIN)/python demo/run.py

test: $(STAMP) ## Run the tests
	@for browser in chromium chromium-browser google-chrome google-chrome-stable; do \
	  if command -v $$browser >/dev/null 2>&1; then exit 0; fi; \
	done; \
	echo "note: no Chromium or Chrome is installed, so the tests marked 'browser' have nothing to run in;" \
	  "they are skipped here, and fail where CI=true"
	ITSM_TEST_DEPS=$(DEPS) $(BIN)/python -m pytest -n 3 --dist worksteal

deep: $(STAMP) ## Run the volume: fuzz, sweeps, random histories, with counts
	$(BIN)/python -m pytest -n 2 --dist worksteal -m deep -rP
	ITSM_EXAMPLES=10 $(BIN)/python -m pytest -n 2 --dist worksteal -m "hypothesis and not deep" --hypothesis-show-statistics

mutation: $(STAMP) ## Change guards of AREA (default: gate) and show which changes no test notices (SAMPLE, SEED)
	$(BIN)/python tests/mutation.py --area $(or $(AREA),gate) --sample $(or $(SAMPLE),40) --seed $(or $(SEED),1)

coverage: $(STAMP) ## Run the tests and show what they do not reach
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n 3 --dist worksteal
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

lint: $(STAMP) ## Check code, types, records and workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/itsm validate
	$(BIN)/zizmor --offline --no-progress --persona=pedantic .github action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	sed '/^---$$/,$$d' templates/gate.yml | $(GITLAB) # what it is asked for, and then the job
	sed '1,/^---$$/d' templates/gate.yml | $(GITLAB)

format: $(STAMP) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## Measure, and print ratios; SIZE=small compares them with those that are kept
	$(BIN)/python benchmarks/table.py --size $(or $(SIZE),full) $(if $(filter small,$(SIZE)),--check)

clean: ## Remove what the other targets made
	rm -rf .venv .venv-lowest .venv-newest .venv-release build dist site htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests demo benchmarks -type d -name __pycache__ -exec rm -rf {} + 2>/dev/null || true
