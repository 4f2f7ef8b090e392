"""Delays that may be: against the posterior by sums over a grid, and what comes of them in chances of known truth."""

from dataclasses import replace

import numpy as np
import pytest

from leadopt import AffinityModel
from leadopt.learning.delays.delay_draws import draw_delays
from leadopt.learning.delays.delay_likelihood import DelayLikelihood
from leadopt.learning.delays.delays import learn_delays
from leadopt.learning.effects.alternatives import told_by_others
from leadopt.learning.effects.waiting import OtherDelays
from tests import many_seeds, seeds
from tests.learning.test_delays import DAY, ages_of, simulated

REPS = {"rep_id": [f"r{rep}" for rep in range(4)]}


def slow_wins(seed, never, n_reps=4, each=60, wins=60, losses=10):
    """Leads of reps whose chances are known, handed out evenly over a year; some are never settled."""
    rng = np.random.default_rng([seed, 77])
    rep, begun = np.repeat(np.arange(n_reps), each), np.tile(np.linspace(0, 364, each).astype(int), n_reps)
    chance = 1 / (1 + np.exp(0.5 - rng.normal(0, 0.6, n_reps)))
    won = rng.random(n_reps * each) < chance[rep]
    took = rng.exponential(np.where(won, wins, losses))
    end = begun + np.where(rng.random(n_reps * each) < never, 10**7, took).astype(int)
    known = end < 365
    return {
        "rep_id": [f"r{one}" for one in rep],
        "assigned_at": [str(DAY + int(day)) for day in begun],
        "at": [str(DAY + int(day)) if there else None for day, there in zip(end, known, strict=True)],
        "converted": [int(one) if there else None for one, there in zip(won, known, strict=True)],
    }, chance


@pytest.mark.parametrize("never", [0.0, 0.3])
def test_draws_are_those_of_the_posterior(never):
    """With one hazard for each end: sums over a grid of all four unknowns."""
    ages = ages_of(slow_wins(3, never, n_reps=3, each=8, losses=20)[0])
    delays, chances = learn_delays(ages)
    won, lost = delays.shares(chances, ages.open_days, ages.open_kind)
    n = [ages.settled_count @ ages.settled_won, ages.settled_count @ (1 - ages.settled_won)]
    base = np.log((n[0] + ages.open_count @ won + 0.5) / (n[1] + ages.open_count @ lost + 0.5))
    told = DelayLikelihood.of(ages, delays)
    assert told.n_hazards == (1, 1)
    middle = told.likeliest(0.05, told.start(base))[0]
    around = [one + np.linspace(-way, way, 21) for one, way in zip(middle, (5, 2, 3), strict=True)]
    angle, *rest = (axis.ravel() for axis in np.meshgrid(np.linspace(0.005, 1.3, 25), *around, indexing="ij"))
    density = told.log_posterior(angle, np.column_stack(rest))
    density = np.exp(density - density.max())
    density /= density.sum()
    drawn = draw_delays(ages, delays, chances, n_draws=128)
    for found, exact in (
        (drawn.raised + base, rest[0]),
        ([one.never for one in drawn.delays], np.sin(angle) ** 2),
        ([np.log(-np.log1p(-one.hazards[1, 0])) for one in drawn.delays], rest[2]),
    ):
        mean = density @ exact
        deviation = (density @ (exact - mean) ** 2) ** 0.5
        assert np.mean(found) == pytest.approx(mean, abs=0.25 * deviation)
        assert np.std(found) == pytest.approx(deviation, rel=0.25)
    assert (np.diff(drawn.raised) >= 0).all()


@many_seeds
def test_intervals_hold_what_leads_that_are_never_settled_leave_open():
    """They held a third where delays were taken for known, and few leads for never settled; chances were .06 low."""
    inside, off = [], []
    for seed in seeds(4, 60):
        history, chance = slow_wins(seed, 0.4)
        model = AffinityModel(drift=False).fit(history)
        low, high = model.interval(REPS).T
        inside.append((low <= chance) & (chance <= high))
        off.append(model.probability(REPS) - chance)
    assert np.mean(inside) >= 0.75
    assert abs(np.mean(off)) < 0.05


def test_intervals_are_wider_than_with_known_delays_and_draws_as_wide():
    history, _ = slow_wins(1, 0.3)
    model = AffinityModel(drift=False).fit(history)
    low, high = model.interval(REPS).T
    drawn = model.draw([()], list(REPS["rep_id"]), n_draws=4000)[:, 0]
    ends = np.quantile(drawn, [0.05, 0.95], axis=0)
    assert ends == pytest.approx(np.array([low, high]), abs=0.03)
    joint = model.joint([()], list(REPS["rep_id"]))
    assert joint.draw(4000, np.random.default_rng(0)) == pytest.approx(np.log(drawn / (1 - drawn))[:, None], abs=1e-9)


def test_where_all_that_is_settled_was_lost_wins_may_still_come():
    """Wins take longer than history; chances of up to .06 were all that was held to be likely, where .38 was true."""
    rng = np.random.default_rng(4)
    begun, won = np.tile(np.arange(0, 60, 4), 4), rng.random(60) < 0.38
    end = begun + np.where(won, 65, rng.exponential(10, 60)).astype(int)
    history = {
        "rep_id": [f"r{number // 15}" for number in range(60)],
        "assigned_at": [str(DAY + int(day)) for day in begun],
        "at": [str(DAY + int(day)) if day < 60 else None for day in end],
        "converted": [0 if day < 60 else None for day in end],
    }
    low, high = AffinityModel(drift=False).fit(history).interval(REPS).T
    assert (low < 0.05).all() and (high > 0.2).all()


def test_too_many_effects_for_a_mixture_share_what_delays_leave_open(monkeypatch):
    history, _ = slow_wins(1, 0.3)
    exact = AffinityModel(drift=False).fit(history)
    monkeypatch.setattr("leadopt.learning.effects.crossed.MOST_DENSE", 2)
    rough = AffinityModel(drift=False).fit(history)
    monkeypatch.setattr("leadopt.learning.effects.crossed.Nest.of", lambda *_: None)
    drawn = AffinityModel(drift=False).fit(history)
    for model in (rough, drawn):
        fitted = model._learned.posterior.fitted
        assert (fitted.mixture.information.ndim == 1) == (fitted.level.variance > 0.0) == (model is drawn)
        wide = np.diff(model.interval(REPS)) / np.diff(exact.interval(REPS))
        assert ((wide > 0.5) & (wide < 1.6)).all()


@pytest.mark.parametrize("drifts", [False, True])
def test_under_the_delays_of_the_fit_cells_tell_what_they_told_it(monkeypatch, drifts):
    monkeypatch.setattr("leadopt.learning.chances.drifts", lambda _: drifts)
    effects = AffinityModel().fit(slow_wins(1, 0.2)[0])._learned.posterior.fitted.effects
    outcomes = effects.likelihood
    some = outcomes.waiting
    same = OtherDelays(
        if_won=some.if_won[None], if_lost=some.if_lost[None], never=np.array([some.never]), raised=np.zeros(1)
    )
    effects = replace(effects, likelihood=replace(outcomes, waiting=replace(some, others=same)))
    ((information, seen, _),) = told_by_others(effects)
    assert seen == pytest.approx(effects.seen, abs=0.02)
    assert information == pytest.approx(effects.information, rel=0.05)


def test_nothing_is_drawn_where_no_lead_is_open():
    history = simulated(1, 20, 20, n=60, until=10**6)
    mixture = AffinityModel().fit(history)._learned.posterior.fitted.mixture
    assert mixture.information.ndim == 1


def test_the_order_of_rows_changes_no_digit_of_an_interval():
    rows = simulated(13, [60, 10], [10, 40], n=500, never=0.1)
    kept = [row for row, at in enumerate(rows["at"]) if at is None or at >= "2025-06-01"]
    turned = np.random.default_rng(1).permutation(kept).tolist()
    one, other = (
        AffinityModel(segment_by="source", drift=False).fit(
            {name: [column[row] for row in some] for name, column in rows.items()}
        )
        for some in (kept, turned)
    )
    asked = {"rep_id": ["r0", "r8"], "source": ["s0", "s1"]}
    assert one.interval(asked).tolist() == other.interval(asked).tolist()


def test_open_leads_that_count_for_nothing_are_as_if_they_were_not_there():
    """An adversary's: of one open lead with a count of 0, the likelihood of delays was no number."""
    history, _ = slow_wins(1, 0.2)
    open_ones = [row for row, won in enumerate(history["converted"]) if won is None]
    counted = {**history, "n": [0 if row in open_ones[::2] else 1 for row in range(len(history["converted"]))]}
    kept = [row for row in range(len(history["converted"])) if row not in open_ones[::2]]
    without = {name: [cells[row] for row in kept] for name, cells in history.items()}
    one, other = AffinityModel(count="n").fit(counted), AffinityModel().fit(without)
    assert one.interval(REPS) == pytest.approx(other.interval(REPS), abs=1e-9)


def test_a_history_that_weighs_nothing_says_nothing():
    history, _ = slow_wins(1, 0.2)
    model = AffinityModel(weight="w").fit({**history, "w": [0.0] * len(history["converted"])})
    low, high = model.interval(REPS).T
    assert (low < 0.05).all() and (high > 0.95).all()
