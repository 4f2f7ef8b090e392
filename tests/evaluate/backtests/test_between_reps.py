"""Reps are compared with those who have leads at the same time, and who never has any is named."""

from datetime import date, timedelta

import numpy as np

from leadopt.evaluate import backtest
from leadopt.evaluate.backtests.verdict import REPS_ONLY, UNKNOWN
from leadopt.learning.effects.logistic import sigmoid
from tests import many_seeds, seeds


def shifts(seed, n=700, *, level=0.6, mixed=0.0, strong=0.0):
    """Eight reps, alike if not `strong`, of whom four work in the months in which conversion is high."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, 360, n))
    high = day // 30 % 2
    rep = rng.integers(4, size=n) + 4 * np.where(rng.random(n) < mixed, rng.integers(2, size=n), high)
    logit = -1.0 + level * (2 * high - 1) + strong * rng.normal(size=8)[rep]
    return {
        "rep_id": [f"r{one}" for one in rep],
        "converted": (rng.random(n) < sigmoid(logit)).astype(int).tolist(),
        "at": [str(date(2025, 1, 1) + timedelta(int(one))) for one in day],
    }


@many_seeds
def test_what_is_the_seasons_is_not_credited_to_reps():
    said = [backtest(shifts(seed), segment_by=(), folds=2, now="2026-06-01") for seed in seeds(2, 40)]
    assert sum(one.verdict.decision != UNKNOWN for one in said) <= len(said) / 20
    for one in said:
        note = next(note for note in one.notes if "at different times" in note)
        groups = ("r0, r1, r2, r3", "r4, r5, r6, r7")
        assert any(
            f"2 groups of reps had their leads at different times ({', '.join(g)})" in note
            for g in (groups, groups[::-1])
        )
        assert not one.tests[0].told_apart and one.tests[0].needed is None


def test_reps_who_differ_and_work_in_mixed_shifts_are_told_apart():
    found = backtest(shifts(2, 2000, mixed=0.6, strong=0.7), segment_by=(), folds=2, now="2026-06-01")
    assert found.verdict.decision == REPS_ONLY
    assert found.tests[0].told_apart and not any("at different times" in note for note in found.notes)


def test_leads_are_of_the_time_at_which_they_were_assigned():
    """By the day of the outcome no team meets the other, and by that of the lead both are there all the time."""
    table = shifts(0, 400, level=0.0, mixed=1.0)
    by_end = table | {
        "at": [f"2026-0{1 + int(rep[1]) // 4}-0{1 + k % 9}" for k, rep in enumerate(table["rep_id"])],
    }
    assert any(
        "at different times" in note for note in backtest(by_end, segment_by=(), folds=2, now="2026-06-01").notes
    )
    both = by_end | {"assigned_at": table["at"]}
    assert not any(
        "at different times" in note for note in backtest(both, segment_by=(), folds=2, now="2026-06-01").notes
    )
