"""How leads were handed out before is told from luck, and the tipping point from its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.past_assignment import _elsewhere, past_assignment, tipping_point


def _table(rep, level):
    table = np.zeros((rep.max() + 1, level.max() + 1))
    np.add.at(table, (rep, level), 1.0)
    return table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]


def test_the_p_value_is_that_of_permutations_where_cells_are_small():
    rng = np.random.default_rng(1)
    for n_reps, n_levels, n in ((6, 5, 60), (12, 9, 80), (3, 2, 25)):
        rep = rng.integers(n_reps, size=n)
        level = (rep + rng.integers(n_levels, size=n) * rng.integers(2, size=n)) % n_levels
        _, p_value = _elsewhere(_table(rep, level))

        def statistic(levels, rep=rep):
            table = _table(rep, levels)
            expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
            return ((table - expected) ** 2 / expected).sum()

        seen = statistic(level) - 1e-9
        by_luck = np.mean([statistic(rng.permutation(level)) >= seen for _ in range(2000)])
        assert p_value == pytest.approx(by_luck, abs=0.03)


def test_leads_by_lot_are_called_so_and_leads_by_source_are_not():
    by_lot = by_source = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        source, won = rng.integers(4, size=600), (rng.random(600) < 0.2) * 1.0
        other = rng.integers(3, size=600)
        columns, one = {"source": source, "size": other}, np.ones(600)
        by_lot += past_assignment(rng.integers(8, size=600), columns, one, won).by_lot
        rep = np.where(rng.random(600) < 0.3, source, rng.integers(8, size=600))
        found = past_assignment(rep, columns, one, won)
        by_source += not found.by_lot and found.by == "source" and 0.1 < found.elsewhere < 0.3
    assert by_lot >= 96
    assert by_source == 100


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 5), st.integers(0, 40))
def test_any_history_gets_an_answer_that_depends_on_no_order(seed, n_reps, n_levels, n):
    rng = np.random.default_rng(seed)
    rep, level = rng.integers(-1, n_reps, size=n), rng.integers(n_levels, size=n)
    tried = rng.integers(1, 5, size=n).astype(float)
    won = np.minimum(tried, rng.integers(0, 3, size=n))
    found = past_assignment(rep, {"c": level}, tried, won)
    order = rng.permutation(n)
    again = past_assignment(rep[order], {"c": level[order]}, tried[order], won[order])
    assert (found.by, round(found.p_value, 9)) == (again.by, round(again.p_value, 9))
    assert 0.0 <= found.elsewhere <= 1.0
    assert 0.0 <= found.p_value <= 1.0
    assert np.isfinite(found.favour)
    assert str(found)


@pytest.mark.parametrize(("ratio", "expected"), [(3.9, 7.26), (1.0, 1.0), (1 / 3.9, 7.26), (1.25, 1.81)])
def test_the_tipping_point_is_the_published_one(ratio, expected):
    # 3.9 -> 7.26 is the worked example of VanderWeele & Ding.
    assert tipping_point(ratio) == pytest.approx(expected, abs=0.005)


@given(st.floats(1.0, 20.0))
def test_a_hidden_quality_of_that_strength_explains_the_ratio_and_no_weaker_one_does(ratio):
    strength = tipping_point(ratio)
    # The most that one quality of strengths a and b explains is ab / (a + b - 1) (Ding & VanderWeele 2016).
    assert strength**2 / (2.0 * strength - 1.0) == pytest.approx(ratio, rel=1e-9)
