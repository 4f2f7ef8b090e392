"""Rows of one account are found by how their outcomes hang together, and nothing else is taken for accounts."""

from datetime import date, timedelta

import numpy as np
import pytest

from leadopt.evaluate import backtest
from leadopt.evaluate.backtests.account_column import account_column
from leadopt.evaluate.backtests.verdict import UNKNOWN
from leadopt.evaluate.history.records import read_records
from leadopt.learning.effects.logistic import sigmoid
from leadopt.tables.columns import Columns
from tests import many_seeds, seeds


def history(seed, *, sd=1.5, n=1000, n_accounts=100, name="account_id", numbers=False, dated=True):
    """Eight reps, all alike, of whom one has nine of ten rows of an account."""
    rng = np.random.default_rng(seed)
    account, segment = rng.integers(n_accounts, size=n), rng.integers(3, size=n)
    rep = np.where(rng.random(n) < 0.9, rng.integers(8, size=n_accounts)[account], rng.integers(8, size=n))
    logit = -0.8 + rng.normal(0, 0.6, 3)[segment] + sd * rng.normal(size=n_accounts)[account]
    table = {
        "rep_id": [f"r{one}" for one in rep],
        "source": [f"s{one}" for one in segment],
        "converted": (rng.random(n) < sigmoid(logit)).astype(int).tolist(),
        name: account.tolist() if numbers else [f"A{one}" for one in account],
    }
    days = [date(2025, 1, 1) + timedelta(int(one)) for one in np.sort(rng.integers(0, 360, n))]
    return table | ({"at": [str(day) for day in days]} if dated else {})


def column_of(table):
    return account_column(read_records(table, segment_by=("source",), columns=Columns()), Columns(), ("deal_id",))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"name": "shop"},
        {"name": "Customer No.", "numbers": True},
        {"name": "客户编号", "numbers": True},
        {"dated": False},
        {"name": "Company", "n_accounts": 30},
    ],
)
def test_a_column_by_which_outcomes_hang_together_is_found(settings):
    name = settings.get("name", "account_id")
    column, notes = column_of(history(0, **settings))
    assert column == name
    assert f"its rows count together, as by group={name!r}; group=None takes every row by itself." in notes[0]


@pytest.mark.parametrize("settings", [{"name": "shop", "numbers": True}, {"name": "shop", "n_accounts": 30}])
def test_numbers_and_kinds_of_leads_are_no_accounts(settings):
    assert column_of(history(0, **settings)) == (None, ())


@many_seeds
def test_a_column_that_tells_nothing_is_no_account():
    """At 1 in 1,000, a false one among 6 has a chance of .6%."""
    assert not any(column_of(history(seed, sd=0.0))[0] for seed in seeds(6, 200))


def test_columns_with_a_meaning_of_their_own_are_no_accounts():
    table = history(0)
    table["assigned_at"] = table["at"]
    records = read_records(table, segment_by=("account_id",), columns=Columns())
    assert account_column(records, Columns(), ()) == (None, ())
    day = np.array([date.fromisoformat(one).toordinal() for one in table["at"]])
    rng = np.random.default_rng(0)
    level = rng.normal(0, 1.5, day.max() + 1)[day]  # each day has a level of its own
    table["converted"] = (rng.random(1000) < sigmoid(level)).astype(int).tolist()
    del table["account_id"]
    table["noted"] = [f"{one[8:]}.{one[5:7]}.{one[:4]}" for one in table["at"]]
    assert column_of(table) == (None, ())


def test_a_column_that_is_filled_in_after_the_outcome_is_noted_alone():
    table, rng = history(0, sd=0.0), np.random.default_rng(1)
    table["closing"] = [f"N{rng.integers(40) + 40 * won}" for won in table["converted"]]
    column, notes = column_of(table)
    assert column is None
    assert len(notes) == 1 and "set group='closing' if it names accounts, or the like." in notes[0]


@many_seeds
def test_accounts_decide_no_verdict():
    for seed in seeds(1, 20):
        table = history(seed, sd=2.0, n=500, n_accounts=60)
        found = backtest(table, segment_by="source", folds=2, now="2026-06-01")
        assert found.verdict.decision == UNKNOWN
        assert any(note.startswith("Outcomes of one account_id are alike beyond chance") for note in found.notes)
        alone = backtest(table, segment_by="source", group=None, folds=2, now="2026-06-01")
        assert alone.tests[0].p_value < found.tests[0].p_value
        assert not any("account_id" in note for note in alone.notes)


def test_a_column_that_is_found_counts_as_one_that_is_named():
    table = history(1, sd=2.0, n=300, n_accounts=60) | {"source": ["web"] * 300}
    asked, found = (
        backtest(table, segment_by=(), folds=2, now="2026-06-01", **named) for named in ({"group": "account_id"}, {})
    )
    assert asked.tests == found.tests and asked.scores == found.scores
