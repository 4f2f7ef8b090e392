"""Expected values are right on average, closer than plain means, and equal a dense computation."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import assign
from leadopt.errors import InvalidInput
from leadopt.learning.value_model import ValueModel
from tests import many_seeds, seeds
from tests.strategies import examples

N_SEGMENTS, N_REPS = 12, 8


def floor(seed, n, between=0.7, of_reps=0.2, noise=0.8):
    """Won leads of log-normal value by segment and rep, a column that says nothing, and the true expected values."""
    rng = np.random.default_rng(seed)
    of_segment, of_rep = rng.normal(0.0, between, N_SEGMENTS), rng.normal(0.0, of_reps, N_REPS)
    segment = rng.choice(N_SEGMENTS, n, p=rng.dirichlet(np.full(N_SEGMENTS, 2.0)))
    rep, other = rng.integers(0, N_REPS, n), rng.integers(0, 10, n)
    value = np.exp(7.0 + of_segment[segment] + of_rep[rep] + rng.normal(0.0, noise, n))
    history = {
        "source": [f"s{k}" for k in segment],
        "color": [f"c{k}" for k in other],
        "rep_id": [f"r{k}" for k in rep],
        "value": value.tolist(),
        "converted": [1] * n,
    }
    return history, np.exp(7.0 + of_segment + noise**2 / 2.0) * np.exp(of_rep).mean()


LEADS = [{"source": f"s{k}", "color": "c0"} for k in range(N_SEGMENTS)]


def fitted(history, columns=("source", "color"), **settings):
    return ValueModel(columns=columns, **settings).fit(history)


def log_error(estimate, truth):
    return float(np.sqrt(np.mean(np.log(estimate / truth) ** 2)))


def segment_means(history):
    value, source = np.array(history["value"]), np.array(history["source"])
    groups = [value[source == lead["source"]] for lead in LEADS]
    return np.array([group.mean() if len(group) else value.mean() for group in groups])


@many_seeds
@pytest.mark.parametrize(("n", "better"), [(40, 0.92), (120, 0.85), (1_000, 0.9)])
def test_estimates_are_closer_than_means_by_segment_and_than_the_mean_of_all(n, better):
    model, by_segment, by_all = [], [], []
    for seed in seeds(24, 120):
        history, truth = floor(seed, n)
        model.append(log_error(fitted(history).expected(LEADS), truth))
        by_segment.append(log_error(segment_means(history), truth))
        by_all.append(log_error(np.mean(history["value"]), truth))
    assert np.mean(model) < better * np.mean(by_segment)
    assert np.mean(model) < 0.8 * np.mean(by_all)


@pytest.mark.parametrize("n", [1, 5, 40, 300])
@many_seeds
def test_expected_values_are_right_on_average_however_few_deals_there_are(n):
    ratios = []
    for seed in seeds(30, 120):
        history, truth = floor(seed, n, between=0.5)
        ratios.append(fitted(history).expected(LEADS).sum() / truth.sum())
    standard_error = np.std(ratios) / np.sqrt(len(ratios))
    assert np.mean(ratios) == pytest.approx(1.0, abs=max(0.02, 2.5 * standard_error))
    assert standard_error < 0.16


@many_seeds
def test_intervals_hold_the_truth_as_often_as_they_say():
    held = []
    for seed in seeds(30, 120):
        history, truth = floor(seed, 150)
        low, high = fitted(history).interval(LEADS).T
        held.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.86 < np.mean(held) < 0.98


def test_columns_that_say_nothing_shrink_to_nothing():
    histories = [floor(seed, 400, between=0.0, of_reps=0.0)[0] for seed in range(20)]
    models = [fitted(history) for history in histories]
    for family in ("source", "color", "rep"):
        assert np.median([model.strengths_[family] for model in models]) < 0.02
    errors = [log_error(model.expected(LEADS), np.exp(7.32)) for model in models]
    plain = [log_error(segment_means(history), np.exp(7.32)) for history in histories]
    assert np.mean(errors) < 0.4 * np.mean(plain)


def test_one_won_lead_is_worth_what_it_was_worth():
    model = fitted([{"source": "web", "value": 250.0, "converted": True}], "source")
    assert model.expected([{"source": "web"}]) == pytest.approx([250.0], rel=1e-3)
    assert model.n_won_ == 1
    low, high = model.interval([{"source": "web"}])[0]
    assert low < 100.0
    assert high > 600.0


def test_the_expected_value_equals_a_dense_computation():
    history, _ = floor(7, 200)
    history["source"] = [source if source < "s3" else "s9" for source in history["source"]]
    model = fitted(history, "source")
    y = np.log(history["value"])
    sources, reps = sorted(set(history["source"])), sorted(set(history["rep_id"]))
    x = np.array(
        [
            [1.0, *(source == s for s in sources), *(rep == r for r in reps)]
            for source, rep in zip(history["source"], history["rep_id"], strict=True)
        ],
        dtype=float,
    )
    spread = {name: model.strengths_[name] for name in ("source", "rep")}
    prior = [1e-6, *[spread["source"] ** -2] * len(sources), *[spread["rep"] ** -2] * len(reps)]
    noise = model.noise_**2
    covariance = np.linalg.inv(x.T @ x / noise + np.diag(prior))
    mean = covariance @ x.T @ (y - y.mean()) / noise
    of_reps = slice(1 + len(sources), None)
    usual_rep = np.exp(mean[of_reps] + 0.5 * np.diagonal(covariance)[of_reps]).mean()
    rows = np.hstack([np.ones((len(sources), 1)), np.eye(len(sources)), np.zeros((len(sources), len(reps)))])
    variance = np.einsum("ij,jk,ik->i", rows, covariance, rows)
    expected = np.exp(y.mean() + rows @ mean + 0.5 * variance - rows @ covariance[0] + 0.5 * noise) * usual_rep
    assert model._amounts.correction.log_factor == 0.0
    np.testing.assert_allclose(model.expected([{"source": source} for source in sources]), expected, rtol=1e-6)


def test_a_few_huge_deals_are_few():
    rng = np.random.default_rng(0)
    value = np.exp(rng.normal(np.log(100.0), 0.5, 300))
    source = np.array(["web", "fair", "call"])[rng.integers(0, 3, 300)]
    columns = {"source": source.tolist(), "value": value.tolist(), "converted": [1] * 300}
    huge = {
        "source": [*columns["source"], "web", "web"],
        "value": [*columns["value"], 1e5, 2e5],
        "converted": [1] * 302,
    }
    leads = [{"source": name} for name in ("web", "fair", "call")]
    before, after = fitted(columns, "source").expected(leads), fitted(huge, "source").expected(leads)
    assert (
        after[0] < 300.0 < 0.15 * np.mean([v for v, s in zip(huge["value"], huge["source"], strict=True) if s == "web"])
    )
    assert (after[1:] < 1.4 * before[1:]).all()


def test_values_that_are_not_log_normal_are_still_right_on_average():
    rng = np.random.default_rng(0)
    value = rng.choice([50.0, 500.0, 5_000.0], 3_000, p=[0.3, 0.3, 0.4]) * np.exp(rng.normal(0.0, 0.1, 3_000))
    columns = {"source": [f"s{k}" for k in rng.integers(0, 4, 3_000)], "value": value, "converted": [1] * 3_000}
    model = fitted(pl.DataFrame(columns), "source")
    assert np.exp(np.log(value).mean() + np.log(value).var() / 2.0) > 1.4 * value.mean()  # log-normal: far too much
    assert model.expected([{"source": f"s{k}"} for k in range(4)]).mean() == pytest.approx(value.mean(), rel=0.01)


def test_pairs_of_columns_that_earn_it_are_found_and_others_left_out():
    rng = np.random.default_rng(1)
    a, b, c = (rng.integers(0, 4, 1_500) for _ in range(3))
    together = rng.normal(0.0, 0.8, (4, 4))
    value = np.exp(5.0 + together[a, b] + rng.normal(0.0, 0.5, 1_500))
    columns = {"a": a.tolist(), "b": b.tolist(), "c": c.tolist(), "value": value.tolist(), "converted": [1] * 1_500}
    model = fitted(columns, ["a", "b", "c"])
    assert "a x b" in model.strengths_
    assert "b x c" not in model.strengths_
    assert list(fitted({**columns, "c": ["x"] * 1_500}, ["a", "c"]).strengths_) == ["a"]
    lead = {"a": 2, "b": 3, "c": 0}
    assert model.expected([lead])[0] == pytest.approx(np.exp(5.0 + together[2, 3] + 0.125), rel=0.15)


def test_what_was_never_seen_is_as_what_was_seen_on_average_and_less_certain():
    model = fitted(floor(3, 600)[0], "source")
    known, new = model.expected(LEADS), model.expected([{"source": "new"}])[0]
    assert new == pytest.approx(known.mean(), rel=0.05)
    (low, high), (new_low, new_high) = model.interval([LEADS[0], {"source": "new"}])
    assert new_high / new_low > 1.5 * high / low
    assert known.min() < new < known.max()


def test_a_missing_level_is_a_level_and_measurements_are_binned():
    rng = np.random.default_rng(2)
    size = rng.random(800) * 10.0
    value = np.where(size > 5.0, 1_000.0, 100.0) * np.exp(rng.normal(0.0, 0.2, 800))
    columns = {"size": size, "value": value, "converted": [True] * 800}
    model = fitted(pl.DataFrame(columns), "size")
    assert len(model.bins_["size"]) == 7
    assert model.expected([{"size": 1.0}, {"size": 9.0}]) == pytest.approx([102.0, 1_020.0], rel=0.1)
    asked = fitted(pl.DataFrame(columns), "size", bins={"size": [5.0]})
    assert asked.bins_ == {"size": (5.0,)}
    gaps = fitted({"kind": ["x", None] * 50, "value": [10.0, 90.0] * 50, "converted": [1] * 100}, "kind")
    assert gaps.expected([{"kind": None}, {"kind": "x"}]) == pytest.approx([90.0, 10.0], rel=0.05)


@pytest.mark.parametrize("kind", [pl.DataFrame, pd.DataFrame, dict])
def test_tables_of_every_kind_and_order_give_the_same_answer(kind):
    history, _ = floor(4, 300)
    order = np.random.default_rng(0).permutation(300)
    mixed = kind({name: [values[k] for k in order] for name, values in history.items()})
    np.testing.assert_array_equal(fitted(mixed).expected(LEADS), fitted(history).expected(LEADS))


def test_lost_and_open_leads_and_missing_values_teach_nothing():
    history, _ = floor(4, 100)
    more = {
        "source": [*history["source"], "s1", "s1", "s1"],
        "color": [*history["color"], "c1", "c1", "c1"],
        "rep_id": [*history["rep_id"], "r1", "r1", "r1"],
        "value": [*history["value"], 1e9, 1e9, None],
        "converted": [*history["converted"], 0, None, 1],
    }
    model = fitted(more)
    np.testing.assert_array_equal(model.expected(LEADS), fitted(history).expected(LEADS))
    assert (model.n_won_, model.n_missing_) == (100, 1)


def test_currencies_are_brought_into_one_unit():
    history, _ = floor(4, 100)
    euro = [k % 2 == 0 for k in range(100)]
    mixed = history | {
        "value": [v / 1.25 if e else v for v, e in zip(history["value"], euro, strict=True)],
        "currency": ["eur" if e else "USD" for e in euro],
    }
    model = fitted(mixed, currencies={"EUR": 1.25, "USD": 1.0})
    np.testing.assert_allclose(model.expected(LEADS), fitted(history).expected(LEADS), rtol=1e-6)
    assert model.currencies_ == ("EUR", "USD")
    with pytest.raises(InvalidInput, match=r"^history.currency: values in several currencies cannot be compared"):
        fitted(mixed)


def test_who_has_a_lead_is_no_reason_for_its_value():
    rng = np.random.default_rng(0)
    rep = rng.integers(0, 6, 1_200)
    source = np.where(rng.random(1_200) < 0.85, rep % 2, 1 - rep % 2)  # good reps had most of the referrals
    value = np.exp(5.0 + 0.5 * (rep % 2) + rng.normal(0.0, 0.5, 1_200))
    columns = {"source": source.tolist(), "rep_id": rep.tolist(), "value": value.tolist(), "converted": [1] * 1_200}
    with_rep = fitted(columns, "source").expected([{"source": 0}, {"source": 1}])
    without = fitted(columns, "source", rep=None).expected([{"source": 0}, {"source": 1}])
    assert without[1] / without[0] > 1.3
    assert with_rep[1] / with_rep[0] < 1.12


def test_no_columns_are_one_value_for_all():
    value = [90.0, 100.0, 110.0] * 100
    model = ValueModel().fit({"value": value, "converted": [1] * 300})
    assert model.expected([{"x": 1}, {"x": 2}]) == pytest.approx([100.0, 100.0], rel=0.01)
    assert ValueModel().fit(pl.DataFrame({"value": value, "converted": [1] * 300})).n_won_ == 300


def test_no_won_value_is_said_when_it_is_asked_for():
    model = fitted(
        [{"source": "x", "value": None, "converted": 1}, {"source": "x", "value": 5, "converted": 0}], "source"
    )
    assert (model.n_won_, model.n_missing_, model.strengths_) == (0, 1, {})
    with pytest.raises(InvalidInput) as caught:
        model.expected([{"source": "x"}])
    assert str(caught.value) == "ValueModel: history has no won lead with a value, so there is nothing to expect"


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: ValueModel().expected([]), "ValueModel: has learned nothing yet; call fit(history) first"),
        (
            lambda: ValueModel(columns=["a", "a"]).fit([]),
            "ValueModel.columns: must be distinct names of columns; found ['a', 'a']",
        ),
        (
            lambda: ValueModel(columns="a", bins={"b": 3}).fit([]),
            "ValueModel.bins: 'b' is none of the columns ['a']",
        ),
        (
            lambda: ValueModel(currencies={"EUR": 0}).fit([]),
            "ValueModel.currencies.EUR: what one unit is worth must be a number above 0; found 0",
        ),
        (
            lambda: ValueModel(columns="a").fit([{"a": 1, "converted": 1}]),
            'history: column "value" is missing; known are a, converted '
            "(column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)",
        ),
        (
            lambda: ValueModel(value_zero="none").fit([]),
            "ValueModel.value_zero: must be \"missing\" where a value of 0 is one that is not known; found 'none'",
        ),
        (
            lambda: ValueModel().fit([{"value": -1.0, "converted": "won"}]),
            "history.value, row 1: what a won lead was worth must be a number from 0 to 1e+100; found -1.0. "
            "Leave it empty where it is not known.",
        ),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(act, message):
    with pytest.raises(InvalidInput) as caught:
        act()
    assert str(caught.value) == message


@pytest.mark.parametrize("n_rows", [12, 2_000])
def test_a_column_that_names_leads_is_left_out_and_says_so(n_rows):
    rng = np.random.default_rng(4)
    sources = rng.choice(["web", "fair", "ad"], n_rows).tolist()
    history = {
        "source": sources,
        "mail": [f"{k}@x.org" for k in range(n_rows)],
        "value": rng.lognormal(7.0, 0.8, n_rows).tolist(),
        "converted": [True] * n_rows,
    }
    named, plain = (ValueModel(columns=names).fit(history) for names in (["source", "mail"], "source"))
    leads = {"source": ["web", "fair", None], "mail": ["1@x.org", "new@x.org", None]}
    assert (named.expected(leads) == plain.expected(leads)).all()
    assert (named.interval(leads) == plain.interval(leads)).all()
    said = f"{n_rows:,}"
    assert named.notes_ == [f"mail has {said} levels in {said} won leads: it names leads, so it is left out"]
    assert (named.columns_, plain.notes_) == (("source",), [])


def test_one_rep_or_one_level_is_known_as_well_as_the_mean_is():
    rng = np.random.default_rng(0)
    value = 1000.0 * np.exp(rng.normal(0.0, 0.3, 60))
    columns = {"rep_id": ["A"] * 60, "source": ["web"] * 60, "value": value.tolist(), "converted": [1] * 60}
    model = ValueModel(columns="source").fit(columns)
    (expected,), ((low, high),) = model.expected([{"source": "web"}]), model.interval([{"source": "web"}])
    assert expected == pytest.approx(value.mean(), rel=0.02)
    error = 1.645 * value.std() / value.mean() / np.sqrt(60)
    assert np.log(high / low) / 2.0 == pytest.approx(error, rel=0.25)
    new_low, new_high = model.interval([{"source": "never seen"}])[0]
    assert new_low < 0.7 * low and new_high > 1.4 * high


def test_intervals_hold_the_truth_with_few_reps_too():
    for n_reps in (1, 2, 3):
        held = []
        for seed in range(60):
            rng = np.random.default_rng([n_reps, seed])
            source, rep = rng.integers(0, 6, 120), rng.integers(0, n_reps, 120)
            of_source, of_rep = rng.normal(0.0, 0.6, 6), rng.normal(0.0, 0.3, n_reps)
            value = np.exp(6.0 + of_source[source] + of_rep[rep] + rng.normal(0.0, 0.7, 120))
            rows = {"source": source.tolist(), "rep_id": rep.tolist(), "value": value.tolist(), "converted": [1] * 120}
            truth = np.exp(6.0 + of_source + 0.245) * np.exp(of_rep).mean()
            low, high = ValueModel(columns="source").fit(rows).interval([{"source": k} for k in range(6)]).T
            held.append(np.mean((low <= truth) & (truth <= high)))
        assert 0.84 < np.mean(held) < 0.97


def test_a_pilot_that_was_won_for_nothing_is_worth_nothing():
    rng = np.random.default_rng(3)
    kind = np.where(rng.random(600) < 0.5, "pilot", "sale")
    free = rng.random(600) < np.where(kind == "pilot", 0.7, 0.02)
    value = np.where(free, 0.0, np.exp(rng.normal(7.0, 0.5, 600)))
    columns = {"kind": kind.tolist(), "value": value.tolist(), "converted": [1] * 600}
    model = fitted(columns, "kind")
    leads = [{"kind": "pilot"}, {"kind": "sale"}, {"kind": "new"}]
    expected, (low, high) = model.expected(leads), model.interval(leads).T
    assert expected[:2] == pytest.approx([value[kind == name].mean() for name in ("pilot", "sale")], rel=0.1)
    assert expected[0] < expected[2] < expected[1]
    assert (low < expected).all() and (expected < high).all()
    assert (model.n_won_, model.n_zero_) == (600, int(free.sum()))
    assert model.notes_ == [
        f'{free.sum()} of 600 won leads were won for 0, which counts as it is: set value_zero = "missing" where 0 '
        f'means "not filled in"'
    ]
    # Sums of many values vary as those of a log-normal distribution with this scatter.
    assert np.expm1(model.scatter_**2) == pytest.approx(np.var(value) / np.mean(value) ** 2, rel=0.2)
    known = fitted(columns, "kind", value_zero="missing")
    assert (known.n_won_, known.n_missing_, known.n_zero_, known.notes_) == (int((~free).sum()), int(free.sum()), 0, [])
    assert known.expected(leads[:1])[0] == pytest.approx(value[(kind == "pilot") & ~free].mean(), rel=0.1)


def test_won_for_nothing_alone_is_worth_nothing():
    model = fitted({"kind": ["a", "b"], "value": [0.0, 0], "converted": [1, 1]}, "kind")
    assert model.expected([{"kind": "a"}]).tolist() == [0.0]
    assert model.interval([{"kind": "a"}]).tolist() == [[0.0, 0.0]]
    plan = assign([{"lead_id": 1}], [{"rep_id": "A"}], {"rep_id": ["A"], "value": [0.0], "converted": [1]})
    assert "has a value of 0" in " ".join(plan.notes)


AMOUNTS = [0.0, 1e-300, 5e-324, 1e-100, 0.01, 1.0, 6.0, 5000.0, 5001.0, 6000.0, 1e9, 1e50, 1e100]


@examples(30)
@given(st.data())
def test_amounts_of_any_size_end_in_numbers(data):
    n = data.draw(st.integers(1, 10))
    value = data.draw(st.lists(st.sampled_from(AMOUNTS), min_size=n, max_size=n))
    source, rep = (data.draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n)) for _ in range(2))
    history = {"source": source, "rep_id": rep, "value": value, "converted": [1] * n}
    leads = [{"source": name} for name in "abc"]
    for kind in (dict, pl.DataFrame):
        model = fitted(kind(history), data.draw(st.sampled_from(["source", ()])))
        expected, (low, high) = model.expected(leads), model.interval(leads).T
        assert np.isfinite([expected, low, high]).all()
        assert ((low <= expected) & (expected <= high) & (low >= 0.0)).all()
        assert (expected <= 2.72 * max(value) + 1e-260).all()
    plan = assign({"lead_id": [1, 2, 3], "source": list("abc")}, {"rep_id": ["a", "b"]}, history)
    assert str(plan.report())
    assert plan.explain(1).lines


@pytest.mark.parametrize(
    ("amount", "shown"), [(999_999_999, "999,999,999"), (1e-300, "1e-300"), (123.25e9, "123,250,000,000")]
)
def test_a_note_names_an_odd_amount_as_it_stands_in_the_table(amount, shown):
    usual = np.exp(np.random.default_rng(0).normal(8.0, 1.0, 200)).tolist()
    rows = [{"rep_id": "A", "value": value, "converted": True} for value in [*usual, amount]]
    assert f"({shown}; usual is about" in ValueModel().fit(rows).notes_[0]


@pytest.mark.parametrize("value", [np.float64(5.15e299), 10**400, -(10**400)])
def test_amounts_beyond_all_are_refused_as_they_stand(value):
    rows = [{"rep_id": "A", "value": one, "converted": True} for one in (1.0, value)]
    with pytest.raises(InvalidInput) as caught:
        ValueModel().fit(rows)
    assert "np." not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("size", [1e-323, 1e-300, 1e-200, 1e-151, 1e-149, 1e-9, 1.0])
def test_amounts_below_what_is_ever_expected_are_told(size):
    """Fifty amounts around 1e-300 were expected to be 2.65e-261, and those around 1e-200 1.3% too little, untold."""
    model = ValueModel().fit([{"rep_id": "A", "value": size * (1 + k % 5), "converted": True} for k in range(50)])
    expected = float(model.expected([{"lead_id": 1}])[0])
    told = [note for note in model.notes_ if "the least that is ever expected" in note]
    if size > 1e-150:
        assert not told
        assert size <= expected <= 5 * size
    else:
        said = "50 won leads of history have amounts below 1.00e-150, the least that is ever expected: write amounts in"
        assert told == [f"{said} a larger unit"]
