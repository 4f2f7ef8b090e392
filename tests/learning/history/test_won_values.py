"""Won values are added up alike in every kind of table, and what cannot be a value is named."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from leadopt.errors import InvalidInput
from leadopt.learning.history.won_values import won_values
from leadopt.tables import Table
from tests.tables_strategies import KINDS

every_kind = pytest.mark.parametrize("kind", sorted(KINDS))

HISTORY = {
    "rep": ["A", "A", "B", "B", None, "B"],
    "part": ["x", "x", None, "x", "y", "x"],
    "won": [1, 1, 1, 1, None, 0],
    "value": [10.0, 30.0, 5.0, None, -1.0, 0.0],  # what was not won may be worth anything
}


def summed(found):
    amounts, sums = found.amounts, {}
    parts = (amounts.paid, amounts.logs, amounts.squared_logs, amounts.total, amounts.squares)
    for key, *each in zip(zip(*found.keys, strict=True), *parts, strict=True):
        sums[key] = [whole + part for whole, part in zip(sums.get(key, [0] * 5), each, strict=True)]
    return {key: tuple(np.round(each, 5)) for key, each in sums.items()}


@pytest.mark.parametrize("at_once", [1_000_000, 2])
@every_kind
def test_every_kind_adds_up_the_same(kind, at_once, monkeypatch):
    monkeypatch.setattr("leadopt.tables.group_by._AT_ONCE", at_once)
    found = won_values(Table(KINDS[kind](HISTORY), "history"), ["rep", "part"], "value", "won")
    ten, thirty, five = np.log([10.0, 30.0, 5.0])
    expected = {
        ("A", "x"): (2, *np.round([ten + thirty, ten**2 + thirty**2, 40.0, 1000.0], 5)),
        ("B", None): (1, *np.round([five, five**2, 5.0, 25.0], 5)),
    }
    assert summed(found) == expected
    assert (found.n_missing, found.currencies) == (1, ())


def test_sums_of_logarithms_are_the_same_to_the_last_digit_in_any_order_and_engine():
    rng = np.random.default_rng(0)
    value = np.exp(rng.normal(5.0, 3.0, 5_000))
    columns = {"k": ["a"] * 5_000, "won": [1] * 5_000}
    there = won_values(Table(pl.DataFrame(columns | {"value": value}), "history"), ["k"], "value", "won").amounts
    back = won_values(Table(columns | {"value": value[::-1].tolist()}, "history"), ["k"], "value", "won").amounts
    assert (there.logs.sum(), there.squared_logs.sum()) == (back.logs.sum(), back.squared_logs.sum())
    assert there.logs.sum() == pytest.approx(np.log(value).sum(), abs=5_000 * 2**-25)
    assert there.squares.sum() == pytest.approx((value**2).sum())
    # Groups are of one magnitude, the same in every engine.
    assert sorted(zip(there.logs, there.paid, strict=True)) == sorted(zip(back.logs, back.paid, strict=True))
    assert len(there.logs) > 15


@every_kind
def test_currencies_are_brought_into_one_unit(kind):
    columns = {"part": ["x", "x", "y"], "won": [1, 1, 1], "value": [10.0, 10.0, 4.0], "money": ["usd", "EUR ", "EUR"]}
    rates = {"USD": 1.0, "EUR": 2.0}
    one = won_values(Table(KINDS[kind](columns), "history"), ["part"], "value", "won", "money", rates)
    plain = won_values(Table({**columns, "value": [10.0, 20.0, 8.0]}, "history"), ["part"], "value", "won")
    for part in ("logs", "squared_logs", "total", "squares"):
        ours, theirs = ({}, {})
        for sums, found in ((ours, one), (theirs, plain)):
            for key, number in zip(found.keys[0], getattr(found.amounts, part), strict=True):
                sums[key] = sums.get(key, 0.0) + number
        assert ours == pytest.approx(theirs, abs=1e-6)
    assert one.currencies == ("EUR", "USD")


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow", "list of dicts"])
@pytest.mark.parametrize(("bad", "shown"), [(-3.0, "-3.0"), (float("inf"), "inf"), (1e101, "1e+101")])
def test_a_won_value_must_not_be_below_0(kind, bad, shown):
    table = Table(KINDS[kind]({"won": [0, 1, 1], "value": [bad, 7.0, bad], "part": ["x"] * 3}), "history")
    with pytest.raises(InvalidInput) as caught:
        won_values(table, ["part"], "value", "won")
    assert str(caught.value) == (
        "history.value, row 3: what a won lead was worth must be a number from 0 to 1e+100; "
        f"found {shown}. Leave it empty where it is not known."
    )


@every_kind
def test_a_value_of_0_is_one_or_is_missing(kind):
    columns = {"won": [1, 1, 1, 0], "value": [0.0, 7.0, 0.0, 0.0], "part": ["x", "x", "y", "x"]}
    table = Table(KINDS[kind](columns), "history")
    found = won_values(table, ["part"], "value", "won")
    assert summed(found) == {("x",): (1, *np.round([np.log(7.0), np.log(7.0) ** 2, 7.0, 49.0], 5)), ("y",): (0,) * 5}
    assert (found.counted.sum(), found.amounts.free.sum(), found.n_missing) == (3, 2, 0)
    known = won_values(table, ["part"], "value", "won", zero_missing=True)
    assert list(summed(known)) == [("x",)]
    assert (known.counted.sum(), known.n_missing) == (1, 2)


def test_rates_that_make_amounts_too_large_to_add_up_are_refused():
    table = Table({"won": [1], "value": [1e60], "money": ["EUR"]}, "history")
    with pytest.raises(InvalidInput) as caught:
        won_values(table, [], "value", "won", "money", {"EUR": 1e50})
    assert str(caught.value) == (
        "history.value: what leads are worth must be at most 1e+100 in the unit of the plan; found more, by the rates "
        "of their currencies. Choose a larger unit, with smaller rates"
    )


def test_text_is_no_value_and_the_row_is_named():
    with pytest.raises(InvalidInput, match=r"history.value, row 2: what a won lead was worth .*; found 'a lot'"):
        won_values(Table({"won": ["lost", "won"], "value": ["n/a", "a lot"]}, "history"), [], "value", "won")


def test_a_currency_without_a_rate_is_refused():
    table = Table({"won": [1], "value": [5.0], "money": ["GBP"]}, "history")
    with pytest.raises(InvalidInput, match=r"^history.money: no rate for the currency GBP; known are USD\."):
        won_values(table, [], "value", "won", "money", {"USD": 1.0})


def test_collections_are_no_levels():
    with pytest.raises(InvalidInput, match=r"history.part, row 1: must be a plain value, not a collection"):
        won_values(Table({"won": [1], "value": [5.0], "part": [["x"]]}, "history"), ["part"], "value", "won")
    frame = pd.DataFrame({"won": [1], "value": [5.0], "part": [["x"]]})
    with pytest.raises(InvalidInput, match=r"history: columns part must hold plain values that can be grouped; .*list"):
        won_values(Table(frame, "history"), ["part"], "value", "won")


def test_an_empty_history_has_no_won_values():
    assert won_values(Table([], "history"), ["part"], "value", "won").amounts.known.tolist() == []
    nothing = pl.DataFrame({"part": [], "value": [], "won": []}, schema={"part": str, "value": float, "won": int})
    assert won_values(Table(nothing, "history"), ["part"], "value", "won").n_missing == 0


def test_a_word_is_to_blame_for_the_text_beside_it():
    rows = {"rep_id": ["A"] * 3, "converted": [1, 1, 0], "value": ["100", "lots", "100"]}
    with pytest.raises(InvalidInput) as caught:
        won_values(Table(rows, "history"), ["rep_id"], "value", "converted")
    assert str(caught.value) == (
        "history.value, row 2: what a won lead was worth must be a number from 0 to 1e+100; found 'lots'. "
        "Leave it empty where it is not known."
    )
