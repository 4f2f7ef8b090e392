"""How long wins and losses take: learned from simulated leads whose truth is known, and what is made of it."""

import numpy as np
import pytest

from leadopt import AffinityModel, InvalidInput
from leadopt.learning.delays.delays import LOST, WON, Ages, learn_delays
from tests import many_seeds, seeds

DAY = np.datetime64("2025-01-01")
DAYS = 365


def simulated(seed, wins, losses, n=3000, n_reps=10, never=0.0, draw=None, until=DAYS, since=0):
    """Leads of a year, settled or open at its end; the last two reps have a chance of .25 and got leads late alone.

    `wins`, `losses` are mean days, by source if there are several; the others got leads since the day `since`.
    """
    rng = np.random.default_rng(seed)
    wins, losses = np.atleast_1d(wins), np.atleast_1d(losses)
    rep, source = rng.integers(n_reps, size=n), rng.integers(len(wins), size=n)
    begun = np.where(rep >= n_reps - 2, rng.uniform(DAYS - 40, DAYS, n), rng.uniform(since, DAYS, n)).astype(int)
    logit = -np.log(3) + np.append(rng.normal(0, 0.4, n_reps - 2), [0, 0])
    won = rng.random(n) < 1 / (1 + np.exp(-logit[rep]))
    took = (draw or rng.exponential)(np.where(won, wins[source], losses[source]))
    end = begun + np.where(rng.random(n) < never, 10**6, took.astype(int))
    settled = end < until
    rows = {
        "rep_id": [f"r{number}" for number in rep],
        "assigned_at": [str(DAY + int(day)) for day in begun],
        "at": [str(DAY + int(day)) if known else None for day, known in zip(end, settled, strict=True)],
        "converted": [int(one) if known else None for one, known in zip(won, settled, strict=True)],
    }
    return (rows | {"source": [f"s{number}" for number in source]}) if len(wins) > 1 else rows


def ages_of(rows, **changed):
    """Return the numbers of such leads as `learn_delays` takes them, of one kind."""
    begun, ended = (
        np.array([-1 if day is None else int((np.datetime64(day) - DAY).astype(int)) for day in rows[name]])
        for name in ("assigned_at", "at")
    )
    settled, rep = ended >= 0, np.array([int(one[1:]) for one in rows["rep_id"]])
    won = np.array([one or 0 for one in rows["converted"]])
    none = np.zeros(len(rep), dtype=np.int64)
    of_settled = {"kind": none[settled], "won": won[settled], "days": (ended - begun)[settled]}
    of_open = {"open_rep": rep[~settled], "open_kind": none[~settled], "open_days": (DAYS - 1 - begun)[~settled]}
    zeros = {"entry": none[settled], "open_entry": none[~settled]}
    return Ages(
        **zeros,
        **of_settled | of_open | {
            "count": none[settled] + 1,
            "open_count": np.ones((~settled).sum()),
            "settled_rep": rep[settled],
            "settled_kind": none[settled],
            "settled_won": won[settled],
            "settled_count": np.ones(settled.sum()),
            "n_reps": int(rep.max()) + 1,
            "n_kinds": 1,
        } | changed
    )  # fmt: skip


def newcomers(rows, **settings):
    model = AffinityModel(**settings).fit(rows)
    asked = {"rep_id": ["r8", "r9"]}
    return model.probability(asked), model.interval(asked)


@pytest.mark.parametrize(("wins", "losses"), [(45, 15), (15, 45)])
def test_delays_are_those_that_were_drawn_not_those_that_are_settled(wins, losses):
    found = learn_delays(ages_of(simulated(1, wins, losses, n=20_000)))[0]
    days = np.array([5, 10, 20, 40, 80])
    for outcome, mean in ((WON, wins), (LOST, losses)):
        truth = np.exp(-(days + 1) / mean)
        assert found.still_open(outcome, days, np.zeros(5, dtype=np.int64)) == pytest.approx(truth, abs=0.03)
        assert found.usual(outcome) == pytest.approx(np.log(2) * mean, abs=2)
    assert found.never < 0.01


def test_survival_falls_from_1_to_0_and_does_not_end_with_the_longest_delay_seen():
    rows = simulated(2, 20, 5, n=400)
    found, days = learn_delays(ages_of(rows))[0], np.arange(2000)
    for outcome in (WON, LOST):
        part = found.still_open(outcome, days, np.zeros(2000, dtype=np.int64))
        assert (np.diff(part) <= 0).all() and part[0] <= 1.0 and 0.0 < part[300] < 0.05


def test_leads_that_nobody_settles_are_found_and_tell_nothing():
    rows = simulated(3, 20, 20, n=6000, never=0.1)
    found = learn_delays(ages_of(rows))[0]
    assert found.never == pytest.approx(0.1, abs=0.02)
    won, lost = found.shares(np.array([0.3]), np.array([300]), np.array([0]))
    assert won[0] + lost[0] < 0.01
    assert any("as if nobody ever settles them" in note for note in AffinityModel().fit(rows).notes_)


def test_kinds_have_paces_of_their_own_where_they_differ_and_none_where_they_do_not():
    model = AffinityModel(segment_by="source").fit(simulated(4, [60, 10], [10, 60], n=6000))
    pace = model.delays_.paces
    assert pace[WON, 1] / pace[WON, 0] == pytest.approx(6, rel=0.35)
    assert pace[LOST, 0] / pace[LOST, 1] == pytest.approx(6, rel=0.35)
    alike = AffinityModel(segment_by="source").fit(simulated(5, [30, 30], [15, 15], n=6000)).delays_.paces
    assert alike == pytest.approx(1.0, abs=0.12)


@many_seeds
@pytest.mark.parametrize(("wins", "losses"), [(45, 15), (15, 45), (30, 30)])
def test_newcomers_are_estimated_without_bias_whichever_takes_longer(wins, losses):
    found = [newcomers(simulated([6, seed], wins, losses)) for seed in seeds(6, 60)]
    estimates, intervals = (np.concatenate(each) for each in zip(*found, strict=True))
    assert estimates.mean() == pytest.approx(0.25, abs=0.02)  # .18 and .37 where open leads are left out
    assert ((intervals[:, 0] <= 0.25) & (intervals[:, 1] >= 0.25)).mean() >= 0.75


@many_seeds
def test_a_short_history_of_slow_losses_looks_no_better_than_it_is():
    """It did, by .039, where delays had more bins, and those of wins and losses leaned on each other more."""
    reps, more = {"rep_id": [f"r{rep}" for rep in range(10)]}, []
    for seed in seeds(12, 40):
        waited, known = (
            AffinityModel(drift=False).fit(simulated(seed, 15, 45, n=600, since=DAYS - 120, until=until))
            for until in (DAYS, 10**6)
        )
        more.append((waited.probability(reps) - known.probability(reps)).mean())
    assert abs(np.mean(more)) < 0.025


def test_nothing_is_lost_where_both_ends_take_as_long():
    rows = simulated(7, 30, 30, n=6000)
    plain = {name: column for name, column in rows.items() if name != "assigned_at"}
    (with_ages, _), (without, _) = newcomers(rows), newcomers(plain)
    assert with_ages == pytest.approx(without, abs=0.02)


def test_segments_that_differ_in_delays_and_chances_are_told_apart():
    rng = np.random.default_rng(8)
    draw = lambda mean: rng.gamma(3.0, mean / 3.0)  # noqa: E731
    rows = simulated(8, [90, 10], [10, 40], n=8000, draw=draw)
    model = AffinityModel(segment_by="source").fit(rows)
    asked = {"rep_id": ["r8", "r9"] * 2, "source": ["s0", "s0", "s1", "s1"]}
    plain = AffinityModel(segment_by="source").fit({k: v for k, v in rows.items() if k != "assigned_at"})
    assert model.probability(asked) == pytest.approx(0.25, abs=0.1)
    assert np.abs(model.probability(asked) - 0.25).mean() < 0.5 * np.abs(plain.probability(asked) - 0.25).mean()


def test_an_open_lead_carries_less_than_an_outcome():
    def width(**how):
        found = [newcomers(simulated([9, seed], 45, 15, **how))[1] for seed in range(4)]
        return np.mean([np.diff(np.log(each / (1 - each)), axis=1) for each in found])

    assert width() > 1.3 * width(until=10**6)  # all the same leads, once all of them are settled


def test_one_rep_and_few_outcomes_are_enough_and_count_little():
    few = simulated(10, 45, 15, n=25, n_reps=3)
    alone = {name: [cell for cell, rep in zip(column, few["rep_id"], strict=True) if rep == "r0"]
             for name, column in few.items()}  # fmt: skip
    for rows in (few, alone):
        model = AffinityModel().fit(rows)
        low, high = model.interval({"rep_id": ["r0"]})[0]
        assert 0.0 < low < model.probability({"rep_id": ["r0"]})[0] < high < 1.0


@many_seeds
def test_weights_and_a_half_life_count_open_leads_too():
    rows = simulated(11, 45, 15)
    heavy = rows | {"weight": [3.0] * len(rows["rep_id"])}
    thrice = {name: column * 3 for name, column in rows.items()}
    one, other = (AffinityModel(**how).fit(each) for how, each in (({"weight": "weight"}, heavy), ({}, thrice)))
    asked = {"rep_id": ["r0", "r8"]}
    assert one.probability(asked) == pytest.approx(other.probability(asked), abs=0.01)
    aged = [newcomers(simulated([11, seed], 45, 15), half_life_days=90.0)[0] for seed in seeds(6, 60)]
    assert np.mean(aged) == pytest.approx(0.25, abs=0.02)


def test_what_an_open_lead_becomes_is_what_its_age_leaves():
    rows = simulated(12, 45, 15, n=8000)
    model = AffinityModel().fit(rows)
    asked = {"rep_id": ["r8"] * 2, "assigned_at": [str(DAY + 364), str(DAY + 314)]}
    young, old = model.open_chances(asked)
    assert young[0] == pytest.approx(model.probability(asked)[0], abs=0.02)
    p = model.probability(asked)[0]
    won, lost = p * np.exp(-51 / 45), (1 - p) * np.exp(-51 / 15)
    assert old[0] == pytest.approx(won / (won + lost), abs=0.05)
    with pytest.raises(InvalidInput, match=r"rows\.assigned_at, row 1: must be a date"):
        model.open_chances({"rep_id": ["r8"], "assigned_at": [None]})
    with pytest.raises(InvalidInput, match="no open leads from which delays are known"):
        AffinityModel().fit({"rep_id": ["a"], "converted": [1]}).open_chances(asked)


def test_the_order_of_rows_changes_no_digit():
    rows = simulated(13, [60, 10], [10, 40], n=1500) | {"weight": np.random.default_rng(0).random(1500).tolist()}
    order = np.random.default_rng(1).permutation(1500)
    turned = {name: [column[row] for row in order.tolist()] for name, column in rows.items()}
    for how in ({}, {"weight": "weight"}, {"half_life_days": 90.0}):
        one, other = (AffinityModel(segment_by="source", **how).fit(each).probability(rows) for each in (rows, turned))
        assert one.tolist() == other.tolist()


@many_seeds
@pytest.mark.parametrize(("wins", "losses"), [(45, 15), (15, 45)])
def test_a_history_cut_by_the_day_of_closing_is_taken_for_that(wins, losses):
    errors = []
    for seed in seeds(4, 40):
        rows = simulated([14, seed], wins, losses, n=6000)
        kept = [row for row, at in enumerate(rows["at"]) if at is None or at >= "2025-10-01"]
        found, _ = newcomers({name: [column[row] for row in kept] for name, column in rows.items()})
        errors.append(found - 0.25)
    assert np.mean(errors) == pytest.approx(0.0, abs=0.025)  # -.10 and .13 where open leads are left out


def test_leads_that_ended_before_history_begins_do_not_make_delays_longer():
    rows = simulated(15, 30, 30, n=12_000)
    kept = [row for row, at in enumerate(rows["at"]) if at is None or at >= "2025-07-01"]
    model = AffinityModel().fit({name: [column[row] for row in kept] for name, column in rows.items()})
    assert model.delays_.usual(WON) == pytest.approx(np.log(2) * 30, abs=3)
    assert model.delays_.usual(LOST) == pytest.approx(np.log(2) * 30, abs=3)
