# Every target sets up .venv by itself where it is missing or older than what decides its content.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
# Simulations and what takes long are run by themselves: pid_bias.py, pid_posterior.py, optimum_power.py, decision_rule.py,
# decisions.py, search.py, law_regret.py, broja_fuzz.py; and gpu.py, which needs a card.
BENCHMARKS := contrastive similarity broja warm_starts step search_packing encoders sharing conclusions study evidence scale startup

.PHONY: help study test test-cluster lint bench clean

help:
	@echo "make study   run the synthetic study end to end (ARGS='--quick' for options; results in runs/)"
	@echo "make test    run all tests"
	@echo "make test-cluster   run studies on real clusters and servers, and break them"
	@echo "make lint    check style and types"
	@echo "make bench   run the benchmarks, each against its alternative"
	@echo "make clean   remove the environment; results stay"

study: $(READY)
	$(RUN) studies/synthetic.py $(ARGS)

test: $(READY)
	OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses=2 --ignore=tests/cluster $(ARGS)

test-cluster: $(READY)
	$(RUN) -m pytest tests/cluster $(ARGS)

lint: $(READY)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/pyright

bench: $(READY)
	for name in $(BENCHMARKS); do $(RUN) benchmarks/$$name.py || exit 1; done

clean:
	rm -rf $(VENV)

# The stamp comes last, so that an installation that failed half way is done again.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,test-cluster,cluster,lint]'
	touch $(READY)
