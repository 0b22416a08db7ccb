# The doors to the project. Each makes the environment first, which takes a moment when there is nothing to do.
.PHONY: run test check shots bench env lock
.DEFAULT_GOAL := run

# Not PYTHON: that name is the user's, to say which Python the environment is made from.
IN_VENV := .venv/bin/python
# How many tests run at once: one a core. JOBS=0 for none beside each other, as a debugger wants it.
JOBS ?= auto

run: env  ## Everything, on this machine: Ctrl-C stops it.
	@exec $(IN_VENV) -m helpdesk.supervisor

test: env  ## The whole suite, on a real PostgreSQL, a real Redis and a real browser. ARGS="-k name" narrows it.
	@$(IN_VENV) -m pytest --numprocesses $(JOBS) --maxprocesses 4 $(ARGS)

check: env  ## What a machine can check: style, types, import direction, migrations, settings.
	@$(IN_VENV) -m helpdesk.check

shots: env  ## Pictures of every page: make shots OUT=folder
	@$(IN_VENV) -m tests.browser.shots $(or $(OUT),shots)

bench: env  ## Benchmarks, each beside a baseline of the same run.
	@$(IN_VENV) -m bench $(ARGS)

env:  ## The environment: .venv, node_modules, staticfiles.
	@requirements/install.sh

lock: env  ## Lock the versions anew after a change to requirements/*.in (uv must be on PATH).
	@for name in base dev; do uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
		--custom-compile-command "make lock" $(UPGRADE) requirements/$$name.in -o requirements/$$name.txt; done
	@for name in uv node; do uv pip compile --quiet --universal --python-version 3.8 --generate-hashes \
		--custom-compile-command "make lock" $(UPGRADE) requirements/$$name.in -o requirements/$$name.txt; done
