"""Columns that are filled in after the outcome are told from those that are known when a lead arrives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.history.foretold import LevelCounts, explained, why_foretold


def _levels(levels, won) -> LevelCounts:
    return LevelCounts.of(list(levels), np.asarray(won, dtype=np.int64), np.ones(len(levels), dtype=np.int64))


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), min_size=1, max_size=60), st.randoms())
def test_what_is_explained_depends_on_no_order_and_is_at_most_all(rows, random):
    found = explained(_levels(*zip(*rows, strict=True)))
    random.shuffle(rows)
    assert explained(_levels(*zip(*rows, strict=True))) == pytest.approx(found, abs=1e-12)
    assert found <= 1.0


@given(st.integers(0, 10**6), st.integers(2, 50), st.sampled_from([60, 300, 3000]))
def test_a_column_without_signal_explains_nothing_by_accident(seed, n_levels, n):
    rng = np.random.default_rng(seed)
    found = explained(_levels(rng.integers(n_levels, size=n).tolist(), rng.random(n) < 0.3))
    assert found < 0.15


@pytest.mark.parametrize("rate", [0.1, 0.5])
@pytest.mark.parametrize("wrong", [0.0, 0.1])
def test_a_stage_is_told_with_and_without_leads_to_come(rate, wrong):
    rng = np.random.default_rng(0)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        won = rng.random(300) < rate
        stage = np.where(rng.random(300) < wrong, "other", np.where(won, "Closed Won", "Closed Lost"))
        for coming in (None, {}, {"New": 12}):
            assert "tells" in (why_foretold(_levels(stage.tolist(), won), coming) or "")


def test_a_reason_for_loss_that_is_filled_in_half_the_time_is_told_by_the_leads_that_lack_it():
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        won = rng.random(2000) < 0.1
        reason = np.where(won | (rng.random(2000) < 0.5), None, rng.choice(["price", "rival"], 2000))
        said = why_foretold(_levels(reason.tolist(), won), {None: 50})
        found += said is not None and "only ever lost" in said and "0% of the leads to come" in said
    assert found == 20


def test_junk_that_is_as_frequent_among_leads_to_come_is_no_reason_to_leave_a_column_out():
    rng = np.random.default_rng(1)
    won = rng.random(2000) < 0.1
    source = np.where(won | (rng.random(2000) < 0.5), "web", "junk")
    levels = _levels(source.tolist(), won)
    assert why_foretold(levels, {"web": 55, "junk": 45}) is None
    assert "0% of the leads to come" in (why_foretold(levels, {"web": 55}) or "")


@pytest.mark.parametrize(("n_levels", "spread"), [(2, 0.8), (6, 1.0), (20, 0.8), (50, 1.0)])
def test_strong_sources_stay(n_levels, spread):
    told = 0
    for seed in range(50):
        rng = np.random.default_rng([seed, n_levels])
        effect = rng.normal(0.0, spread, n_levels)
        level = rng.integers(n_levels, size=2000)
        won = rng.random(2000) < 1.0 / (1.0 + np.exp(2.0 - effect[level]))
        coming = dict(enumerate(np.bincount(rng.integers(n_levels, size=80), minlength=n_levels).tolist()))
        told += why_foretold(_levels(level.tolist(), won), coming) is not None
    assert told == 0


@pytest.mark.parametrize(
    ("levels", "won"), [([], []), (["a"], [1]), (["a"] * 9, [0] * 9), (["won"] * 9 + ["lost"] * 50, [1] * 9 + [0] * 50)]
)
def test_few_outcomes_tell_nothing(levels, won):
    assert why_foretold(_levels(levels, won), {"new": 3}) is None


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 10]), st.integers(2, 40))
def test_copies_of_leads_make_no_column_tell_the_outcome(seed, n_copies, n_levels):
    rng = np.random.default_rng(seed)
    rep, level, won = (np.repeat(rng.integers(size, size=120), n_copies) for size in (4, n_levels, 2))
    counts = LevelCounts.of(level.tolist(), won, np.ones(len(won), dtype=np.int64), rep.tolist())
    assert explained(counts) < 0.2
    assert why_foretold(counts) is None


def test_a_stage_is_told_by_the_outcomes_of_other_reps():
    rng = np.random.default_rng(3)
    won, rep = np.repeat(rng.integers(2, size=120), 5), np.repeat(rng.integers(4, size=120), 5)
    stage = np.where(won == 1, "Closed Won", "Closed Lost").tolist()
    assert "tells" in (why_foretold(LevelCounts.of(stage, won, np.ones(len(won), dtype=np.int64), rep.tolist())) or "")
