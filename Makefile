# Every target sets up .venv by itself where it is missing or older than what decides its content.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
# benchmarks/pid_bias.py and optimum_power.py, which are simulations and take long, are run by themselves.
BENCHMARKS := contrastive similarity broja encoders sharing analysis study

.PHONY: help study test lint bench clean

help:
	@echo "make study   run the synthetic study end to end (ARGS='--quick' for options; results in runs/)"
	@echo "make test    run all tests"
	@echo "make lint    check style and types"
	@echo "make bench   run the benchmarks, each against its alternative"
	@echo "make clean   remove the environment; results stay"

study: $(READY)
	$(RUN) studies/synthetic.py $(ARGS)

test: $(READY)
	$(RUN) -m pytest $(ARGS)

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
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint]'
	touch $(READY)
