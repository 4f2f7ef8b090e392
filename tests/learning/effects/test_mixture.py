"""Few reps and few levels, against the exact posterior: estimates, ends of intervals, draws, and who is not known."""

import numpy as np
import pytest

from leadopt import AffinityModel
from leadopt.learning.effects.families import PAIR_SCALE
from leadopt.learning.effects.logistic import COLUMN_SCALE, Logits
from leadopt.learning.effects.spreads import NO_EFFECT, NO_PAIR_EFFECT
from tests.learning.effects.exact_posterior import exact_posterior, exponential_spreads, half_normal_spreads

FLAT = 30.0  # as good as flat: outcomes of both kinds hold the base
TABLES = {
    "one rep": ([[200]], [[30]]),
    "two well known": ([[3000], [3000]], [[300], [420]]),
    "two, one next to unknown": ([[20], [1]], [[3], [0]]),
    "three": ([[20], [5], [60]], [[3], [2], [6]]),
    "four, one of them good": ([[1000]] * 4, [[360], [240], [240], [240]]),
    "two by two": ([[60, 40], [50, 60]], [[20, 4], [12, 3]]),
    "four by two": ([[100, 40], [50, 60], [80, 30], [20, 90]], [[20, 4], [12, 3], [10, 5], [5, 7]]),
    "two by three, little of it": ([[10, 4, 30], [5, 0, 8]], [[2, 1, 3], [2, 0, 1]]),
    "one by four": ([[30, 50, 20, 60]], [[3, 9, 8, 12]]),
}


def history(tried, won):
    return [
        {"rep_id": f"rep {i}", "source": f"source {j}", "converted": k < won[i, j]}
        for (i, j), n in np.ndenumerate(tried)
        for k in range(n)
    ]


def exact(tried, won):
    """Draws from the exact posterior of a table, and the numbers of its cells."""
    rep, source = np.nonzero(tried)
    cell = np.full(tried.shape, -1)
    cell[rep, source] = np.arange(len(rep))
    counts = tried[rep, source].astype(float), won[rep, source].astype(float)
    base = {"base_deviation": FLAT, "rng": np.random.default_rng(0)}
    if tried.shape[1] == 1:
        sizes = ([rep], tried.shape[:1], [half_normal_spreads(NO_EFFECT, COLUMN_SCALE, 40)])
        return exact_posterior(*sizes, *counts, **base, n_draws=1_000), cell
    scale = COLUMN_SCALE / 2**0.25
    if tried.shape[0] == 1:  # what one rep does with a source is what the source does: there are no cells beyond
        sizes = ([rep, source], tried.shape, [half_normal_spreads(NO_EFFECT, scale, 12)] * 2)
        return exact_posterior(*sizes, *counts, **base, n_draws=200), cell
    column, pair = half_normal_spreads(NO_EFFECT, scale, 9), exponential_spreads(NO_PAIR_EFFECT, PAIR_SCALE, 15)
    sizes = ([rep, source, np.arange(len(rep))], (*tried.shape, len(rep)), [column, column, pair])
    return exact_posterior(*sizes, *counts, **base, n_draws=40), cell


def fitted(name):
    tried, won = (np.array(counts) for counts in TABLES[name])
    columns = "source" if tried.shape[1] > 1 else None
    return tried, won, AffinityModel(segment_by=columns).fit(history(tried, won))


def asked(tried):
    """All segments, one of them new, and all reps, one of them new."""
    n_reps, n_sources = tried.shape
    segments = [(f"source {j}",) for j in range(n_sources)] + [("new",)] if n_sources > 1 else [()]
    return segments, [f"rep {i}" for i in range(n_reps)] + ["new"]


def levels_of(tried, rep, source, cell):
    """The levels that the exact posterior has of a pair."""
    return [rep] if tried.shape[1] == 1 else [rep, source] if tried.shape[0] == 1 else [rep, source, cell]


def logit(chance):
    return np.log(chance) - np.log1p(-chance)


@pytest.mark.parametrize("name", TABLES)
def test_what_is_known_is_what_the_exact_posterior_says(name):
    tried, won, model = fitted(name)
    segments, reps = asked(tried)
    found, (posterior, cell) = model.estimate(segments, reps), exact(tried, won)
    low, high = found.interval()
    for (rep, source), n in np.ndenumerate(tried):
        levels = levels_of(tried, rep, source, cell[rep, source] if n else None)
        truth = 1.0 / (1.0 + np.exp(-posterior.logits(levels, np.random.default_rng(1))))
        ends = posterior.quantiles(truth, [0.05, 0.95])
        width = np.ptp(logit(ends))
        if tried[rep].sum() >= 10:  # of a rep next to unknown, what the others do not support is left out
            wanted = posterior.mean(truth)
            assert found.probability[source, rep] == pytest.approx(wanted, rel=0.15 if n < 12 else 0.06)
        assert logit(low[source, rep]) == pytest.approx(logit(ends[0]), abs=0.17 * width)
        assert logit(high[source, rep]) == pytest.approx(logit(ends[1]), abs=0.17 * width)


@pytest.mark.parametrize("name", TABLES)
def test_intervals_of_who_is_not_known_are_as_wide_as_the_exact_ones(name):
    tried, won, model = fitted(name)
    segments, reps = asked(tried)
    low, high = model.estimate(segments, reps).interval()
    posterior, _ = exact(tried, won)
    for source in range(tried.shape[1]):
        levels = levels_of(tried, None, source, None)
        truth = posterior.logits(levels, np.random.default_rng(1))
        width = logit(high[source, -1]) - logit(low[source, -1])
        assert width == pytest.approx(np.ptp(posterior.quantiles(truth, [0.05, 0.95])), rel=0.25)


@pytest.mark.parametrize("name", TABLES)
def test_who_is_not_known_is_estimated_as_the_known_ones_are(name):
    """On the scale of chances, however wide the spread may be; of a rep x source pair, only the parts are known."""
    tried, _, model = fitted(name)
    segments, reps = asked(tried)
    found = model.estimate(segments, reps).probability
    known = found[: tried.shape[1], :-1]
    assert known.min() * 0.999 <= found.min() and found.max() <= known.max() * 1.001
    of_outcomes = np.average(known, weights=tried.T)
    for unknown in (found[: tried.shape[1], -1].mean(), found[-1, -1]):
        assert min(of_outcomes, known.mean()) * 0.94 <= unknown <= max(of_outcomes, known.mean()) * 1.06


@pytest.mark.parametrize("name", TABLES)
def test_draws_are_as_wide_as_intervals(name):
    tried, _, model = fitted(name)
    segments, reps = asked(tried)
    low, high = model.estimate(segments, reps).interval()
    drawn = np.quantile(model.draw(segments, reps, n_draws=6_000), [0.05, 0.95], axis=0)
    ratio = (logit(drawn[1]) - logit(drawn[0])) / (logit(high) - logit(low))
    assert ratio == pytest.approx(np.ones(ratio.shape), abs=0.1)


def test_the_best_of_four_is_drawn_best():
    _, _, model = fitted("four, one of them good")
    drawn = model.draw([()], [f"rep {i}" for i in range(4)], n_draws=2_000)[:, 0]
    assert (drawn.argmax(axis=1) == 0).mean() > 0.999


@pytest.mark.parametrize("flipped", [False, True], ids=["low chances", "high chances"])
def test_wins_and_losses_are_treated_alike(flipped):
    tried, won = (np.array(counts) for counts in TABLES["four by two"])
    segments, reps = asked(tried)
    one, other = (
        AffinityModel(segment_by="source").fit(history(tried, counts)).estimate(segments, reps)
        for counts in (won, tried - won)
    )
    assert one.probability == pytest.approx(1.0 - other.probability, abs=2e-3)
    assert one.interval()[0] == pytest.approx(1.0 - other.interval()[1], abs=4e-3)


@pytest.mark.parametrize(
    ("tried", "won"),
    [
        ([0], [0]),
        ([5], [5]),
        ([5], [0]),
        ([5, 5], [5, 0]),
        ([1, 1], [1, 0]),
        ([4000, 1], [1, 1]),
        ([1] * 12, [1] + [0] * 11),
    ],
)
def test_extremes_have_estimates_inside_their_intervals(tried, won):
    tried, won = np.array(tried)[:, None], np.array(won)[:, None]
    model = AffinityModel().fit(history(tried, won) or {"rep_id": [], "converted": []})
    found = model.estimate([()], [*(f"rep {i}" for i in range(len(tried))), "new"])
    low, high = found.interval()
    assert (low < found.probability).all() and (found.probability < high).all()
    assert np.isfinite(model.draw([()], ["rep 0", "new"], n_draws=200)).all()
    if 0 < won.sum() < tried.sum():
        assert found.probability[0].min() <= found.probability[0, -1] <= found.probability[0, :-1].max() * 1.001


def test_a_mixture_of_one_is_that_normal_distribution():
    mean, variance = np.array([[0.3, -1.0]]), np.array([[0.5, 2.0]])
    known = Logits(weight=np.ones(1), mean=mean, variance=variance, unsupported=np.zeros((1, 2)))
    assert known.normal()[0] == pytest.approx(mean[0])
    assert known.normal()[1] == pytest.approx(variance[0])


def test_the_normal_in_place_of_a_mixture_has_its_interval():
    rng = np.random.default_rng(0)
    weight, mean, deviation = np.array([0.2, 0.5, 0.3]), np.array([-1.0, 0.0, 2.0]), np.array([0.1, 0.5, 1.0])
    known = Logits(weight=weight, mean=mean[:, None], variance=deviation[:, None] ** 2, unsupported=np.zeros((3, 1)))
    which = rng.choice(3, 400_000, p=weight)
    low, high = np.quantile(mean[which] + deviation[which] * rng.standard_normal(len(which)), [0.05, 0.95])
    middle, variance = (float(part[0]) for part in known.normal())
    assert middle - 1.6449 * np.sqrt(variance) == pytest.approx(low, abs=0.02)
    assert middle + 1.6449 * np.sqrt(variance) == pytest.approx(high, abs=0.02)


def by_chance(seed, n, sizes):
    """Outcomes of so many reps and levels of three columns, which all are of chance alone."""
    rng = np.random.default_rng(seed)
    columns = zip(("rep_id", "a", "b", "c"), sizes, strict=True)
    codes = {name: rng.integers(size, size=n) for name, size in columns}
    won = rng.random(n) < 0.3
    return [{name: f"{name}{code[k]}" for name, code in codes.items()} | {"converted": bool(won[k])} for k in range(n)]


def test_the_order_of_columns_changes_no_chance():
    rows = by_chance(0, 800, (6, 5, 3, 4))
    one, other = (AffinityModel(segment_by=columns).fit(rows) for columns in (["a", "b", "c"], ["c", "a", "b"]))
    assert other.probability(rows) == pytest.approx(one.probability(rows), abs=1e-9)


@pytest.mark.parametrize(("n", "within"), [(200, 0.3), (10_000, 0.03)])
def test_what_one_rep_does_with_a_source_is_what_the_source_does(n, within):
    won = {"web": 0.025, "fair": 0.3}
    rows = [{"rep_id": "a", "source": s, "converted": i < rate * n} for s, rate in won.items() for i in range(n)]
    model = AffinityModel(segment_by="source").fit(rows)
    for rep in ("a", "new"):
        found = model.probability([{"rep_id": rep, "source": source} for source in won])
        assert found == pytest.approx(list(won.values()), rel=within)


def test_a_floor_beyond_full_covariances_is_averaged_over_its_spreads_too():
    rows = by_chance(1, 3000, (60, 8, 8, 4))
    model = AffinityModel(segment_by=["a", "b", "c"]).fit(rows)
    assert model._learned.posterior.fitted.mixture.n_nodes == 8
