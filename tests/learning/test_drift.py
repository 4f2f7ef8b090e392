"""A level that drifts: found where it does, left alone where it stays, and honest about what it may still do."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from leadopt import AffinityModel, Policy, assign
from leadopt.evaluate import plan_value
from leadopt.learning.course import Course
from leadopt.learning.drift import drifts, loss_of_structure, settled_level
from leadopt.learning.effects.families import fit_chances
from leadopt.learning.effects.logistic import sigmoid
from leadopt.learning.history.settling import read_settling
from leadopt.score_model import ScoreModel
from leadopt.tables import Table
from tests import many_seeds, seeds
from tests.learning.effects.test_level import wandering

FIRST, N_DAYS = dt.date(2025, 1, 1), 364
STRENGTH = {"Ann": 0.5, "Bo": -0.2, "Cy": 0.1, "Di": -0.5}
SOURCES = {"web": 0.6, "fair": -0.6, "call": 0.0}


def history_of(seed, *, spread=0.0, memory=60.0, n=3000, n_days=N_DAYS, path=None):
    """Return a history whose level wanders (or goes a path), and the level of each day and 60 more."""
    rng = np.random.default_rng([seed, 4])
    level = wandering(rng, n_days + 60, spread, memory) if path is None else path
    rep, source = rng.choice(list(STRENGTH), n), rng.choice(list(SOURCES), n)
    day = rng.integers(0, n_days, n)
    logit = -1.3 + np.array([STRENGTH[one] for one in rep]) + np.array([SOURCES[one] for one in source])
    return {
        "rep_id": rep.tolist(),
        "source": source.tolist(),
        "converted": (rng.random(n) < sigmoid(logit + level[day])).astype(int).tolist(),
        "at": [FIRST + dt.timedelta(int(one)) for one in day],
    }, level


def model_of(history, **settings):
    return AffinityModel(segment_by="source", **settings).fit(history)


PAIRS = [{"rep_id": rep, "source": source} for rep in STRENGTH for source in SOURCES]
DROP = np.where(np.arange(N_DAYS + 60) < 200, 0.6, -0.6)


def true_rates(level):
    return sigmoid(np.array([-1.3 + STRENGTH[row["rep_id"]] + SOURCES[row["source"]] + level for row in PAIRS]))


@many_seeds
def test_a_level_that_fell_counts_as_it_is_now():
    errors = []
    for seed in seeds(3, 30):
        history, _ = history_of(seed, path=DROP)
        drifting, plain = model_of(history), model_of(history, drift=False)
        errors.append([np.abs(model.probability(PAIRS) - true_rates(-0.6)).mean() for model in (drifting, plain)])
    error, usual = np.mean(errors, axis=0)
    assert error < 0.35 * usual
    (note,) = drifting.notes_
    assert "the level of conversion wandered between" in note and "as no assigned_at tells how long leads take" in note
    assert drifting.strengths_["level over time"] > 0.3
    assert drifting.variance_components()[-1]["family"] == "level over time"
    assert not plain.notes_ and "level over time" not in plain.strengths_


def test_where_the_level_stays_chances_are_what_they_were():
    for seed in range(4):
        history, _ = history_of(seed)
        drifting, plain = model_of(history), model_of(history, drift=False)
        assert not drifting.notes_
        assert drifting.probability(PAIRS) == pytest.approx(plain.probability(PAIRS), abs=5e-3)
        width, usual = (np.diff(model.interval(PAIRS), axis=1).mean() for model in (drifting, plain))
        assert usual - 1e-9 <= width < 1.15 * usual


def test_without_dates_nothing_changes():
    history, _ = history_of(0, spread=0.5)
    del history["at"]
    one, other = model_of(history), model_of(history, drift=False)
    assert (one.probability(PAIRS) == other.probability(PAIRS)).all()
    assert (one.interval(PAIRS) == other.interval(PAIRS)).all() and one.notes_ == other.notes_ == []


def test_a_trend_is_followed_and_a_forecast_far_ahead_goes_back():
    history, _ = history_of(2, path=np.linspace(-1.0, 1.0, N_DAYS + 60))
    near = model_of(history).probability(PAIRS)
    last = max(history["at"])
    far = model_of(history, now=last + dt.timedelta(3000)).probability(PAIRS)
    usual = model_of(history, drift=False).probability(PAIRS)
    assert np.abs(near - true_rates(1.0)).mean() < 0.5 * np.abs(usual - true_rates(1.0)).mean()  # it lags behind
    assert np.abs(far - usual).mean() < 0.5 * np.abs(near - usual).mean()


def test_who_had_the_leads_of_good_times_is_no_better_for_it():
    rng, n = np.random.default_rng(3), 4000
    day = rng.integers(0, N_DAYS, n)
    early = day < 180
    rep = np.where(rng.random(n) < np.where(early, 0.85, 0.15), "Ann", "Bo")  # equally good
    won = rng.random(n) < sigmoid(np.where(early, -0.4, -1.8))
    history = {
        "rep_id": rep.tolist(),
        "converted": won.astype(int).tolist(),
        "at": [FIRST + dt.timedelta(int(d)) for d in day],
    }
    asked = [{"rep_id": "Ann"}, {"rep_id": "Bo"}]
    drifting, plain = (AffinityModel(drift=drift).fit(history).probability(asked) for drift in (True, False))
    assert plain[0] - plain[1] > 0.1
    assert abs(drifting[0] - drifting[1]) < 0.03
    assert drifting == pytest.approx([float(sigmoid(-1.8))] * 2, abs=0.04)


@pytest.mark.parametrize("written", ["text", "moments", "moments with a zone", "polars", "in another order"])
def test_how_dates_are_written_and_rows_are_ordered_does_not_matter(written):
    history, _ = history_of(5, path=DROP, n=1500)
    expected = model_of(history).probability(PAIRS)
    if written == "text":
        history["at"] = [day.isoformat() for day in history["at"]]
    elif written == "in another order":
        order = np.random.default_rng(0).permutation(1500).tolist()
        history = {name: [column[row] for row in order] for name, column in history.items()}
    elif written == "polars":
        history = pl.DataFrame(history)
    else:
        zone = dt.UTC if "zone" in written else None
        history["at"] = [dt.datetime.combine(day, dt.time(9, 30), tzinfo=zone) for day in history["at"]]
    assert (model_of(history).probability(PAIRS) == expected).all()


def test_a_day_without_a_date_or_after_today_is_told_and_the_level_stays():
    history, _ = history_of(1, path=DROP, n=600)
    plain = model_of(history, drift=False).probability(PAIRS)
    for wrong in (None, dt.date(2999, 1, 1), "some day"):
        at = [day.isoformat() for day in history["at"]]
        at[17] = wrong if wrong is None or isinstance(wrong, str) else wrong.isoformat()
        model = model_of(history | {"at": at})
        assert (model.probability(PAIRS) == plain).all()
        (note,) = model.notes_
        assert note.startswith("the level of conversion is taken to stay, as it was: history.at, row 18: ")


@pytest.mark.parametrize(
    "days",
    [[0] * 60, [0, 1, 2] * 20, [0, 700] * 30, list(range(0, 3660, 61)), [0] * 30 + list(range(400, 430))],
    ids=["one day", "three days", "two days far apart", "ten years", "a gap of a year"],
)
@pytest.mark.parametrize("won", ["some", "all", "none", "late"])
def test_any_history_gives_chances(days, won):
    outcome = {"some": [k % 3 == 0 for k in range(60)], "all": [True] * 60, "none": [False] * 60}
    converted = outcome.get(won, [k >= 40 for k in range(60)])
    rows = {
        "rep_id": ["Ann", "Bo"] * 30,
        "converted": [int(one) for one in converted],
        "at": [FIRST + dt.timedelta(day - 4000) for day in days],
    }
    for settings in ({}, {"half_life_days": 90, "now": "2026-01-01"}, {"half_life_days": "learn"}):
        model = AffinityModel(**settings).fit(rows)
        chance, interval = model.probability([{"rep_id": "Ann"}]), model.interval([{"rep_id": "Ann"}])
        assert (interval[:, 0] <= chance).all() and (chance <= interval[:, 1]).all()
        assert ((interval > 0.0) & (interval < 1.0)).all()


def test_one_rep_alone_and_weights():
    history, _ = history_of(1, path=DROP, n=1500)
    one = history | {"rep_id": ["Ann"] * 1500, "weight": [3] * 1500}
    truth = true_rates(-0.6).mean()
    assert AffinityModel().fit(one).probability([{"rep_id": "Ann"}])[0] == pytest.approx(truth, abs=0.04)
    heavy = AffinityModel(weight="weight").fit(one)
    assert heavy.probability([{"rep_id": "Ann"}])[0] == pytest.approx(truth, abs=0.04)


def test_structure_and_level_have_memories_of_their_own():
    rng, n = np.random.default_rng(8), 6000
    day = rng.integers(0, 728, n)
    rep = rng.choice(["Ann", "Bo"], n)
    swapped = np.where(day < 364, 1.0, -1.0) * np.where(rep == "Ann", 0.6, -0.6)  # who is good changes once
    level = np.where((day // 60) % 2 == 0, 0.5, -0.5)
    won = rng.random(n) < sigmoid(-1.0 + swapped + level)
    history = {
        "rep_id": rep.tolist(),
        "converted": won.astype(int).tolist(),
        "at": [FIRST - dt.timedelta(1000 - int(d)) for d in day],
    }
    forgetting = AffinityModel(half_life_days="learn").fit(history)
    assert forgetting.half_life_days_ in (45.0, 90.0, 180.0)
    chance = forgetting.probability([{"rep_id": "Ann"}, {"rep_id": "Bo"}])
    assert chance[1] > chance[0] + 0.08
    steady = rng.random(n) < sigmoid(-1.0 + np.where(rep == "Ann", 0.6, -0.6) + level)
    kept = AffinityModel(half_life_days="learn").fit(history | {"converted": steady.astype(int).tolist()})
    assert kept.half_life_days_ in (None, 730.0, 365.0)  # the level wanders, and nothing of who is good is forgotten


@many_seeds
def test_a_plan_says_what_the_level_may_still_do():
    inside, wide = [], []
    for seed in seeds(10, 48):
        history, level = history_of(seed + 100, spread=0.5, memory=(30.0, 60.0, 90.0)[seed % 3])
        leads = {"lead_id": list(range(400)), "source": np.random.default_rng(seed).choice(list(SOURCES), 400).tolist()}
        plan = assign(leads, {"rep_id": list(STRENGTH)}, history, policy=Policy(segment_by="source"))
        found = plan_value(plan, lift=False)
        reps = np.array(list(STRENGTH))[plan.rep_of_lead]
        logit = [-1.3 + STRENGTH[rep] + SOURCES[one] for rep, one in zip(reps, leads["source"], strict=True)]
        won = (np.random.default_rng([seed, 1]).random(400) < sigmoid(np.array(logit) + level[N_DAYS])).sum()
        inside.append(found.low <= won <= found.high)
        wide.append(found.high - found.low)
    assert plan.from_json(plan.to_json()).to_json() == plan.to_json()
    assert 0.8 <= np.mean(inside) <= 1.0
    steady, _ = history_of(0)
    plan = assign(leads, {"rep_id": list(STRENGTH)}, steady, policy=Policy(segment_by="source"))
    narrow = plan_value(plan, lift=False)
    assert narrow.high - narrow.low < np.mean(wide)


def test_the_level_is_in_draws_as_it_is_in_intervals():
    segments, reps = [(source,) for source in SOURCES], list(STRENGTH)
    for seed, spread in ((1, 0.0), (2, 0.5), (5, 0.5), (9, 0.9)):
        model = model_of(history_of(seed, spread=spread)[0])
        found, draws = model.estimate(segments, reps), model.draw(segments, reps, n_draws=4000)
        assert draws.mean(axis=0) == pytest.approx(found.probability, abs=0.012)
        level = model._learned.posterior.fitted.level
        logits = np.log(draws / (1.0 - draws)).mean(axis=(1, 2))  # what all pairs share hardly averages out
        assert logits.std() > 0.9 * level.variance**0.5
        assert (found.deviation > level.variance**0.5).all()


def test_scores_are_of_now_too():
    history, _ = history_of(3, path=DROP)
    scores = ScoreModel(columns=["source"]).fit(history).scored({"lead_id": [1, 2, 3], "source": list(SOURCES)})
    assert scores.values == pytest.approx([float(sigmoid(-1.9 + one)) for one in SOURCES.values()], abs=0.05)
    logit = np.log(scores.values / (1.0 - scores.values))
    assert scores.base + sum(scores.parts.values()) == pytest.approx(logit)
    assert any("wandered" in note for note in scores.notes)
    steady = ScoreModel(columns=["source"], drift=False).fit(history)
    assert not any("wandered" in note for note in steady.notes_)


def test_the_usual_delay_is_the_median_of_settled_leads():
    rows = {
        "converted": [1, 0, None, 1, 0],
        "assigned_at": ["2026-01-01", "2026-01-01", "2026-01-01", None, "2026-03-01"],
        "at": ["2026-01-11", "2026-01-31", "2027-01-01", "2026-01-02", "2026-02-01"],  # one before it came
    }
    table = Table(rows, "history")
    for held in (table, Table(pl.DataFrame(rows), "history")):
        found = read_settling(held, "converted", "assigned_at", "at")
        assert found.usual_days == 10.0 and not found.is_complete
    assert read_settling(table, "converted", "begun", "at") is None
    assert read_settling(Table(rows | {"at": ["?"] * 5}, "history"), "converted", "assigned_at", "at") is None


def test_leads_are_complete_where_the_newest_are_settled_for_as_long_as_others_take():
    def settling(last, *more):
        begun = [FIRST + dt.timedelta(day) for day in (*range(20), *more)]
        at = [day + dt.timedelta(10) for day in begun]
        rows = {"converted": [1] * len(at), "assigned_at": begun, "at": [*at[:-1], FIRST + dt.timedelta(last)]}
        return read_settling(Table(rows, "history"), "converted", "assigned_at", "at")

    assert settling(29).is_complete  # all took ten days
    assert not settling(29, 25).is_complete  # the newest took four: slow ones of its age are not there
    assert settling(35, 25).is_complete


def test_leads_that_take_long_are_foretold_farther_ahead():
    history, _ = history_of(1, path=DROP)
    slow = history | {"assigned_at": [day - dt.timedelta(90 * (k % 3)) for k, day in enumerate(history["at"])]}
    now, later = model_of(history), model_of(slow)
    usual = model_of(history, drift=False).probability(PAIRS)
    assert np.abs(later.probability(PAIRS) - usual).mean() < 0.8 * np.abs(now.probability(PAIRS) - usual).mean()
    assert "90 days after the last outcome, when leads that come now usually settle" in later.notes_[0]


def delayed(history, seed, wins, losses, until=N_DAYS):
    """Return the same leads, assigned then, with wins and losses that take so long on average; late ones are open."""
    begun = history["at"]
    means = np.where(np.array(history["converted"]) == 1, wins, losses)
    took = np.random.default_rng([seed, 7]).exponential(means).astype(int).tolist()
    end = [day + dt.timedelta(days) for day, days in zip(begun, took, strict=True)]
    known = [(day - FIRST).days < until for day in end]
    return history | {
        "assigned_at": begun,
        "at": [day if over else None for day, over in zip(end, known, strict=True)],
        "converted": [won if over else None for won, over in zip(history["converted"], known, strict=True)],
    }


@many_seeds
@pytest.mark.parametrize("until", [N_DAYS, 10_000], ids=["some are open", "all are settled"])
@pytest.mark.parametrize(("wins", "losses"), [(10, 50), (50, 10)])
def test_that_wins_and_losses_take_differently_long_is_no_drift(wins, losses, until):
    for seed in seeds(2, 3):
        history = delayed(history_of(seed)[0], seed, wins, losses, until)
        model = model_of(history)
        assert not any("wandered" in note for note in model.notes_)
        assert model.probability(PAIRS) == pytest.approx(model_of(history, drift=False).probability(PAIRS), abs=0.01)
        assert np.abs(model.probability(PAIRS) - true_rates(0.0)).mean() < 0.03


@pytest.mark.parametrize("half_life", [None, 400.0])
def test_open_leads_count_at_the_level_of_the_day_when_they_came(half_life):
    history = delayed(history_of(3, path=DROP)[0], 3, 40, 15)
    drifting, plain = (model_of(history, drift=drift, half_life_days=half_life) for drift in (None, False))
    assert None in history["converted"] and drifting.delays_ is not None
    truth = true_rates(-0.6)
    assert np.abs(drifting.probability(PAIRS) - truth).mean() < 0.45 * np.abs(plain.probability(PAIRS) - truth).mean()
    (note,) = [note for note in drifting.notes_ if "wandered" in note]
    assert "by assigned_at: it counts as it is for leads that come now" in note


def course_of(seed, **settings):
    history, _ = history_of(seed, **settings)
    reps, sources = sorted(STRENGTH), sorted(SOURCES)
    rep = np.array([reps.index(one) for one in history["rep_id"]])
    source = np.array([sources.index(one) for one in history["source"]])
    cells, cell = np.unique(rep * 3 + source, return_inverse=True)
    days = np.array([day.toordinal() for day in history["at"]])
    n = np.ones(len(cell), dtype=np.int64)
    return Course.of([cells // 3, cells % 3], [4, 3], cell, days, n, np.array(history["converted"]))


def test_a_rolling_origin_tells_what_drifts():
    assert not any(drifts(course_of(seed)) for seed in range(8))
    assert sum(drifts(course_of(seed, spread=0.8, memory=90.0)) for seed in range(8)) >= 6


def test_a_course_counts_all_and_ends_with_its_last_day():
    course = course_of(0)
    assert course.tried.sum() == course.n_outcomes == 3000
    assert len(course.day) == 52 and course.day[-1] == -3.5 and course.width == 7
    early = course.until(40)
    assert early.day[-1] == -3.5 and early.tried.sum() == course.by_period(course.tried)[:40].sum()
    assert course_of(0, n_days=40, n=500).width == 1  # half of it in fewer than six weeks


def test_a_structure_that_lasts_is_best_remembered():
    course = course_of(3, spread=0.5)
    level = settled_level(course)

    def fit(outcomes, near):
        n = [np.bincount(outcomes.cell, each, course.n_cells) for each in (outcomes.tried, outcomes.converted)]
        return fit_chances(course.codes, course.sizes, 1, *n, outcomes=outcomes, near=near)

    losses = [loss_of_structure(replace(course, half_life=days), level, fit, 0.75) for days in (None, 5.0)]
    assert losses[0] < losses[1]


def test_where_days_are_very_many_it_takes_a_word_to_look_for_a_drift(monkeypatch):
    history, _ = history_of(3, path=DROP, n=1500)
    drifting, plain = model_of(history), model_of(history, drift=False)
    monkeypatch.setattr("leadopt.learning.history.past.MOST_DATED", 100)
    for settings in ({}, {"half_life_days": 400}):
        (note,) = model_of(history, **settings).notes_
        assert "are too many to look for a level of conversion that drifts" in note
    assert (model_of(history).probability(PAIRS) == plain.probability(PAIRS)).all()
    assert (model_of(history, drift=True).probability(PAIRS) == drifting.probability(PAIRS)).all()
