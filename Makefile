# `make leaderboard` and `make test` need Python >= 3.10, make and git, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
YARDSTICK := .venv-imitation
SUITES := .venv-suites
LOWEST := .venv-lowest
CLIENTS := d3rlpy minari skrl
TORCH := torch==2.13.0
# A file on each core; and which tests take longest.
PYTEST := $(BIN)/pytest --numprocesses auto --dist loadfile --durations 20
# Both seeds of a draw at once, on two cores, so that none is stopped before.
TUNE := $(BIN)/leaderboard tune --draws 8 --seeds 2 --stop-after 2 --confirm 3 --labels 2000 --adopt

.PHONY: install leaderboard readme reproduce tune official release docs vendor test test-docs test-statistical test-clients test-lowest check lint bench \
	bench-processes bench-site bench-play bench-inference bench-frames bench-drivability bench-exact bench-peers sounds screens clean

leaderboard: $(INSTALLED)
	$(BIN)/leaderboard run --profile quick

# One cell of each algorithm, compared with what is committed.
reproduce: $(INSTALLED)
	$(BIN)/leaderboard run --profile reproduce --seeds 1 --out results/reproduce
	$(BIN)/leaderboard compare leaderboard/results/reproduce results/reproduce

# Every bundled learner's settings, by studies of as many draws and seeds, each in a world and with steps
# for which they matter (learners with a model take none); records are written into baselines/tuning.
tune: $(INSTALLED)
	$(TUNE) iq-learn,sqil --worlds FourRooms --steps 100000
	$(TUNE) maxent,maxent-posterior,maxent-deep,mmp --worlds FourRooms --steps 200000
	$(TUNE) gcl-exact,gcl-exact-published,gcl-exact-per-start,gcl-exact-unweighted --worlds FourRooms --steps 200000
	$(TUNE) gcl-exact-no-appended,gcl-exact-no-entropy,gcl-exact-no-past --worlds FourRooms --steps 200000
	$(TUNE) bc,dagger,dart,hg-dagger --worlds DriftCar --steps 200000
	$(TUNE) gail,airl,airl-state,gcl,red --worlds DriftCar --steps 300000
	$(TUNE) mail,mail-saps,mail-il,maps-rl,saps-rl,ppo --worlds Shooter --steps 3000000
	$(TUNE) a2c-saps,ppo-saps --worlds Shooter --steps 500000

# Every bundled algorithm in every world to which it applies, in ten instances that nobody could know;
# and in the registered worlds with one training seed, whose policies are released.
official: $(INSTALLED)
	$(BIN)/python -m leaderboard.official.making
	$(BIN)/leaderboard run --profile official --worlds all --out leaderboard/results/registered

# A folder to publish: policies, demonstrations, and what the official results were scored from.
release: $(INSTALLED)
	$(BIN)/leaderboard release leaderboard/results/registered --out release

# What the board draws with, from npm.
vendor:
	rm -rf build/vendor && mkdir -p build/vendor
	cd build/vendor && npm pack --silent d3@7.9.2 @observablehq/plot@0.6.17
	for archive in build/vendor/*.tgz; do tar -xzf $$archive --directory build/vendor --one-top-level; done
	cp build/vendor/*/package/dist/d3.min.js build/vendor/*/package/dist/plot.umd.min.js leaderboard/site/static/vendor

# The site: pages of worlds, algorithms and public names, chapters that run, and the board.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --builder html --doctree-dir docs/_build/trees --quiet --fail-on-warning --keep-going docs docs/_build/html
	$(BIN)/leaderboard site $(wildcard leaderboard/results/official) \
		$(patsubst %/run.json,%,$(wildcard leaderboard/results/*/run.json)) --out docs/_build/html/board

test-docs: docs
	$(BIN)/pytest -m documentation tests/site/test_documentation.py

$(VENV)/.docs: $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

# Tables in documents, from committed results.
readme: $(INSTALLED)
	$(BIN)/python -m leaderboard.embedded README.md docs/results.md

test: $(INSTALLED)
	$(PYTEST)

test-statistical: $(INSTALLED)
	$(PYTEST) -m statistical

# Libraries that pin what we need newer, or bring much: an environment for each.
test-clients: $(CLIENTS:%=$(VENV)-%/.installed)
	for client in $(CLIENTS); do \
		$(VENV)-$$client/bin/python -m pytest tests/clients/test_$$client.py || exit; \
	done

# The oldest releases that pyproject.toml allows; their own warnings of later years do not count.
test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest --numprocesses auto --dist loadfile --override-ini filterwarnings=

check: lint test

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.rates
	$(BIN)/python -m benchmarks.lanes

bench-processes: $(INSTALLED)
	$(BIN)/python -m benchmarks.processes

bench-play: $(INSTALLED)
	$(BIN)/python -m benchmarks.play

bench-inference: $(INSTALLED)
	$(BIN)/python -m benchmarks.inference

bench-exact: $(INSTALLED) $(YARDSTICK)/.installed
	$(BIN)/python -m benchmarks.exact $(YARDSTICK)/bin/python

bench-frames: $(INSTALLED)
	$(BIN)/python -m benchmarks.frames

bench-site: $(INSTALLED)
	$(BIN)/python -m benchmarks.site

bench-peers: $(INSTALLED) $(YARDSTICK)/.installed $(SUITES)/.installed
	$(BIN)/python -m benchmarks.peers $(YARDSTICK)/bin/python
	$(BIN)/python -m benchmarks.batches $(SUITES)/bin/python

bench-drivability: $(INSTALLED)
	$(BIN)/python -m benchmarks.drivability

# Every screen of il-play, to be looked at.
screens: $(INSTALLED)
	$(BIN)/python -m benchmarks.screens assets/screens.jpg

# The sounds of il-play as files, for pages; il-play itself makes its own.
sounds: $(INSTALLED)
	$(BIN)/python -m il_envs.play.synthesis assets/sounds

install: $(INSTALLED)

# Torch first and by its exact version: unpinned, pip would take a build with gigabytes of CUDA.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "il-envs needs Python 3.10 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENV)-%/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-$*
	$(VENV)-$*/bin/pip install --quiet $(TORCH)
	$(VENV)-$*/bin/pip install --quiet pytest $(if $(filter minari,$*),'minari[create]',$*)
	$(VENV)-$*/bin/pip install --quiet --editable '.[minari]'
	touch $@

$(LOWEST)/.installed: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/pip install --quiet uv $(TORCH)
	VIRTUAL_ENV=$(LOWEST) $(LOWEST)/bin/uv pip install --quiet --resolution lowest-direct \
		--editable '.[dev]'
	touch $@

# The library `imitation` needs old releases of what we use new ones of: an environment of its own,
# for nothing but the benchmark.
$(YARDSTICK)/.installed:
	$(PYTHON) -m venv $(YARDSTICK)
	$(YARDSTICK)/bin/pip install --quiet $(TORCH)
	$(YARDSTICK)/bin/pip install --quiet imitation==1.0.1 gymnasium==0.29.1 seals==0.2.1 \
		stable-baselines3==2.2.1 'numpy<2.5' 'scipy<1.18'
	touch $@

# Suites of others, of which one is in JAX, for nothing but the benchmark.
$(SUITES)/.installed:
	$(PYTHON) -m venv $(SUITES)
	$(SUITES)/bin/pip install --quiet gymnax==1.0.1 jax==0.10.2 envpool==1.2.5 gymnasium==1.3.0 six
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-* build *.egg-info
