"""Histories whose wins take longer than losses, or the other way round: nothing is judged by who was quick."""

import numpy as np
import pytest

from leadopt import AffinityModel, InvalidInput, Policy
from leadopt.evaluate import Floor, backtest, off_policy, simulate
from leadopt.evaluate.history.as_of import known_by
from leadopt.evaluate.history.records import read_records
from leadopt.evaluate.seasons.simulate import _past
from leadopt.evaluate.seasons.stream import Stream
from leadopt.learning.delays.delays import LOST, WON
from leadopt.tables.columns import Columns
from tests import many_seeds, seeds

DAY, DAYS = np.datetime64("2025-01-01"), 365


def floor(seed, wins, losses, n=2500, chances=(0.25,) * 8, growing=False, until=DAYS):
    """Leads of reps with these chances; the last two got theirs late, or all reps have more and more of them."""
    rng = np.random.default_rng(seed)
    reps = len(chances)
    rep, late = rng.integers(reps, size=n), rng.uniform(DAYS - 100, DAYS, n)
    day = DAYS * rng.random(n) ** 0.4 if growing else np.where(rep >= reps - 2, late, rng.uniform(0, DAYS, n))
    won = rng.random(n) < np.array(chances)[rep]
    end = day.astype(int) + rng.exponential(np.where(won, wins, losses)).astype(int)
    known = end < until
    return {
        "lead_id": list(range(n)),
        "rep_id": [f"r{one}" for one in rep],
        "assigned_at": [str(DAY + int(one)) for one in day],
        "at": [str(DAY + int(one)) if there else None for one, there in zip(end, known, strict=True)],
        "converted": [int(one) if there else None for one, there in zip(won, known, strict=True)],
    }


def without(rows, column):
    return {name: cells for name, cells in rows.items() if name != column}


@many_seeds
@pytest.mark.parametrize(("wins", "losses"), [(45, 15), (15, 45)])
def test_a_backtest_finds_nothing_where_reps_differ_in_nothing_but_when_they_came(wins, losses):
    found = [backtest(floor([1, seed], wins, losses), now="2026-06-01") for seed in seeds(4, 40)]
    assert sum(one.verdict.decision == "reps alone" for one in found) <= len(found) / 4
    for one in found:
        (average, *_) = (score for score in one.scores if score.method == "global")
        judged = one.won.mean()
        entropy = -(judged * np.log(judged) + (1 - judged) * np.log1p(-judged))
        assert average.log_loss == pytest.approx(entropy, abs=0.006)  # the level is right, though wins come late


def test_a_backtest_finds_reps_who_differ():
    rows = floor(2, 45, 15, n=4000, chances=(0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.1))
    found = backtest(rows, now="2026-06-01")
    assert found.verdict.decision == "reps alone"
    assert found.scheme.startswith("Rolling origin by assigned_at: ")
    assert "each by what was known when its first lead came" in found.scheme
    n_open = sum(one is None for one in rows["converted"])
    assert f"{n_open:,} rows without an outcome yet: learned from by how long they are open, not judged." in found.notes
    assert any("of the latest leads: not judged, as too many of them ended quickly." in note for note in found.notes)


def test_what_was_known_at_a_moment():
    rows = floor(3, 20, 20, n=400)
    records = read_records(rows, segment_by=(), columns=Columns())
    moment = float((DAY + 200 - np.datetime64("1970-01-01")).astype(float)) * 86400.0
    known = known_by(records.everything, moment, "converted")
    begun, ended = (np.array([one or "9999-01-01" for one in rows[name]], "M8[D]") for name in ("assigned_at", "at"))
    there = begun < DAY + 200
    assert known.settled.tolist() == (ended < DAY + 200).tolist()
    assert known.still_open.tolist() == np.flatnonzero(there & (ended >= DAY + 200)).tolist()
    assert known.table.n_rows == there.sum()
    told = known.table.values("converted")
    assert told.count("") == len(known.still_open)
    won = np.array([one == 1 for one in rows["converted"]])
    assert told.count("won") == (won & (ended < DAY + 200)).sum()


def test_judged_are_leads_that_nearly_all_are_settled():
    records = read_records(floor(4, 40, 10, n=4000), segment_by=(), columns=Columns())
    age = (np.nanmax(records.time) - records.began) / 86400.0
    took = (records.time - records.began) / 86400.0
    horizon = np.quantile(took[records.won == 1], 0.9)
    assert records.mature().tolist() == (age >= horizon).tolist()
    assert records.won[records.mature()].mean() == pytest.approx(0.25, abs=0.03)
    plain = read_records(without(floor(4, 40, 10), "assigned_at"), segment_by=(), columns=Columns())
    assert plain.mature().all() and plain.everything is None


@pytest.mark.parametrize(("wins", "losses"), [(45, 15), (15, 45)])
def test_a_log_that_grows_is_not_judged_by_its_quick_outcomes(wins, losses):
    rows = floor(5, wins, losses, n=6000, growing=True)
    chances = np.full((6000, 8), 1 / 8)
    found, plain = (off_policy(one, chances) for one in (rows, without(rows, "assigned_at")))
    assert found.value.low <= 0.25 <= found.value.high
    assert found.estimate("log").value == pytest.approx(0.25, abs=0.02)
    assert not plain.value.low <= 0.25 <= plain.value.high  # as if wins and losses took equally long
    assert any("younger than most are when they end: left out." in note for note in found.notes)
    assert any("left out, as if wins and losses took equally long." in note for note in plain.notes)


def test_in_a_season_outcomes_are_known_when_they_come():
    slow = Floor(n_reps=6, n_newcomers=2, leads_a_rep=60, win_days=60.0, loss_days=10.0)
    stream = Stream.draw(slow, 1, 2, 3, np.random.default_rng(7))
    player = _past(stream)[0]
    last = max(batch.day for batch in stream.batches if batch.season < 0)
    known, truth = player.known(last), player.history
    still = [one is None for one in known["converted"]]
    assert known["assigned_at"] == truth["assigned_at"]
    assert still == [one is None for one in known["at"]] == [at > last for at in truth["at"]]
    of_open, of_settled = (
        np.mean([w for w, s in zip(truth["converted"], still, strict=True) if s == e]) for e in (1, 0)
    )
    assert of_open > 1.5 * of_settled  # wins take longer
    assert all(begun <= at for begun, at in zip(truth["assigned_at"], truth["at"], strict=True))
    learned = AffinityModel(segment_by=("industry", "source"), now=last).fit(known).delays_
    assert learned.usual(WON) > learned.usual(LOST)


def test_seasons_with_delays_are_played():
    policies = {"round robin": "round robin", "performance": "performance", "leadopt": Policy()}
    slow = Floor(n_reps=4, n_newcomers=1, leads_a_rep=20, win_days=60.0, loss_days=10.0)
    found = simulate(slow, policies, seasons=1, past_seasons=1, batches=2, n_runs=2)
    assert {row["policy"] for row in found.frame()} == {"before", *policies}
    with pytest.raises(InvalidInput, match=r"floor\.win_days: must be a number, 0 or more; found -1"):
        Floor(win_days=-1)


@pytest.mark.parametrize("evaluate", [lambda rows: backtest(rows, now="2026-06-01"), lambda rows: off_policy(rows, {})])
def test_outcomes_older_than_their_leads_are_refused(evaluate):
    rows = floor(6, 20, 20, n=50)
    row = rows["at"].index(next(one for one in rows["at"] if one is not None))
    rows["at"][row] = "2024-12-30"
    with pytest.raises(InvalidInput, match=rf"at, row {row + 1}: a lead cannot be settled before it was assigned"):
        evaluate(rows)
