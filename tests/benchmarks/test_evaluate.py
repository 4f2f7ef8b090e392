"""The benchmarks of `leadopt.evaluate` measure what their tables say."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from benchmarks import off_policy_coverage, verdict_power, verdicts


def test_a_simulated_log_is_drawn_from_its_own_chances():
    log, chances, truth = off_policy_coverage.simulated(0, 4000)
    assert chances.sum(axis=1) == pytest.approx(np.ones(4000))
    assert 0.0 < truth < 1.0
    again, _, _ = off_policy_coverage.simulated(0, 4000)
    assert log == again
    # 1 / p of what was chosen averages the number of reps.
    assert np.mean(1.0 / np.array(log["chosen_with"])) == pytest.approx(off_policy_coverage.N_REPS, rel=0.1)
    _, sure, best = off_policy_coverage.simulated(0, 4000, sure=True)
    assert set(np.unique(sure)) == {0.0, 1.0} and best > truth


def test_a_line_counts_what_holds_the_truth(monkeypatch):
    monkeypatch.setattr(off_policy_coverage, "ROWS", 300)
    line = off_policy_coverage.covered(False, "chosen_with", 2)
    assert set(line.held) == set(off_policy_coverage.METHODS)
    assert len(line.cells) == len(line.HEAD)
    held = off_policy_coverage.Covered(
        policy="soft", propensities="known", held=dict.fromkeys(line.held, 0.9), bias=0, refused=0
    )
    assert held.cells[-1] == "yes"
    assert (
        off_policy_coverage.Covered(
            policy="soft", propensities="known", held=dict.fromkeys(line.held, 0.7), bias=0, refused=0
        ).cells[-1]
        == "**no**"
    )


def test_a_line_counts_verdicts_and_the_wrong_ones():
    line = verdicts.said("nobody matters", 100, 2)
    assert line.said.total() == 2
    assert len(line.cells) == len(line.HEAD)
    said = Counter(dict.fromkeys(verdicts.DECISIONS, 1))
    wrong = [verdicts.Said(world=world, n="9", said=said).wrong for world in verdicts.WORLDS]
    assert wrong == [*([2] * 8), 1]
    counts = [Counter({"use it": n, "reps alone": 200 - n}) for n in (6, 7)]
    lines = [verdicts.Said(world="reps differ", n="all", said=said, judged=True) for said in counts]
    assert [line.cells[-1] for line in lines] == ["yes", "**no**"]


def test_copies_and_columns_that_tell_the_outcome_are_as_they_are_called():
    copied = verdicts.history("nobody matters, rows are copied", 400, 0)
    rows = list(zip(copied["rep_id"], copied["source"], copied["converted"], strict=True))
    assert sum(one == other for one, other in pairwise(rows)) > 150
    assert verdicts.said("nobody matters, a column tells the outcome", 300, 2).said == {verdicts.REFUSED: 2}


def test_a_line_counts_what_is_seen_of_a_floor():
    line = verdict_power.power(0.5, 300, 2)
    assert len(line.cells) == len(line.HEAD) and line.cells[-1] == "-"
    sure, never = np.ones(2), np.zeros(2)
    met = verdict_power.Power(worth=sure / 10, n=9, seen=sure, used=sure, share=sure / 20)
    missed = verdict_power.Power(worth=sure / 10, n=9, seen=sure, used=never, share=sure / 20)
    assert (met.cells[-1], missed.cells[-1]) == ("yes", "**no**")
