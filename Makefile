# Preread. `make help` lists the targets.
#
# Two virtual environments, because they answer two questions. `.venv` is what a user gets: the base install,
# without PyTorch, so `make demo` proves that the base is enough. `build/test-venv` is what the checks and
# the tests need on top.

PYTHON ?= python3
STUDY ?=
ARGS ?=

# Pinned because torchvision fits exactly one release of PyTorch. Where pip would bring the CUDA build of
# several GB and the CPU build is enough, give that wheel instead: make test TORCH=/path/to/torch.whl
TORCH ?= torch==2.13.0

BASE_VENV := .venv
TEST_VENV := build/test-venv
BIN := $(TEST_VENV)/bin
OHIF := build/ohif
OIDC := build/oidc-provider
HELM := build/helm
COMPOSE := build/docker-compose

# What builds images: docker, or podman. Give the base with its digest to build on the same one again.
DOCKER ?= docker
BASE_IMAGE ?= docker.io/library/debian:bookworm-slim
GPU_IMAGE ?=

MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help venv demo images image-gpu lock audit test test-long bench-accept bench-capacity capacity-report bench-decoders bench-engines bench-growth bench-live bench-relay bench-worklist screenshots faults soak check format docs servers test-venv clean python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(BASE_VENV)/.installed ## the base install in .venv: no root, no PyTorch, no servers

demo: venv ## one study through the whole service; STUDY=path sends yours (DICOM, PNG or JPEG)
	@$(BASE_VENV)/bin/preread demo $(if $(STUDY),"$(STUDY)")

test: servers test-venv $(OHIF)/.installed $(OIDC)/.installed $(HELM)/.installed $(COMPOSE)/.installed ## everything: installs what is missing, then checks and all tests
	@$(MAKE) check
	@echo "==> pytest: unit, on every core"
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --durations=15 tests/unit tests/repo tests/gpu
	@echo "==> pytest: with real servers, two files at a time: they wait more than they compute"
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --durations=25 tests/integration

images: ## the images preread and preread-cpu (docker/README.md); BASE_IMAGE=name@sha256:... pins the base
	docker/build-images "$(DOCKER)" "$(BASE_IMAGE)"

image-gpu: ## the image preread-gpu on NVIDIA's image with TensorRT: GPU_IMAGE=name@sha256:...
	docker/build-images "$(DOCKER)" "$(GPU_IMAGE)" gpu

lock: test-venv ## the images' packages anew, with hashes; ARGS=--upgrade takes the newest that fit
	docker/lock/update "$(CURDIR)/$(BIN)/uv" $(ARGS)

audit: test-venv ## known vulnerabilities of the images' packages (docker/README.md); ARGS="-s osv" asks osv.dev
	docker/lock/audit "$(CURDIR)/$(BIN)/pip-audit" $(ARGS)

bench-engines: test-venv ## speed of every backend and of the whole worker; writes build/results/engines.json
	@$(BIN)/python -m tests.benchmarks.engines

bench-accept: servers test-venv ## speed of receiving beside DCMTK, Orthanc and pynetdicom; writes build/results/accept.json
	@$(BIN)/python -m tests.benchmarks.accept

bench-decoders: test-venv ## what it costs that frames are decoded in processes of their own; writes build/results/decoders.json
	@$(BIN)/python -m tests.benchmarks.decoders

bench-capacity: servers test-venv ## the whole service under rising load, ten minutes; writes build/results/capacity.json
	@$(BIN)/python -m tests.benchmarks.capacity $(ARGS)

capacity-report: test-venv ## deploy/helm/CAPACITY.md with its plots and simulations, from those figures
	@$(BIN)/python -m tests.capacity.report $(ARGS)

bench-worklist: servers test-venv ## the list among a million studies, 20 minutes; writes build/results/worklist.json; ARGS="--database SQLite" for one
	@$(BIN)/python -m tests.benchmarks.worklist $(ARGS)

bench-growth: servers test-venv ## the ledger with ten thousand to ten million studies; an hour, 12 GB of disk; writes build/results/growth.json
	@$(BIN)/python -m tests.benchmarks.growth

bench-live: servers test-venv ## from a result to two hundred open pages; writes build/results/live.json
	@$(BIN)/python -m tests.benchmarks.live

bench-relay: servers test-venv ## how fast the outbox drains to RabbitMQ; writes build/results/relay.json
	@$(BIN)/python -m tests.benchmarks.relay

screenshots: servers $(OHIF)/.installed ## the pictures of the documentation, taken anew in OHIF and Chromium
	@$(BIN)/python -m tests.screenshots
	@$(BIN)/python -m tests.screenshots_worklist

test-long: servers test-venv ## 20 000 mutated streams, 100 kills of accept, further ways of other tests: an hour
	@PREREAD_FUZZ_STREAMS=20000 PREREAD_KILLS=100 $(BIN)/python -m pytest --timeout=3600 \
	  tests/unit/accept/test_fuzz.py tests/integration/test_accept_killed.py
	@PREREAD_LONG=1 $(BIN)/python -m pytest --timeout=1200 -m long tests/integration

faults: servers test-venv ## 200 seeded faults under load, embedded and with servers: an hour; ARGS="--faults 10" for less
	@$(BIN)/python -m tests.faults $(ARGS)

soak: servers test-venv ## 5000 studies: memory, handles, database and latency stay flat; ARGS="--studies 500" for less
	@$(BIN)/python -m tests.faults.soak $(ARGS)

check: test-venv ## format, lint, types, layers, spelling
	@echo "==> ruff format"
	@$(BIN)/ruff format --check .
	@echo "==> ruff check"
	@$(BIN)/ruff check .
	@echo "==> mypy"
	@$(BIN)/mypy
	@echo "==> import-linter"
	@$(BIN)/lint-imports
	@echo "==> typos"
	@$(BIN)/typos

format: test-venv ## rewrite the code in the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: test-venv ## rewrite the pages that docstrings, help texts and the chart's values make
	@$(BIN)/python -m service.cli.write_pages
	@$(BIN)/python -m deploy.helm.write_pages

servers: ## Debian packages of the real servers that integration tests talk to
	@tests/servers/install-debian-packages

test-venv: $(TEST_VENV)/.installed ## what checks and tests need, in build/test-venv

clean: ## remove everything that make has made
	rm -rf $(BASE_VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find deploy engines service tests -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Preread needs Python 3.11 or newer; '$(PYTHON)' is older or missing. Name another: make PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. Install the package: sudo apt-get install python3-venv" >&2; \
	  exit 1; }

$(OHIF)/.installed: tests/servers/install-ohif | $(TEST_VENV)/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/servers/install-ohif $(OHIF)

$(OIDC)/.installed: tests/servers/install-oidc-provider | $(TEST_VENV)/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/servers/install-oidc-provider $(OIDC)

$(HELM)/.installed: tests/servers/install-helm | $(TEST_VENV)/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/servers/install-helm $(HELM)

$(COMPOSE)/.installed: tests/servers/install-docker-compose | $(TEST_VENV)/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/servers/install-docker-compose $(COMPOSE)

$(BASE_VENV)/.installed: pyproject.toml | python
	@echo "==> base install in $(BASE_VENV)"
	$(PYTHON) -m venv $(BASE_VENV)
	$(BASE_VENV)/bin/pip install --editable .
	@touch $@

$(TEST_VENV)/.installed: pyproject.toml tests/requirements-train.txt tests/servers/python-packages.txt | python
	@echo "==> development install in $(TEST_VENV)"
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST_VENV)/bin/pip install $(TORCH)
	$(TEST_VENV)/bin/pip install --no-deps --requirement tests/requirements-train.txt
	$(TEST_VENV)/bin/pip install --editable '.[rabbitmq,postgres,s3,pdf,oidc,traces,client,train,dev]' --requirement tests/servers/python-packages.txt
	@touch $@
