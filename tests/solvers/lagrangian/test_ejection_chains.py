"""Chains mend what rounding breaks, however little it is."""

import numpy as np

from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.lagrangian import ejection_chains
from leadopt.solvers.lagrangian.ejection_chains import improved
from leadopt.solvers.lagrangian.program import Core


def test_a_bound_that_is_broken_by_next_to_nothing_is_mended_at_a_high_cost():
    """At 50,000 x 200, seed 2, one value band of 600,000 was broken by 0.02, and the core grew in vain."""
    limit = Limit(reps=[0], usage=[1.0, 0.9], upper=1.0 - 1e-7)
    problem = Problem(affinity=[[5.0, 4.5], [1.0, 1.0]], capacity=1, limits=[limit])
    core = Core.of(problem, Rows.of(problem), np.arange(2), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.zeros(3))
    at, _ = improved(core, np.array([0.0, 0.0, 1.0]), np.array([0, 3]), np.ones(3), Meter(None))
    assert core.allows(at)
    assert at.tolist() == [1, 2]


def test_from_an_allowed_answer_no_option_is_tried_that_loses_more_than_the_answer_lacks(monkeypatch):
    rng = np.random.default_rng(3)
    problem = Problem(affinity=rng.random((40, 5)), capacity=8)
    rows, lead, rep = Rows.of(problem), np.repeat(np.arange(40), 5), np.tile(np.arange(5), 40)
    core = Core.of(problem, rows, np.arange(40), lead, rep, np.zeros(rows.n))
    start, tried = np.arange(40) * 5 + np.arange(40) % 5, []
    y = core.relaxed(np.ones(rows.n)).prices
    loop = ejection_chains.Search._chains
    monkeypatch.setattr(
        ejection_chains.Search,
        "_chains",
        lambda *given: tried.append((given[4], given[0].lacking(given[2]))) or loop(*given),
    )
    at, lacking = improved(core, y, start, np.ones(rows.n), Meter())
    assert core.allows(at) and tried
    assert all(dearest <= tried[0][1] for dearest, _ in tried)
    assert lacking <= tried[0][1]
