"""Compiled loops: the same as Python to the bit, never of another source, and nothing but slower where they are not."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leadopt
from leadopt.errors import Infeasible
from leadopt.matching import match, solve
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Auction, Auto, Envelope, Hungarian, Milp, MinCostFlow, compiled
from leadopt.solvers.assignment import capacities_alone
from leadopt.solvers.capacities import pair_bids
from leadopt.solvers.capacities.bid_kernels import Leads, Lists, Scratch, shortlist
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.newton import solve_by_newton, solve_contested
from leadopt.solvers.factored import annealing, newton
from leadopt.solvers.factored.annealing import annealed
from leadopt.solvers.factored.newton import sharpest
from leadopt.solvers.factored.repairs import repaired
from leadopt.solvers.factored.rounding import dealt
from leadopt.solvers.lagrangian.dual import Dual
from leadopt.solvers.lagrangian.ejection_chains import Search
from tests import FUZZ
from tests.loops import both, entries, needs_loops, plain
from tests.solvers.capacities.test_pair_bids import scattered
from tests.solvers.factored.test_line_oracle import banded, oracles
from tests.solvers.factored.test_repairs import core_of, ring
from tests.solvers.flow.test_nested_simplex import Core
from tests.solvers.lagrangian.test_neighbourhoods import correlated
from tests.strategies import examples, general_problems, problems

# The same to the bit


@needs_loops
@given(problems(limits=False), st.sampled_from([Auction(), Envelope(), MinCostFlow()]))
@examples(60)
def test_loops_of_capacities_give_the_same_bits(problem, solver):
    with both():
        try:
            solve(problem, solver)
        except Infeasible:
            return


@needs_loops
@given(general_problems(), st.integers(0, 2**32 - 1))
@examples(40)
def test_loops_of_chains_and_repairs_give_the_same_bits(problem, seed):
    rng, (rows, core) = np.random.default_rng(seed), core_of(problem)
    if not len(core.leads) or not np.diff(core.first).all():  # a lead that nobody may have
        return
    at = core.first[:-1] + rng.integers(0, np.diff(core.first))
    y = rng.normal(size=rows.n)
    with both():
        Search.of(core, y, np.ones(rows.n), 5.0).after_chains(rng.permutation(len(core.rep)), at, 3, 500)
        repaired(core, problem, rows, y, at, np.ones(rows.n), Meter())


def priced_and_dealt(seed, reserve):
    problem = banded(n=60, m=4, n_rows=2, seed=seed, reserve=reserve)
    pairs, lines = oracles(problem)
    dual = Dual.of(pairs, pairs.rows)
    y, soft = sharpest(*annealed(lines, dual, np.zeros(pairs.rows.n), Meter()), dual, Meter())
    dealt(soft, y, dual.rows, dual.unit, dual.gain, Meter())


@needs_loops
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.4, -np.inf]))
@examples(4)
def test_loops_of_annealing_give_the_same_bits(seed, reserve):
    steps = {annealing: annealing._STEPS, newton: newton._STEPS} if FUZZ else {annealing: 8, newton: 8}
    with ExitStack() as stack:
        for module, most in steps.items():  # of which there are thousands where bounds cannot be met
            stack.enter_context(mock.patch.object(module, "_STEPS", most))
        stack.enter_context(both())
        priced_and_dealt(seed, reserve)


@needs_loops
def test_prices_beyond_the_digits_of_a_temperature_leave_a_finite_sum():
    """Found by fuzzing: at prices of 1e17, no option was as good as the best one less thirty temperatures."""
    with both():
        priced_and_dealt(2, 0.0)


@needs_loops
def test_every_loop_is_compared_somewhere():
    rng = np.random.default_rng(0)
    with both() as counts:
        match(rng.random((900, 10)), 60, solver=Auction())
        match(rng.integers(0, 3, (300, 10)).astype(float), 31, solver=Auction())
        contested = Problem(affinity=np.outer(rng.random(60), rng.random(4)), capacity=14)
        assert solve_contested(Remainder.of(contested), np.zeros(4), Meter()) is not None
        match(rng.random((2, 60)), 1)
        with mock.patch.object(capacities_alone, "_AT_ONCE", 0):
            match(rng.random((40, 2)) @ rng.random((2, 40)), 1, solver=Hungarian())
        match(rng.random((40, 3)), [20, 0, 9])
        match(-(np.subtract.outer(rng.random(60), rng.random(60)) ** 2), 1, solver=Auction(), reserve=-np.inf)
        whole = Problem(affinity=rng.integers(0, 3, (300, 10)).astype(float), capacity=31)
        assert solve_by_newton(Remainder.of(whole), 1e-3, None, Meter()) is not None
        match(leadopt.Affinity(rates=rng.random((2, 6)), row=rng.integers(0, 2, 400), scale=rng.random(400)), 60,
              solver=Envelope())  # fmt: skip
        solve(banded(n=60, m=4, n_rows=2), Milp(whole_options=0))
        problem = ring(9)
        rows, core = core_of(problem)
        start = np.array([np.flatnonzero((core.lead == i) & (core.rep == i % 9))[0] for i in range(10)])
        repaired(core, problem, rows, np.zeros(rows.n), start, np.ones(rows.n), Meter())
        priced_and_dealt(0, 0.4)
        solve(correlated(14, 3), Milp())
        Core(Problem(affinity=rng.random((60, 5)), capacity=9, limits=[Limit(reps=[0, 1], lower=3, upper=8)])).flow()
        for constant, value in (("_BIDS", 0), ("_STEP", 3.0)):
            with mock.patch.object(pair_bids, constant, value):
                solve(scattered(n=1200, m=400, share=0.012), Auction())
    assert set(counts) == set(entries())


# What is handed over


def a_short_list(**changed):
    given = {"rates": np.ones((2, 3)), "row": np.arange(2), "scale": np.ones(2), "reps": np.empty((2, 1), np.int32)}
    given |= changed
    lists = Lists(given["reps"], np.empty((2, 1)), np.empty(2))
    leads = Leads(given["rates"], given["row"], given["scale"], 0.0)
    shortlist(leads, lists, np.zeros(3), 0, 2, Scratch.of(3, 1))
    return lists


def read_only(array):
    array.flags.writeable = False
    return array


@needs_loops
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rates": np.ones((2, 3), np.float32)}, "leads.rates must be a contiguous float64 of 2 axes; it is float32"),
        ({"rates": np.ones((3, 2)).T}, r"leads.rates must be .*; it is float64, \(2, 3\)"),
        ({"row": np.arange(4)[::2]}, "leads.row must be a contiguous int64"),
        ({"row": np.arange(2, dtype=np.int32)}, "leads.row must be .* int64 of 1 axes; it is int32"),
        ({"scale": np.ones((2, 1))}, r"leads.scale must be .* of 1 axes; it is float64, \(2, 1\)"),
        ({"reps": read_only(np.zeros((2, 1), np.int32))}, "lists.reps must be a writeable contiguous int32"),
    ],
)
def test_an_array_of_another_kind_is_refused_by_its_name(changed, said):
    with pytest.raises(TypeError, match=f"bid_shortlist: {said}"):
        a_short_list(**changed)


@needs_loops
def test_numbers_of_another_kind_are_refused():
    with pytest.raises(Exception, match="argument is not an integer"):
        shortlist(
            Leads(np.ones((1, 1)), np.zeros(1, np.int64), np.ones(1), 0.0),
            Lists(np.empty((1, 1), np.int32), np.empty((1, 1)), np.empty(1)),
            np.zeros(1), 0.5, 1, Scratch.of(1, 1),
        )  # fmt: skip


@needs_loops
def test_arrays_that_are_only_read_may_be_read_only_and_empty():
    wanted = a_short_list()
    found = a_short_list(rates=read_only(np.ones((2, 3))), scale=read_only(np.ones(2)))
    assert found.reps.tolist() == wanted.reps.tolist()
    empty = Lists(np.empty((0, 0), np.int32), np.empty((0, 0)), np.empty(0))
    shortlist(
        Leads(np.empty((0, 0)), np.empty(0, np.int64), np.empty(0), 0.0), empty, np.empty(0), 0, 0, Scratch.of(0, 0)
    )


@needs_loops
def test_loops_run_without_the_gil():
    """A thread that counts goes on counting while another one scans."""
    n, m = 20_000, 200
    leads = Leads(np.random.default_rng(0).random((n, m)), np.arange(n), np.ones(n), 0.0)
    lists = Lists(np.empty((n, 6), np.int32), np.empty((n, 6)), np.empty(n))
    done, counted = threading.Event(), 0

    def scan():
        for _ in range(20):
            shortlist(leads, lists, np.zeros(m), 0, n, Scratch.of(m, 6))
        done.set()

    before, thread = sys.getswitchinterval(), threading.Thread(target=scan)
    sys.setswitchinterval(1e-5)
    try:
        thread.start()
        while not done.is_set():
            counted += 1
        thread.join()
    finally:
        sys.setswitchinterval(before)
    assert counted > 1_000  # with the GIL: once or so a scan


# Which library


TOLD = "import leadopt, warnings; warnings.simplefilter('always'); print(leadopt.compiled(), leadopt.Auction().name)"


def told(folder, **environment):
    """Return what a copy of the package says of itself, and its warnings."""
    ran = subprocess.run(
        [sys.executable, "-c", TOLD], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return ran.stdout.strip(), ran.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package that tests may spoil."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(compiled._FOLDER.parent, folder / "leadopt", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@needs_loops
def test_a_copy_with_its_library_is_compiled_and_says_nothing(package):
    assert told(package) == ("True Auction", "")


@needs_loops
def test_loops_are_plain_where_the_environment_says_so(package):
    assert told(package, LEADOPT_COMPILED="0") == ("False Auction (numpy)", "")


@needs_loops
@pytest.mark.parametrize("file", ["solvers/compiled.py", "solvers/capacities/bid_kernels.py"])
def test_a_library_of_another_source_is_not_used_and_that_is_said(package, file):
    path = package / "leadopt" / file
    kept = path.read_bytes()
    try:
        path.write_bytes(kept + b"# changed\n")
        said, warned = told(package)
    finally:
        path.write_bytes(kept)
    assert said == "False Auction (numpy)"
    assert "of another version of its source" in warned
    assert "python hatch_build.py" in warned


@needs_loops
@pytest.mark.parametrize("content", [b"", b"no library", None], ids=["empty", "other", "absent"])
def test_what_is_no_library_is_not_used_and_that_is_said(package, content):
    path = package / "leadopt/solvers/kernels.bin"
    kept = path.read_bytes()
    path.unlink()  # the loaded one is mapped
    try:
        if content is not None:
            path.write_bytes(content)
        said, warned = told(package)
    finally:
        path.write_bytes(kept)
    assert said == "False Auction (numpy)"
    assert "cannot be loaded" in warned if content is not None else warned == ""


def test_whether_loops_are_compiled_can_be_asked():
    assert leadopt.compiled() == compiled.compiled() == (Auction().name == "Auction")
    with plain():
        assert not leadopt.compiled()
        assert Auto().solve(Problem(affinity=np.ones((3, 2)), capacity=2), leadopt.solvers.Near(), Meter()) is not None
