"""The measures of evenness against their definitions, in exact fractions and plain loops."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import inf, log, nan, nextafter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Affinity, InvalidInput, Limit, match
from leadopt.fairness import entitlements
from leadopt.metrics import (
    Evenness,
    Measures,
    envy_up_to_one,
    gini,
    jain,
    largest_envy,
    measures,
    min_max_ratio,
    price_of_fairness,
    theil,
)
from tests import many_seeds, seeds
from tests.strategies import affinities, examples

shares = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=8)
LARGEST_BELOW_1 = nextafter(1.0, 0.0)


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


@given(shares)
@examples(50)
def test_gini_is_the_mean_difference_over_twice_the_mean(x):
    x = np.array(x)
    expected = np.abs(x[:, None] - x).sum() / (2 * len(x) * x.sum()) if x.sum() else 0.0
    assert gini(x) == pytest.approx(expected, abs=1e-12)


@given(shares)
@examples(50)
def test_jain_is_the_squared_mean_over_the_mean_square(x):
    x = np.array(x)
    expected = x.sum() ** 2 / (len(x) * (x**2).sum()) if (x**2).sum() else 1.0
    assert jain(x) == pytest.approx(expected) or x.max() < 1e-150
    assert 1 / len(x) - 1e-9 <= jain(x) <= 1 + 1e-9


@given(shares)
@examples(50)
def test_min_max_ratio_is_the_smallest_over_the_largest(x):
    assert min_max_ratio(x) == pytest.approx(min(x) / max(x) if max(x) else 1.0)


def test_measures_of_nothing_and_of_zeros_say_equal():
    for nothing in ([], [0], [0, 0, 0]):
        assert gini(nothing) == theil(nothing) == 0
        assert jain(nothing) == min_max_ratio(nothing) == 1


def test_measures_survive_extremes():
    assert jain([1e300, 1e300]) == 1
    assert gini([1e-300, 1e-300]) == 0
    assert gini([0] * 99 + [1]) == pytest.approx(0.99)


@pytest.mark.parametrize("measure", [gini, jain, theil, min_max_ratio, Evenness.of])
@pytest.mark.parametrize(
    "bad, found",
    [
        ([-1], "-1.0 at index 0"),
        ([1, nan], "nan at index 1"),
        ([2, 3, inf], "inf at index 2"),
        ([-inf], "-inf at index 0"),
    ],
)
def test_measures_refuse_what_is_no_share(measure, bad, found):
    assert refused(measure, bad) == f"shares must be finite and not negative; found {found}"


@pytest.mark.parametrize("measure", [gini, jain, theil, min_max_ratio])
@pytest.mark.parametrize("bad", [["much"], [None, "1x"], [[1], [2, 3]], [{}]])
def test_measures_refuse_what_is_no_number(measure, bad):
    assert refused(measure, bad).startswith("shares: must be numbers; ")


def random_shares(rng):
    """Whole numbers with ties, floats of every size down to the smallest, nearly equal ones, and one with all."""
    n = int(rng.integers(1, 7))
    kind = rng.integers(6)
    if kind == 0:
        return rng.integers(0, 4, n).astype(float)
    if kind == 1:
        return rng.random(n)
    if kind == 2:
        return 10.0 ** rng.uniform(-320, 300, n)
    if kind == 3:
        return np.full(n, 10.0 ** rng.uniform(-300, 300)) * (1 + rng.integers(0, 3, n) * 2.0**-52)
    if kind == 4:
        return rng.integers(0, 4, n) * 5e-324
    return np.where(np.arange(n) == 0, 10.0 ** rng.uniform(-320, 300), 0.0)


def gini_by_definition(x):
    n, total = len(x), sum(x)
    return sum(abs(a - b) for a in x for b in x) / (2 * n * total) if total else Fraction(0)


def jain_by_definition(x):
    return sum(x) ** 2 / (len(x) * sum(a * a for a in x)) if sum(x) else Fraction(1)


def theil_by_definition(x):
    mean = sum(x) / len(x)
    with localcontext(prec=50):
        ratios = [Decimal((a / mean).numerator) / Decimal((a / mean).denominator) for a in x if a]
        return float(sum((r * r.ln() for r in ratios), Decimal(0)) / len(x))


@many_seeds
def test_thousands_of_vectors_measure_as_by_definition_in_fractions():
    rng = np.random.default_rng(0)
    for _ in seeds(1_500, 20_000):
        x = random_shares(rng)
        exact = [Fraction(float(a)) for a in x]
        found = Evenness.of(x)
        assert found.gini == pytest.approx(float(gini_by_definition(exact)), rel=1e-14, abs=0)
        assert found.jain == pytest.approx(float(jain_by_definition(exact)), rel=1e-14, abs=0)
        ratio = float(min(exact) / max(exact)) if max(exact) else 1.0
        assert found.min_max == pytest.approx(ratio, rel=1e-15, abs=5e-324)


def test_two_thousand_vectors_have_theil_s_index_to_twelve_digits():
    rng = np.random.default_rng(1)
    for _ in range(2000):
        x = random_shares(rng)
        exact = [Fraction(float(a)) for a in x]
        assert theil(x) == pytest.approx(theil_by_definition(exact) if sum(exact) else 0.0, rel=1e-12, abs=0)


def test_unequal_never_reads_as_equal_and_equal_always_does():
    rng = np.random.default_rng(2)
    for _ in range(10_000):
        x = random_shares(rng)
        equal = len(set(x.tolist())) == 1
        found = Evenness.of(x)
        assert ((found.gini, found.theil) == (0, 0)) if equal else (found.gini > 0 and found.theil > 0)
        assert ((found.jain, found.min_max) == (1, 1)) if equal else (found.jain < 1 and found.min_max < 1)
        assert 0 <= found.gini <= 1 - 1 / len(x)
        assert 1 / len(x) <= found.jain <= 1
        assert 0 <= found.theil <= log(len(x))
        assert (found.min_max == 0) == (x.min() == 0 < x.max())


def test_the_least_difference_shows_in_every_measure():
    found = Evenness.of([1.0, LARGEST_BELOW_1])
    assert found == Evenness(gini=2.0**-55, jain=LARGEST_BELOW_1, theil=2.0**-109, min_max=LARGEST_BELOW_1)
    assert Evenness.of([1e300, 5e-324]).min_max == 5e-324
    million = np.full(1_000_000, 7.0)
    assert Evenness.of(million) == Evenness(gini=0, jain=1, theil=0, min_max=1)
    million[123] += 1e-12
    found = Evenness.of(million)
    assert found.gini > 0
    assert found.theil > 0
    assert found.jain == LARGEST_BELOW_1


@given(shares, st.integers(-900, 900))
@examples(50)
def test_measures_do_not_depend_on_the_unit_or_the_order(x, power):
    scaled = np.ldexp(np.array(x)[::-1], power)
    if np.array_equal(np.ldexp(scaled, -power)[::-1], x) and np.isfinite(scaled).all():
        for measure in (gini, jain, theil, min_max_ratio):
            assert measure(scaled) == pytest.approx(measure(x), rel=1e-14)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4))
@examples(50)
def test_theil_is_theil_between_groups_and_the_weighted_mean_within(groups):
    x = np.concatenate(groups)
    if x.sum():
        means = np.concatenate([np.full(len(group), np.mean(group)) for group in groups])
        within = sum(sum(group) / x.sum() * theil(group) for group in groups)
        assert theil(x) == pytest.approx(theil(means) + within, abs=1e-12)


@pytest.mark.parametrize(
    "best, fair, price",
    [
        (200, 190, 0.05),
        (200.0, 0.0, 1.0),
        (200.0, -100.0, 1.5),
        (-10.0, -12.0, 0.2),
        (0.0, 0.0, 0.0),
        (0.0, -1.0, inf),
        (0.0, 1.0, -inf),
        (1.0, 1.25, -0.25),
        (1e300, 5e299, 0.5),
        (1.7e308, -1.7e308, 2.0),
        (1e-320, 0.0, 1.0),
        (5e-324, 1e-323, -1.0),
        (5e-324, -1e308, inf),
        (1.0, LARGEST_BELOW_1, 2.0**-53),
    ],
)
def test_the_price_of_fairness_is_the_fraction_lost(best, fair, price):
    assert price_of_fairness(best, fair) == pytest.approx(price, rel=1e-15, abs=0)


@pytest.mark.parametrize("bad", [nan, inf, -inf, "much", None])
def test_a_price_of_no_number_is_refused(bad):
    assert refused(price_of_fairness, bad, 1.0) == f"best: must be a finite number; found {bad!r}"
    assert refused(price_of_fairness, 1.0, bad) == f"fair: must be a finite number; found {bad!r}"


@given(st.data(), st.integers(0, 6), st.integers(1, 4))
@examples(40)
def test_largest_envy_is_the_greatest_wish_for_anothers_leads(data, n_leads, n_reps):
    affinity = data.draw(affinities(n_leads, n_reps))
    answer = np.array(data.draw(st.lists(st.integers(-1, n_reps - 1), min_size=n_leads, max_size=n_leads)), dtype=int)
    gains = np.where(np.isfinite(affinity.dense()), affinity.dense(), 0.0)
    envy = [
        sum(gains[i, r] for i in range(n_leads) if answer[i] == s)
        - sum(gains[i, r] for i in range(n_leads) if answer[i] == r)
        for r in range(n_reps)
        for s in range(n_reps)
    ]
    assert largest_envy(affinity, answer) == pytest.approx(max(envy), rel=1e-9, abs=1e-9)


def test_nobody_envies_nobody():
    assert largest_envy(Affinity(rates=np.zeros((0, 0))), []) == 0
    assert largest_envy(Affinity(rates=[[1.0]]), [-1]) == 0


def envies_by_definition(gains, answer, entitlement):
    """Largest envy and largest envy up to one lead, by looking at every pair of reps and every lead."""
    n_leads, n_reps = gains.shape
    worth = np.where(np.isfinite(gains), gains, 0.0)
    envy = up_to_one = 0.0
    for r in range(n_reps):
        own = sum(worth[i, r] for i in range(n_leads) if answer[i] == r)
        for s in range(n_reps):
            if entitlement[r] and entitlement[s] and r != s:
                bundle = [worth[i, r] for i in range(n_leads) if answer[i] == s]
                ratio = entitlement[r] / entitlement[s]
                envy = max(envy, ratio * sum(bundle) - own)
                less = [sum(bundle) - lead for lead in bundle]
                up_to_one = max(up_to_one, ratio * min([sum(bundle), *less]) - own)
    return envy, up_to_one


def random_split(rng):
    """Gains, dense or factored, negative and ineligible ones among them, with any assignment and entitlement."""
    n_leads, n_reps, n_rows = int(rng.integers(0, 8)), int(rng.integers(1, 5)), int(rng.integers(1, 4))
    dense = rng.random() < 0.5
    rates = rng.integers(-2, 9, (n_leads if dense else n_rows, n_reps)) / 4.0
    rates[rng.random(rates.shape) < 0.1] = -np.inf
    row = None if dense else rng.integers(0, n_rows, n_leads)
    affinity = Affinity(rates=rates, row=row, scale=rng.integers(0, 4, n_leads) / 2.0)
    answer = rng.integers(-1, n_reps, n_leads)
    entitlement = rng.integers(1, 4, n_reps).astype(float)
    idle = np.setdiff1d(np.arange(n_reps), answer)
    entitlement[idle[: int(rng.integers(0, 2))]] = 0.0
    return affinity, answer, entitlement


@many_seeds
def test_thousands_of_envies_are_those_of_the_definition():
    rng = np.random.default_rng(3)
    for _ in seeds(500, 10_000):
        affinity, answer, entitlement = random_split(rng)
        gains = affinity.dense()
        for weights, given_ in ((np.ones(affinity.n_reps), None), (entitlement, entitlement)):
            envy, up_to_one = envies_by_definition(gains, answer, weights)
            assert largest_envy(affinity, answer, given_) == pytest.approx(envy, abs=1e-12)
            assert envy_up_to_one(affinity, answer, given_) == pytest.approx(up_to_one, abs=1e-12)


def test_round_robin_picking_is_envy_free_up_to_one_lead():
    rng = np.random.default_rng(4)
    for _ in range(200):
        n_leads, n_reps = int(rng.integers(1, 20)), int(rng.integers(1, 6))
        gains = rng.integers(0, 100, (n_leads, n_reps)).astype(float)
        answer = np.full(n_leads, -1)
        for turn in range(n_leads):
            left = np.flatnonzero(answer < 0)
            answer[left[gains[left, turn % n_reps].argmax()]] = turn % n_reps
        assert envy_up_to_one(gains, answer) == 0


def test_what_is_left_of_a_bundle_keeps_its_digits():
    gains = [[1e280, 1e280], [3.0, 3.0]]
    assert envy_up_to_one(gains, [0, 0]) == 3.0
    assert largest_envy(gains, [0, 0]) == 1e280
    assert envy_up_to_one([[5e-324, 1e-323]], [0]) == 0
    assert largest_envy([[5e-324, 1e-323]], [0]) == 1e-323


def test_bundles_beyond_one_block_are_one_bundle(monkeypatch):
    rng = np.random.default_rng(5)
    gains, answer = rng.normal(1.0, 2.0, (60, 3)), rng.integers(-1, 3, 60)
    at_once = measures(np.abs(gains), answer), largest_envy(gains, answer), envy_up_to_one(gains, answer)
    monkeypatch.setattr("leadopt.metrics._BLOCK", 6)
    in_blocks = measures(np.abs(gains), answer), largest_envy(gains, answer), envy_up_to_one(gains, answer)
    assert in_blocks[0].to_dict() == pytest.approx(at_once[0].to_dict())
    assert in_blocks[1:] == pytest.approx(at_once[1:])
    assert in_blocks[1:] == pytest.approx(envies_by_definition(gains, answer, np.ones(3)))


def test_envy_reads_no_matrix_of_leads_by_reps():
    import tracemalloc

    rng = np.random.default_rng(6)
    n_leads, n_reps = 200_000, 400
    affinity = Affinity(
        rates=rng.random((20, n_reps)),
        row=rng.integers(0, 20, n_leads),
        scale=rng.integers(1, 9, n_leads).astype(float),
    )
    answer = rng.integers(-1, n_reps, n_leads)
    tracemalloc.start()
    found = envy_up_to_one(affinity, answer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n_leads * n_reps * 8 / 10
    assert 0 < found <= largest_envy(affinity, answer)


def test_shares_are_over_what_reps_are_entitled_to():
    gains = np.arange(1.0, 13.0)[:, None] * [1.0, 2.0, 1.0]
    answer = np.array([0, 0, 1, 1, 1, 1, 2, -1, 2, -1, 2, 2])
    value = [1 + 2, 2 * (3 + 4 + 5 + 6), 7 + 9 + 11 + 12]
    by_capacity = measures(gains, answer, capacity=[2, 4, 4])
    assert by_capacity.leads == Evenness(gini=0, jain=1, theil=0, min_max=1)
    assert by_capacity.value == Evenness.of([value[0] / 2, value[1] / 4, value[2] / 4])
    assert measures(gains, answer).leads == Evenness.of([2, 4, 4])
    assert measures(gains, answer, [3, 1, 1]).leads == Evenness.of([2 / 3, 4, 4])
    both = measures(gains, answer, [1, 1, 1], [2, 9, 9])
    assert both.leads == Evenness.of([2, 4, 4] / entitlements([1, 1, 1], [2, 9, 9], 10))
    assert both.envy == pytest.approx(largest_envy(gains, answer, entitlements([1, 1, 1], [2, 9, 9], 10)))


def test_who_is_entitled_to_nothing_and_has_nothing_is_left_out():
    with_absent = measures([[1.0, 1.0, 9.0], [2.0, 1.0, 9.0]], [0, 1], capacity=[1, 1, 0])
    assert with_absent == measures([[1.0, 1.0], [2.0, 1.0]], [0, 1], capacity=[1, 1])
    assert refused(measures, [[1.0, 1.0]], [1], [1, 0]) == (
        "entitlement: rep 1 has 1 leads and is entitled to none, so that its share has no size; "
        "give it an entitlement above 0"
    )


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (4, 0), (4, 1), (3, 2)])
def test_measures_of_an_empty_plan_say_equal(shape):
    found = measures(np.ones(shape), np.full(shape[0], -1))
    assert found == Measures(
        leads=Evenness(gini=0, jain=1, theil=0, min_max=1),
        value=Evenness(gini=0, jain=1, theil=0, min_max=1),
        envy=0.0,
        envy_up_to_one=0.0,
    )
    assert measures(np.ones(shape), np.full(shape[0], -1), np.zeros(shape[1]), np.zeros(shape[1])) == found


def test_one_rep_with_everything_is_even():
    found = measures(np.ones((3, 1)), [0, 0, 0])
    assert found.to_dict() == {
        **dict.fromkeys(("leads_gini", "leads_theil", "value_gini", "value_theil", "envy", "envy_up_to_one"), 0.0),
        **dict.fromkeys(("leads_jain", "leads_min_max", "value_jain", "value_min_max"), 1.0),
    }


@pytest.mark.parametrize(
    "arguments, said",
    [
        (
            ([[1.0, 1.0]], [0, 1]),
            "rep_of_lead: must be one rep index (or -1) for each of 1 leads; found int64 (2,)",
        ),
        (([[1.0]], [0.5]), "rep_of_lead: must be one rep index (or -1) for each of 1 leads; found float64 (1,)"),
        (([[1.0, 1.0]], [2]), "rep_of_lead: lead 0 has rep 2, which does not exist; there are 2"),
        (([[1.0]], [-2]), "rep_of_lead: lead 0 has rep -2, which does not exist; there are 1"),
        (
            ([[1e300]], [0]),
            "affinity: gains and scales must be at most 1e+290, so that they can be added up; "
            "give them in a larger unit",
        ),
        (([[nan]], [0]), "affinity, row 0, rep 0: gains must be finite, or -inf for an ineligible pair; found nan"),
        (([[1.0]], [0], [1, 2]), "entitlement: must have one entry for each of 1 reps; found 2"),
        (([[1.0]], [0], [-1]), "entitlement must be finite and not negative; found -1.0 at index 0"),
        (([[1.0]], [0], [nan]), "entitlement must be finite and not negative; found nan at index 0"),
    ],
)
def test_envy_of_what_is_no_assignment_is_refused(arguments, said):
    for measure in (largest_envy, envy_up_to_one, measures):
        assert refused(measure, *arguments) == said


def test_measures_refuse_a_capacity_that_is_none_and_a_loss():
    assert (
        refused(measures, [[1.0]], [0], None, [-1]) == "capacity must be finite and not negative; found -1.0 at index 0"
    )
    assert refused(measures, [[-2.0]], [0]) == (
        "affinity: the leads of rep 0 are expected to gain -2 together; shares of value need 0 or more"
    )


def test_a_tighter_band_is_more_even_and_costs_more():
    rng = np.random.default_rng(7)
    gains = rng.random((40, 4)) * [4.0, 2.0, 1.0, 1.0]
    objective, unevenness = [], []
    for most in (40, 20, 14, 10):
        found = match(
            gains, 40, limits=[Limit(reps=[rep], lower=20 - most, upper=most) for rep in range(4)] if most < 20 else []
        )
        objective.append(found.objective)
        unevenness.append(measures(gains, found.rep_of_lead).leads.gini)
    prices = [price_of_fairness(objective[0], fair) for fair in objective]
    assert prices == sorted(prices)
    assert prices[0] == 0 < prices[-1] < 1
    assert unevenness == sorted(unevenness, reverse=True)
    assert unevenness[-1] == 0


def test_the_summary_is_a_table_that_never_rounds_to_equal():
    found = measures(np.ones((2_000_001, 2)), np.arange(2_000_001) % 2)
    assert str(found).splitlines()[3] == "| Jain                | < 1      | < 1              |        1 |"
    assert '<td style="text-align:left">largest envy</td>' in found._repr_html_()
    assert "&lt; 1" in found._repr_html_()
