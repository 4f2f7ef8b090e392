"""Rows that are one event are counted as one; busy days, coarse dates and strong cells are no repeats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.affinity import AffinityModel
from leadopt.learning.history.repeats import Repeats, of_one_day, repeats, shared_by_chance
from leadopt.tables.cells.coded import Coded


def _floor(seed, n, n_reps, n_segments, n_days, copies=1, cell_spread=0.25, share=1.0, base=-1.0) -> Repeats:
    rng = np.random.default_rng(seed)
    rep, segment, day = rng.integers(n_reps, size=n), rng.integers(n_segments, size=n), rng.integers(n_days, size=n)
    logit = base + rng.normal(0, 0.3, n_reps)[rep] + rng.normal(0, 0.5, n_segments)[segment]
    logit += rng.normal(0, cell_spread, (n_reps, n_segments))[rep, segment]
    won = rng.random(n) < 1 / (1 + np.exp(-logit))
    row = np.repeat(np.arange(n), np.where(rng.random(n) < share, copies, 1))
    groups, place = np.unique(np.stack([rep, segment, day])[:, row], axis=1, return_inverse=True)
    place = place.ravel()
    tried, wins = np.bincount(place).astype(float), np.bincount(place, won[row]).astype(float)
    cell = np.unique(groups[:2], axis=1, return_inverse=True)[1].ravel()
    moment = np.unique(groups[2], return_inverse=True)[1]
    return repeats(groups[0], groups[1], tried, wins, by_chance=shared_by_chance(cell, moment, tried))


@pytest.mark.parametrize(
    ("n", "copies", "share", "base"),
    [(120, 12, 1.0, 0.0), (1000, 2, 1.0, -1.0), (1000, 2, 0.1, -1.0), (2000, 3, 1.0, -4.0)],
)
def test_copies_are_counted_once(n, copies, share, base):
    for seed in range(10):
        found = _floor(seed, n, 23, 18, 500, copies, share=share, base=base)
        assert found.found
        assert found.n_effective == pytest.approx(n, rel=0.03)


@pytest.mark.parametrize(
    ("n", "n_reps", "n_segments", "n_days", "cell_spread"),
    [
        (1440, 23, 18, 500, 0.0),
        (5000, 4, 3, 100, 0.25),
        (5000, 23, 18, 1, 1.0),
        (5000, 23, 18, 12, 0.25),
        (1000, 20, 20, 500, 1.0),
        (300, 20, 20, 30, 1.0),
    ],
)
def test_what_happens_by_luck_is_no_repeat(n, n_reps, n_segments, n_days, cell_spread):
    for seed in range(20):
        found = _floor(seed, n, n_reps, n_segments, n_days, cell_spread=cell_spread)
        assert not found.found
        assert found.note("a day") is None


@given(st.integers(0, 10**6), st.integers(0, 30))
def test_weights_lie_between_one_row_a_group_and_all(seed, n):
    rng = np.random.default_rng(seed)
    tried = rng.integers(1, 9, size=n).astype(float)
    won = np.where(rng.random(n) < 0.5, tried, 0.0)
    found = repeats(rng.integers(3, size=n), rng.integers(2, size=n), tried, won)
    assert ((found.weight * tried >= 1.0 - 1e-12) & (found.weight <= 1.0)).all()
    assert n - 1e-9 <= found.n_effective <= tried.sum() + 1e-9


def test_a_model_learns_from_line_items_what_it_learns_from_deals():
    rng = np.random.default_rng(5)
    deals = [
        {"rep_id": f"r{rng.integers(8)}", "area": f"a{rng.integers(6)}", "converted": bool(rng.random() < 0.4)}
        | {"at": str(np.datetime64("2025-01-01") + int(rng.integers(300)))}
        for _ in range(200)
    ]
    once, often = (
        AffinityModel(segment_by="area").fit([deal for deal in deals for _ in range(lines)]) for lines in (1, 7)
    )
    assert often.n_outcomes_ == 1400
    assert any("all count as 2" in note or "all count as 1" in note for note in often.notes_)
    assert not any("count as" in note for note in once.notes_)
    rows = [{"rep_id": f"r{k % 8}", "area": f"a{k % 6}"} for k in range(48)]
    assert often.probability(rows) == pytest.approx(once.probability(rows), abs=0.01)


def test_how_far_outcomes_repeat_does_not_depend_on_their_order():
    rng = np.random.default_rng(7)
    deal = np.repeat(np.arange(120), 3)
    day, won = rng.integers(300, size=120)[deal], (rng.random(120) < 0.4)[deal].astype(np.int64)
    won[rng.random(360) < 0.1] ^= 1
    weights = set()
    for seed in range(4):
        row = np.random.default_rng(seed).permutation(360)
        reps, areas = (Coded.of([f"{name}{one % n}" for one in deal[row]]) for name, n in (("r", 7), ("a", 5)))
        found, weight = of_one_day(reps, [areas], day[row], np.ones(360, dtype=np.int64), won[row])
        assert found.found
        weights.add((found.correlation, weight[np.argsort(row)].tobytes()))
    assert len(weights) == 1
