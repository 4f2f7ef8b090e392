"""Which columns a backtest takes for segments, and which it refuses."""

import numpy as np
import pytest

import leadopt
from leadopt.errors import InvalidInput
from leadopt.evaluate import backtest
from tests import many_seeds, seeds


def _history(seed=0, n=1000):
    rng = np.random.default_rng(seed)
    won = rng.random(n) < 0.7
    rep = rng.integers(8, size=n)
    return {
        "rep_id": [f"R{k}" for k in rep],
        "team": [("north", "south")[k % 2] for k in rep],
        "source": rng.choice(["web", "fair"], n).tolist(),
        "stage": ["Closed Won" if one else "Closed Lost" for one in won],
        "converted": won.tolist(),
        "at": [str(np.datetime64("2025-01-01") + k // 4) for k in range(n)],
    }


def test_a_stage_that_is_named_is_refused_unless_somebody_insists():
    history = _history()
    with pytest.raises(InvalidInput, match=r"'stage' seems to be filled in after the outcome \(it alone tells 100%"):
        backtest(history, segment_by="stage", now="2026-01-01")
    assert backtest(history, segment_by="stage", known_before="stage", now="2026-01-01").segment_by == ("stage",)


@many_seeds
def test_chance_beside_a_stage_decides_nothing():
    decisions = [backtest(_history(seed), now="2026-01-01").verdict.decision for seed in seeds(4, 40)]
    assert decisions.count("use it") <= len(decisions) / 10


def test_the_same_segments_as_assign_finds():
    history = _history()
    found = backtest(history, now="2026-01-01")
    leads = {"lead_id": range(40), "source": ["web"] * 40, "stage": ["New"] * 40}
    plan = leadopt.assign(leads, [{"rep_id": f"R{k}", "capacity": 5} for k in range(8)], history)
    assert plan.case.evidence is not None
    assert found.segment_by == plan.case.evidence.segment_by == ("source",)
    assert "team describes reps and not leads: no segment." in found.notes
    assert any(note.startswith("stage is no segment") for note in found.notes)


def test_nothing_is_found_where_none_is_asked_for():
    assert backtest(_history(), segment_by=(), now="2026-01-01").segment_by == ()


def test_who_insists_on_a_column_that_makes_no_segment_is_told():
    for segments in ("source", None):
        with pytest.raises(InvalidInput, match=r"known_before: 'stage' is none of the segments \(source\); name it"):
            backtest(_history(), segment_by=segments, known_before="stage", now="2026-01-01")
