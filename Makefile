# Everything that people, hooks and CI run. `make` alone lists the targets.
#
# Settings (canasta/settings.py, .env.example) may be given on the command line:
#     make daily DATE=2025-07-25 SEED=7
# GNU make hands every variable of its command line to the commands it runs.
#
# When a command fails, make names its exit code ("Error 75") and itself returns 2.
# 75 means that another run holds the lake: nothing was changed, try again later.

ifeq ($(filter oneshell,$(.FEATURES)),)
$(error GNU make 4.3 or newer is needed; on macOS: brew install make, then use gmake)
endif

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
export PYTHONUNBUFFERED := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

PIPENV_VERSION := 2026.10.3
# The stamp names the lock file it was synced from: another lock is another stamp.
LOCKED := $(firstword $(shell cksum Pipfile.lock))
READY := .venv/.synced-$(LOCKED)
RUN := .venv/bin/python
# Other libraries, to compare with; the stamp names what was installed.
PEERS_LOCK := tests/peers/requirements.txt
PEERS := .venv-peers/.installed-$(firstword $(shell cksum $(PEERS_LOCK)))
# What Lambda runs: the packages of its image, beside what AWS's base brings and AWS's emulator.
LAMBDA_LOCKS := $(addprefix deployment/aws_lambda/,requirements.txt base.txt emulator.txt)
LAMBDA := .venv-lambda/.installed-$(firstword $(shell cat $(LAMBDA_LOCKS) deployment/lighten.py | cksum))
# What judges the Terraform, and what stands in for AWS: two environments, since their pins differ.
IAC := .venv-iac/.installed-$(firstword $(shell cksum iac/requirements/checks.txt))
CLOUD := .venv-cloud/.installed-$(firstword $(shell cksum iac/requirements/emulated.txt))
# Further arguments for the command, such as make test ARGS="-k calendar -x".
ARGS :=

ifeq ($(wildcard $(RUN)),) # never made, or its interpreter is gone
.PHONY: $(READY)
endif
ifeq ($(wildcard .venv-peers/bin/python),)
.PHONY: $(PEERS)
endif
ifeq ($(wildcard .venv-lambda/bin/python),)
.PHONY: $(LAMBDA)
endif

ifeq ($(wildcard .venv-iac/bin/python),)
.PHONY: $(IAC)
endif
ifeq ($(wildcard .venv-cloud/bin/python),)
.PHONY: $(CLOUD)
endif

# ---- the work -------------------------------------------------------------------------------

.PHONY: daily retrain report backtest explain drift backfill reproduce promote rollback quarantine simulate publish

daily: $(READY)    ## the main job as of DATE= (today): ingest, learn when due, report
	$(call canasta,daily $${DATE:+--date "$$DATE"})

retrain: $(READY)  ## the main job with search, back-test and gate now
	$(call canasta,retrain $${DATE:+--date "$$DATE"})

report: $(READY)   ## write the daily report again; HORIZON=6 adds one of six publications ahead
	$(call canasta,report $${DATE:+--date "$$DATE"} $${HORIZON:+--horizon "$$HORIZON"})

backtest: $(READY) ## back-test the recipes; FROM= and TO= bound target dates; SEEDS=1-5 takes several
	$(call canasta,backtest $${FROM:+--from "$$FROM"} $${TO:+--to "$$TO"} $${SEEDS:+--seeds "$$SEEDS"})

explain: $(READY)  ## one forecast's story: ESTADO= CIUDAD= TIPO= CANAL=, HORIZON=; or all slices
	$(call canasta,explain $${ESTADO:+--label "Estado=$$ESTADO"} $${CIUDAD:+--label "Ciudad=$$CIUDAD"} \
	  $${TIPO:+--label "Tipo=$$TIPO"} $${CANAL:+--label "Canal=$$CANAL"} \
	  $${HORIZON:+--horizon "$$HORIZON"} $${DATE:+--date "$$DATE"})

drift: $(READY)    ## whether the newest prices as of DATE= behave as prices did; keeps a report
	$(call canasta,drift $${DATE:+--date "$$DATE"})

reproduce: $(READY) ## fit VERSION= (the champion) again as of its date, and compare to the bit
	$(call canasta,reproduce $${VERSION:+"$$VERSION"})

backfill: $(READY) ## replay the days FROM= to TO=, each as if it were today, on a replay lake
	$(call required,FROM,make backfill FROM=2025-01-02 TO=2025-03-31)
	$(call required,TO,make backfill FROM=2025-01-02 TO=2025-03-31)
	$(call canasta,backfill --from "$$FROM" --to "$$TO")

promote: $(READY)  ## make VERSION= of the model the champion
	$(call required,VERSION,make promote VERSION=3)
	$(call canasta,promote "$$VERSION" $${DATE:+--date "$$DATE"})

rollback: $(READY) ## bring the previous champion back
	$(call canasta,rollback $${DATE:+--date "$$DATE"})

quarantine: $(READY) ## list what is quarantined and why, or let the publication of ACCEPT= in
	$(call canasta,quarantine $${ACCEPT:+--accept "$$ACCEPT"} $${DATE:+--date "$$DATE"})

simulate: $(READY) ## write simulated workbooks, or those of HISTORY=folder, into PUBLICATIONS
	@$(RUN) -m simulate_publication write $${HISTORY:+--history "$$HISTORY"} \
	  $${DATE:+--until "$$DATE"} $(ARGS)

publish: $(READY)  ## serve PUBLICATIONS over http as SNIIM does, or badly: MISBEHAVE=list says how
	@$(RUN) -m simulate_publication serve $${MISBEHAVE:+--misbehave "$$MISBEHAVE"} $(ARGS)

# ---- what runs beside it --------------------------------------------------------------------

.PHONY: serve lambda image mlflow prefect monitor bot schedule status stop

serve: $(READY)    ## the API under gunicorn at HOST:PORT (127.0.0.1:9696), without keys there
	@exec $(RUN) -m deployment

lambda: $(LAMBDA)  ## the earlier system's request through AWS's Lambda runtime, here; ARGS=event.json
	@PYTHONPATH=.venv-lambda/task .venv-lambda/bin/python -m deployment.aws_lambda.emulate $(ARGS)

image:             ## build the Lambda image on BASE_IMAGE=, or with FOR=server the one of gunicorn
	$(call required,BASE_IMAGE,make image BASE_IMAGE=public.ecr.aws/lambda/python@sha256:… (see deployment/README.md))
	@deployment/build_image "$${FOR:-function}" "$$BASE_IMAGE"

mlflow: $(READY)   ## start the MLflow UI in the background and print its address
	$(call canasta,mlflow)

prefect: $(READY)  ## start the Prefect server and UI in the background, likewise
	$(call canasta,prefect)

monitor: $(READY)  ## write the page of how everything does, and serve it in the background
	$(call canasta,monitor)

bot: $(READY)      ## the Telegram bot: answers /precio, /estado, /reporte (Ctrl-C ends)
	$(call canasta,bot)

schedule: $(READY) ## serve the deployments on their schedules, with a Prefect server (Ctrl-C ends)
	$(call canasta,schedule)

status: $(READY)   ## what make started, and where it answers
	$(call canasta,status)

stop: $(READY)     ## stop what make started, and nothing else
	$(call canasta,stop)

# ---- the cloud (iac/README.md) ---------------------------------------------------------------

.PHONY: infra-validate infra-emulated infra-plan infra-apply

infra-validate: $(READY) $(IAC) ## judge the Terraform: form, mocked plans, permissions, secrets; no account
	@iac/validate

infra-emulated: $(READY) $(LAMBDA) $(CLOUD) ## bring staging up on an emulated AWS, ask for a price, tear it down
	@$(RUN) -m tests.cloud $(ARGS)

infra-plan:        ## what make infra-apply would change in ENV=
	$(call required,ENV,make infra-plan ENV=staging)
	@iac/run plan "$$ENV" $(ARGS)

infra-apply:       ## bring ENV= up: the repository, its image, all the rest; IMAGE=build or sha256:…
	$(call required,ENV,make infra-apply ENV=staging)
	@iac/run apply "$$ENV" $(ARGS)

# ---- the house ------------------------------------------------------------------------------

.PHONY: venv test test-slow lint format bench bench-accuracy clean help python

venv: $(READY) # only what every target needs: pipenv, and .venv as Pipfile.lock says

test: $(READY) $(LAMBDA) ## all tests but the slow ones; under 10 minutes
	$(RUN) -m pytest -m "not slow and not infra" --numprocesses auto --dist loadfile $(ARGS)

test-slow: $(READY) $(PEERS) ## the tests that take many minutes
	$(RUN) -m pytest -m slow $(ARGS)

lint: $(READY)     ## style, types, imports between rooms, lock file, workflows
	@failed=
	check() { printf '%s\n' "-- $$1"; shift; "$$@" || failed=1; }
	check "ruff: style" $(RUN) -m ruff check --quiet .
	check "ruff: format" $(RUN) -m ruff format --check --quiet .
	check "mypy: types" $(RUN) -m mypy --no-error-summary
	check "import-linter: who imports whom" $(RUN) -c \
	  "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())" \
	  --no-logo
	check "pipenv: Pipfile.lock matches Pipfile" $(PIPENV) verify
	check "check-jsonschema: workflows" $(RUN) -m check_jsonschema --quiet \
	  --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check "check-jsonschema: actions" $(RUN) -m check_jsonschema --quiet \
	  --builtin-schema vendor.github-actions .github/actions/*/action.yml
	check "check-jsonschema: dependabot" $(RUN) -m check_jsonschema --quiet \
	  --builtin-schema vendor.dependabot .github/dependabot.yml
	check "check-jsonschema: compose file" $(RUN) -m check_jsonschema --quiet \
	  --builtin-schema vendor.compose-spec deployment/compose.yaml
	check "zizmor: security of the workflows" .venv/bin/zizmor --offline --quiet .github
	check "pre-commit: hooks" $(RUN) -m pre_commit validate-config
	test -z "$$failed"

format: $(READY)   ## rewrite the code in the house style
	$(RUN) -m ruff check --fix --quiet . || true # what is left, lint tells
	$(RUN) -m ruff format .

bench: $(READY)    ## time what must stay fast
	@$(RUN) -m tests.bench $(ARGS)

bench-accuracy: $(READY) $(PEERS) ## our forecasts beside mlforecast's and statsforecast's; under 30 minutes
	@$(RUN) -m tests.peers $(ARGS)

clean:             ## remove environments, caches, simulated publications; never lake, registry, reports
	@if [ -x $(RUN) ] && [ -d data/run ]; then $(RUN) -m orchestration stop; fi
	rm -rf .venv .venv-pipenv .venv-peers .venv-lambda .venv-iac .venv-cloud data/publications data/run
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

help:
	@echo "Canasta: daily price forecasts. Settings are variables, see .env.example."
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- how the above is done ------------------------------------------------------------------

# Run `python -m orchestration …`; say what exit code 75 means, since make hides it behind its 2.
define canasta
@$(RUN) -m orchestration $(1) $(ARGS) || {
  code=$$?
  if [ $$code -eq 75 ]; then
    echo "Exit code 75: another run holds the lake. Nothing was changed; try again later." >&2
  fi
  exit $$code
}
endef

# Stop with a sentence when a variable is missing: its name, and an example of its use.
define required
@if [ -z "$${$(1):-}" ]; then echo "$(1) is missing. For example: $(2)" >&2; exit 64; fi
endef

# Pipenv works on .venv of this folder, whatever else is active, and never reads .env.
PIPENV := env -u PIPENV_PIPFILE PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 \
  PIPENV_DONT_LOAD_ENV=1 PIPENV_NOSPIN=1 PIPENV_YES=1 PIPENV_VERBOSITY=-1 \
  .venv-pipenv/bin/python -m pipenv

# Set `python` to a Python 3.12 that really runs: a name on PATH may be a shim that fails.
define find_python
runs() { "$$1" -c 'import ensurepip, sqlite3, ssl, sys; sys.exit(sys.version_info[:2] != (3, 12))'; }
candidates() {
  if [ -n "$${PYTHON:-}" ]; then echo "$$PYTHON"; return; fi
  type -aP python3.12 python3 || true
  ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.12*/bin/python3.12 2>/dev/null || true
}
python=
while read -r candidate; do
  if runs "$$candidate" >/dev/null 2>&1; then python=$$candidate; break; fi
done < <(candidates)
if [ -z "$$python" ]; then
  echo "Canasta needs Python 3.12, with venv. Looked at $${PYTHON:-PATH and pyenv}; none runs." >&2
  echo "Get one with 'pyenv install 3.12', 'uv python install 3.12', your system's packages" >&2
  echo "(Debian, Ubuntu: python3.12 python3.12-venv) or https://www.python.org/downloads/;" >&2
  echo "or name one: make PYTHON=/path/to/python3.12" >&2
  exit 69
fi
endef

python: # which Python make would use
	@$(find_python)
	echo "$$python"

# The stamp goes first and comes last: an interrupted sync is done again.
$(READY):
	@rm -f .venv/.synced-*
	$(find_python)
	if ! .venv-pipenv/bin/python -m pipenv --version 2>/dev/null | grep -qF $(PIPENV_VERSION); then
	  echo "Installing pipenv $(PIPENV_VERSION) into .venv-pipenv (about 10 seconds, once) …"
	  rm -rf .venv-pipenv
	  "$$python" -m venv .venv-pipenv
	  .venv-pipenv/bin/python -m pip install --quiet --quiet --disable-pip-version-check \
	    pipenv==$(PIPENV_VERSION)
	fi
	if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; then
	  rm -rf .venv
	  "$$python" -m venv .venv
	fi
	echo "Installing what Pipfile.lock names into .venv (1 to 5 minutes, once per lock file) …"
	if ! $(PIPENV) sync --dev >.venv/sync.log 2>&1; then
	  tail -n 40 .venv/sync.log >&2
	  echo "The installation failed; the whole log is .venv/sync.log. Run make again to go on." >&2
	  exit 1
	fi
	touch $@

$(LAMBDA):
	@$(find_python)
	echo "Installing what the Lambda function runs on into .venv-lambda (about 20 seconds, once) …"
	rm -rf .venv-lambda
	"$$python" -m venv .venv-lambda
	install=".venv-lambda/bin/python -m pip install --require-hashes --only-binary :all: --no-deps"
	install+=" --disable-pip-version-check"
	if ! { $$install --requirement deployment/aws_lambda/base.txt \
	         --requirement deployment/aws_lambda/emulator.txt &&
	       $$install --no-compile --target .venv-lambda/task \
	         --requirement deployment/aws_lambda/requirements.txt &&
	       .venv-lambda/bin/python deployment/lighten.py .venv-lambda/task
	     } >.venv-lambda/install.log 2>&1; then
	  tail -n 40 .venv-lambda/install.log >&2
	  echo "The installation failed; the whole log is .venv-lambda/install.log. Run make again." >&2
	  exit 1
	fi
	touch $@

# Install a file of hashed requirements into an environment of its own: file, folder, time.
define installed
	@$(find_python)
	echo "Installing $(1) into $(2) ($(3), once) …"
	rm -rf $(2)
	"$$python" -m venv $(2)
	if ! $(2)/bin/python -m pip install --require-hashes --no-deps \
	  --disable-pip-version-check --requirement $(1) >$(2)/install.log 2>&1; then
	  tail -n 40 $(2)/install.log >&2
	  echo "The installation failed; the whole log is $(2)/install.log. Run make again." >&2
	  exit 1
	fi
	touch $@
endef

$(IAC):
	$(call installed,iac/requirements/checks.txt,.venv-iac,about a minute)

$(CLOUD):
	$(call installed,iac/requirements/emulated.txt,.venv-cloud,about a minute)

$(PEERS):
	@$(find_python)
	echo "Installing $(PEERS_LOCK) into .venv-peers (1 to 2 minutes, once) …"
	rm -rf .venv-peers
	"$$python" -m venv .venv-peers
	if ! .venv-peers/bin/python -m pip install --require-hashes --only-binary :all: \
	  --disable-pip-version-check --requirement $(PEERS_LOCK) >.venv-peers/install.log 2>&1; then
	  tail -n 40 .venv-peers/install.log >&2
	  echo "The installation failed; the whole log is .venv-peers/install.log. Run make again." >&2
	  exit 1
	fi
	touch $@
