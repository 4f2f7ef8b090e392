# `make demo` and `make test` are all a newcomer needs; both create the environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: compiled sanitize demo test check format notebooks bench fuzz clean
.DEFAULT_GOAL := demo

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "leadopt needs Python 3.11 or newer; name one with `make PYTHON=python3.12 demo`")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/.installed  ## a simulated sales floor: tables in, plan and report out
	$(BIN)/leadopt demo

compiled:  ## the loops of the solvers as C, in this clone: after any change to a file *kernels.py
	$(PYTHON) hatch_build.py

test: $(VENV)/.installed compiled  ## the whole suite, on two cores; neighbours share what they prepare, so each core has its half
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.installed  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebooks: $(VENV)/.installed  ## run them and keep what they print, for who reads them without running them
	$(BIN)/python -m tests.notebooks

bench: $(VENV)/.peers compiled  ## measured speed and memory beside the peers; every timing asserts its answer
	$(BIN)/python -m benchmarks

$(VENV)/.peers: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

sanitize: $(VENV)/.installed  ## the loops in a build that stops at any index out of range and at any undefined behaviour
	trap '$(BIN)/python hatch_build.py' EXIT; trap 'exit 130' INT TERM; \
	$(BIN)/python hatch_build.py --checked && \
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc $(BIN)/python -m pytest -n 0 -p no:cacheprovider $(SANITIZED)

SANITIZED := tests/solvers/test_compiled.py tests/solvers/test_auction.py tests/solvers/test_envelope.py \
	tests/solvers/test_every_solver.py tests/solvers/test_milp.py tests/solvers/capacities tests/solvers/factored \
	tests/solvers/flow tests/solvers/lagrangian tests/solvers/oracles tests/solvers/optimal

fuzz: $(VENV)/.installed compiled  ## 5,000 random problems per claim that has an oracle, 100,000 messy inputs and steps of a desk, 1,000 per other claim
	LEADOPT_FUZZ=5000 $(BIN)/python -m pytest -n 2 tests/solvers \
		-k "brute_force or scipy or any_box or open_holds or by_hand or never"
	LEADOPT_FUZZ=10000 $(BIN)/python -m pytest -n 2 tests/solvers/test_exact.py
	LEADOPT_FUZZ=100000 $(BIN)/python -m pytest -n 2 tests/test_fuzz_inputs.py
	LEADOPT_FUZZ=100000 $(BIN)/python -m pytest -n 2 tests/desk/test_machine.py
	LEADOPT_FUZZ=1000 $(BIN)/python -m pytest -n 2 -m "hypothesis or seeds"

clean:
	rm -rf $(VENV) demo
