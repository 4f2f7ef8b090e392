"""One amount again and again, by itself, is a placeholder whatever its share; a price never is."""

import numpy as np
import pytest

from leadopt.learning.value_model import ValueModel

TWO = [{"source": "web"}, {"source": "fair"}]


def amounts(n, share, instead, seed=0, factor=3.0):
    rng = np.random.default_rng(seed)
    value = np.exp(rng.normal(7.0, 1.0, n)) * np.where(np.arange(n) % 2, factor, 1.0)
    value[rng.random(n) < share] = instead
    return {"source": ["web", "fair"] * (n // 2), "value": value.tolist(), "converted": [1] * n}


@pytest.mark.parametrize("share", [0.03, 0.1, 0.2, 0.45])
@pytest.mark.parametrize("instead", [0.01, 0.7, 99_999_999.0])
def test_placeholders_change_nothing_at_any_share_below_half_and_are_told(share, instead):
    rows = amounts(400, share, instead)
    model = ValueModel(columns="source").fit(rows)
    kept = [k for k, value in enumerate(rows["value"]) if value != instead]
    plain = ValueModel(columns="source").fit({name: [cells[k] for k in kept] for name, cells in rows.items()})
    assert model.n_odd_ == 400 - len(kept)
    np.testing.assert_array_equal(model.interval(TWO), plain.interval(TWO))
    np.testing.assert_array_equal(model.expected(TWO), plain.expected(TWO))
    (note,) = model.notes_
    shown = f"{instead:,.0f}" if instead > 1 else f"{instead}"
    assert note == (
        f"{400 - len(kept)} of 400 won values are {shown}, exactly and far from all others: taken for placeholders and "
        "left out; leave the value empty where it is not known, or if it is a price, estimate values by a column that "
        "tells these deals from the others"
    )


def test_several_placeholders_zeros_and_a_slip_are_each_told():
    rows = amounts(400, 0.0, 1.0)
    rows["value"][:101] = [0.01] * 40 + [0.5] * 20 + [9e8] * 10 + [0.0] * 30 + [1e-6]
    model = ValueModel().fit(rows)
    assert (model.n_odd_, model.n_zero_) == (71, 30)
    assert model.notes_[-1].startswith("40 of 370 won values are 0.01, 20 are 0.5, 10 are 900,000,000, exactly")
    assert model.expected([{"x": 1}])[0] == pytest.approx(2 * np.exp(7.5) * (1 - 30 / 330), rel=0.15)


@pytest.mark.parametrize("columns", [(), ("product",)])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("prices", [[99.0, 990.0, 9_900.0], [5.0, 1_000.0, 90_000.0]])
def test_prices_of_a_list_are_none(prices, share, columns):
    place = np.random.default_rng(1).choice(3, 300, p=[share, (1 - share) / 2, (1 - share) / 2])
    rows = {"product": [f"p{k}" for k in place], "value": [prices[k] for k in place], "converted": [1] * 300}
    model = ValueModel(columns=columns).fit(rows)
    assert model.n_odd_ == 0
    apart = prices[0] < 10 and not columns  # nobody can say
    assert [note.split(": ")[1][:37] for note in model.notes_] == ["they may be prices or placeholders, a"] * apart


def test_the_price_of_a_product_is_none_and_where_it_is_not_known_which_it_is_that_is_told():
    rows = amounts(300, 0.0, 1.0)
    pilot = np.random.default_rng(2).random(300) < 0.2
    rows["value"] = np.where(pilot, 0.5, rows["value"]).tolist()
    rows["product"] = np.where(pilot, "pilot", rows["source"]).tolist()
    model = ValueModel(columns="product").fit(rows)
    assert model.n_odd_ == 0
    assert model.expected([{"product": "pilot"}])[0] < 5.0
    assert ": they may be prices or placeholders, and count as prices;" in model.notes_[-1]
    assert ValueModel(columns="source").fit(rows).n_odd_ == pilot.sum()


def test_what_is_most_of_all_or_near_the_others_is_told_and_counts():
    for rows in (amounts(300, 0.7, 0.01), amounts(300, 0.1, 999_999.0)):
        model = ValueModel().fit(rows)
        assert model.n_odd_ == 0
        assert ": they may be prices or placeholders, and count as prices;" in model.notes_[-1]


@pytest.mark.parametrize("spread", [0.01, 1.0, 3.0])
def test_amounts_that_scatter_are_none(spread):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        value = np.exp(rng.normal(7.0, spread, 300)).round(2)
        assert ValueModel().fit({"value": value.tolist(), "converted": [1] * 300}).notes_ == []


def test_the_order_of_rows_makes_no_difference():
    rows = amounts(300, 0.2, 0.01)
    back = {name: cells[::-1] for name, cells in rows.items()}
    models = [ValueModel(columns="source").fit(one) for one in (rows, back)]
    assert models[0].notes_ == models[1].notes_
    np.testing.assert_array_equal(models[0].expected(TWO), models[1].expected(TWO))
