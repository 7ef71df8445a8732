# make app    build the environment if needed and open eWardrobe in the browser
# make test   build the environment if needed; lint, format check, types, tests (make check is the same)
# make clean  remove the environment

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin

# The first Python that is new enough; choose another with: make app PYTHON=/path/to/python
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

# A stamp names the content of the requirements: another content, another stamp, another install.
# The app needs PyTorch where there is a GPU alone; the tests need it everywhere.
GPU := $(or $(wildcard /proc/driver/nvidia/version),$(shell command -v nvidia-smi))
APP_REQUIREMENTS := requirements-app.txt $(if $(GPU),requirements-torch.txt)
DEV_REQUIREMENTS := $(addsuffix .txt,requirements-app requirements-torch requirements-train requirements-dev)
APP_STAMP := $(VENV)/.app-$(shell cat $(APP_REQUIREMENTS) | cksum | tr ' ' -)
DEV_STAMP := $(VENV)/.dev-$(shell cat $(DEV_REQUIREMENTS) | cksum | tr ' ' -)

# A file in one of several processes, each of which holds PyTorch, about 1.5 GB; then the browser, alone: a live
# picture beside other work is late.
TEST_PROCESSES := --numprocesses=logical --maxprocesses=4 --dist=loadfile -m "not e2e"

# uv installs in seconds where pip takes minutes, and takes torch from the registry alone (a folder of wheels set up
# for pip could hold another build of it).  Without a GPU, UV_TORCH_BACKEND=cpu make app saves gigabytes of CUDA.
UV_VERSION := 0.13.9
# Modules are compiled once, here, and not in every process that may not write into the environment.
INSTALL := UV_HTTP_TIMEOUT=300 $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

, := ,
stop = { echo "$(1)" >&2; exit 1; }

.PHONY: app test check clean

app: $(APP_STAMP)
	$(BIN)/python -m streamlit run app.py $(if $(PORT),--server.port=$(PORT))

test: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(or $(PYTEST_ARGS),$(TEST_PROCESSES))
	$(if $(PYTEST_ARGS),,$(BIN)/python -m pytest tests/e2e)

check: test

clean:
	rm -rf $(VENV)

$(APP_STAMP): | $(BIN)/uv
	@echo "Installing the app into $(VENV) (about 1 GB$(if $(GPU),$(,) and PyTorch for your GPU: some more)) ..."
	@$(INSTALL) $(addprefix -r ,$(APP_REQUIREMENTS))
	@$(INSTALL) --no-deps --editable .
	@rm -f $(VENV)/.app-* && touch $@

$(DEV_STAMP): | $(APP_STAMP)
	@echo "Installing what the tests need into $(VENV) ..."
	@$(INSTALL) -r requirements-dev.txt
	@rm -f $(VENV)/.dev-* && touch $@

$(BIN)/uv:
	@$(if $(PYTHON),,$(call stop,no Python 3.11 or newer found: install it$(,) or name it with PYTHON=/path/to/python))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		$(call stop,$(PYTHON) is no Python 3.11 or newer: name another with PYTHON=/path/to/python)
	@$(BIN)/python -c '' 2>/dev/null || { echo "Creating $(VENV) with $(PYTHON) ..." && $(PYTHON) -m venv --clear $(VENV); } || \
		$(call stop,$(PYTHON) cannot make environments: on Debian and Ubuntu$(,) apt-get install python3-venv)
	@PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
