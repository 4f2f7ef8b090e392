"""What factored problems come to where time is short, by a clock that ticks with each look at it."""

from itertools import count

import numpy as np
import pytest

from leadopt import progress
from leadopt.matching import solve
from leadopt.problem.certify import certify
from leadopt.progress import Meter
from leadopt.solvers import Milp
from leadopt.solvers.factored import annealing, line_oracle, newton
from leadopt.solvers.factored.annealing import annealed
from leadopt.solvers.factored.newton import sharpest
from leadopt.solvers.lagrangian import work
from leadopt.solvers.lagrangian.dual import Dual
from tests.solvers.factored.test_line_oracle import banded, oracles

_TICK_S = 1e-3


@pytest.fixture
def ticks(monkeypatch):
    """Let a millisecond pass with each look at the clock, so that limits of time end work where they do anywhere."""

    def start():
        tick = count()
        monkeypatch.setattr(progress, "perf_counter", lambda: next(tick) * _TICK_S)

    start()
    return start


@pytest.fixture(scope="module")
def priced():
    pairs, lines = oracles(banded(n=1_500, m=8, n_rows=3))
    dual = Dual.of(pairs, pairs.rows)
    y, soft = annealed(lines, dual, np.zeros(pairs.rows.n), Meter())
    return lines, dual, y, soft


def test_a_stage_of_annealing_that_time_ends_counts_if_its_dual_is_lower(priced, ticks, monkeypatch):
    lines, dual, _, _ = priced
    ends, stage = [], annealing._stage
    monkeypatch.setattr(annealing, "_stage", lambda *given: ends.append(stage(*given)) or ends[-1])
    kept = []
    for limit in (60, 90, 120, 150):
        ends.clear()
        ticks()
        y, soft = annealed(lines, dual, np.zeros(dual.rows.n), Meter(None, limit * _TICK_S))
        assert len(ends) > 1
        assert dual.at(y) == min(dual.at(there) for there, _ in ends[-2:])
        kept.append(soft is ends[-1][1])
    assert any(kept)


def test_a_stage_of_newton_that_time_ends_counts_if_its_dual_is_lower(priced, ticks, monkeypatch):
    _, dual, start, soft = priced
    ends, stage = [], newton._at
    monkeypatch.setattr(newton, "_at", lambda *given: ends.append(stage(*given)) or ends[-1])
    kept = []
    for limit in range(3, 40, 3):
        ends.clear()
        ticks()
        y, found = sharpest(start, soft, dual, Meter(None, limit * _TICK_S))
        duals = [dual.at(start), *(dual.at(there) for there, _ in ends)]
        assert dual.at(y) in duals[-2:]
        assert dual.at(y) <= duals[-2]
        kept.append(found is ends[-1][1])
    assert any(kept) and not all(kept)


@pytest.mark.parametrize("limit", [100, 150, 200, 300, 600])
def test_little_time_brings_an_allowed_answer_though_no_draft_is_known(limit, ticks, monkeypatch):
    monkeypatch.setattr(line_oracle, "_LEAST_PAIRS", 0)
    monkeypatch.setattr(work, "best_draft", lambda *_: None)
    problem = banded(n=4_000, m=10, n_rows=4)
    found = solve(problem, Milp(), time_limit_s=limit * _TICK_S)
    audit = certify(problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert not audit.violations
    assert found.gap <= 0.3
