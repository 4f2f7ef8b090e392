"""Who is not known is expected to do what the known do, of whatever distribution their chances are."""

import numpy as np
import pytest

from leadopt import AffinityModel
from leadopt.learning.effects.logistic import sigmoid
from leadopt.learning.effects.strangers import Strangers

POPULATIONS = {
    "a few stars": [0.1] * 4 + [0.003] * 20,
    "few weak ones": [0.9] * 4 + [0.997] * 20,
    "two clusters": [0.05] * 10 + [0.25] * 10,
    "lognormal": np.exp(-4.6 + 1.1 * np.linspace(-2.0, 2.5, 24)),
    "normal": sigmoid(-2.0 + 0.3 * np.linspace(-1.7, 1.7, 12)),
    "alike": [0.12] * 6,
}


def history(chances, outcomes=2_000, column="rep_id"):
    won = [round(outcomes * chance) for chance in chances]
    return {
        column: [f"level {k}" for k in range(len(chances)) for _ in range(outcomes)],
        "converted": [int(k < n) for n in won for k in range(outcomes)],
    }


@pytest.mark.parametrize("name", POPULATIONS)
def test_a_newcomer_is_expected_to_do_what_the_known_do_on_average(name):
    chances = POPULATIONS[name]
    model = AffinityModel().fit(history(chances))
    *known, new = model.estimate([()], [*(f"level {k}" for k in range(len(chances))), "new"]).probability[0]
    assert np.mean(known) == pytest.approx(np.mean(chances), rel=0.02)
    assert new == pytest.approx(np.mean(known), rel=0.02)
    drawn = model.draw([()], ["new"], n_draws=8_000, rng=0)
    assert drawn.mean() == pytest.approx(new, rel=0.06)


def test_a_segment_never_seen_is_expected_to_do_what_the_known_ones_do():
    chances = POPULATIONS["a few stars"]
    rows = history(chances, column="source") | {"rep_id": ["ann", "ben"] * (1_000 * len(chances))}
    model = AffinityModel(segment_by="source").fit(rows)
    *known, new = model.estimate([*((f"level {k}",) for k in range(len(chances))), ("new",)], ["ann"]).probability[:, 0]
    assert new == pytest.approx(np.mean(known), rel=0.05)


def test_outcomes_of_her_own_lead_from_there_to_what_she_does():
    few_stars = history(POPULATIONS["a few stars"])
    expected = []
    for n in (0, 1, 3, 10, 30, 100, 300, 1_000):
        own = {"rep_id": ["she"] * n, "converted": [0] * n}
        model = AffinityModel().fit({name: [*few_stars[name], *own[name]] for name in own})
        expected.append(model.estimate([()], ["she"]).probability[0, 0])
    assert expected[0] == pytest.approx(np.mean(POPULATIONS["a few stars"]), rel=0.03)
    assert (np.diff(expected) < 0.0).all()
    assert np.ptp(np.log(expected[:2])) < 0.15
    assert expected[-1] < 0.003


def test_what_is_expected_depends_on_nothing_else_that_is_asked():
    model = AffinityModel().fit(history(POPULATIONS["a few stars"]))
    alone = model.estimate([()], ["new"]).probability[0, 0]
    assert model.estimate([()], ["level 3", "new", "another"]).probability[0, 1:].tolist() == [alone] * 2


def test_chances_of_new_levels_are_those_of_an_exact_average():
    rng = np.random.default_rng(0)
    mean, deviation = rng.normal(0.0, 1.0, 9) ** 2, 1.2
    mean, information = mean - mean.mean(), np.full(9, 40.0)
    variance = np.append(1.0 / (deviation**-2 + information), deviation**2)
    found = Strangers.of(deviation, information, mean, variance[:-1], variance)
    left, x = variance - found.unsupported, np.linspace(-7.0, 5.0, 50)
    draws = np.random.default_rng(1).standard_normal(40_000)
    of_known = zip(mean, left[:-1], strict=True)
    wanted = np.mean([sigmoid(x[:, None] + m + v**0.5 * draws).mean(axis=1) for m, v in of_known], axis=0)
    moved = found.moved(np.full(50, 9), x)
    now = sigmoid((x + moved)[:, None] + left[-1] ** 0.5 * draws).mean(axis=1)
    assert now == pytest.approx(wanted, rel=0.03)
    assert np.abs(moved).max() > 0.1
    assert not found.moved(np.arange(9), np.zeros(9)).any()


@pytest.mark.parametrize("names", [[], ["source"]])
def test_without_outcomes_of_its_own_the_rest_expects_what_is_expected(names):
    rng = np.random.default_rng(3)
    rows = {
        "rep_id": [f"level {k}" for k in rng.integers(0, 3, 900)],
        "source": [f"source {k}" for k in rng.integers(0, 3, 900)],
        "converted": (rng.random(900) < 0.1).astype(int).tolist(),
    }
    model = AffinityModel(segment_by=names).fit(rows)
    found = model.estimate([("new",) * len(names)], ["level 0", "new"])
    assert found.expected[0, 1] == pytest.approx(found.probability[0, 1])
    if names:
        assert found.expected[0, 0] == pytest.approx(found.probability[0, 0])
