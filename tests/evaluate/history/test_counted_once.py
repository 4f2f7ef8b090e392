"""Rows that are one event decide no verdict, and no fold splits them."""

import random
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from leadopt.errors import InvalidInput
from leadopt.evaluate import backtest
from leadopt.evaluate.history.counted_once import _kept, counted_once
from leadopt.evaluate.history.records import read_records
from leadopt.tables.columns import Columns
from tests import many_seeds, seeds


def line_items(seed, n_deals=120, lines=12, **columns):
    """A row a line item, each deal won or lost by the toss of a coin."""
    draw, rows = random.Random(seed), []
    for deal in range(n_deals):
        rep, area, won = draw.randrange(23), draw.randrange(18), draw.random() < 0.5
        day, amount = date(2024, 1, 1) + timedelta(draw.randrange(500)), draw.randrange(10_000)
        told = {"at": day, "amount": amount, "deal_id": f"D{deal}"}
        rows += [
            {"lead_id": f"{deal}-{line}", "rep_id": f"S{rep}", "area": f"B{area}", "converted": won}
            | {name: told[source] for name, source in columns.items()}
            for line in range(lines)
        ]
    return rows


@many_seeds
@pytest.mark.parametrize("columns", [{"at": "at"}, {"amount": "amount"}, {"deal_id": "deal_id"}, {"case": "deal_id"}])
def test_line_items_of_chance_say_nothing(columns):
    group = "case" if "case" in columns else "deal_id"
    decisions = Counter()
    for seed in seeds(2, 20):
        found = backtest(line_items(seed, **columns), segment_by="area", group=group, now="2026-01-01")
        decisions[found.verdict.decision] += 1
        assert any("all count as 120;" in note for note in found.notes)
    assert decisions["use it"] <= decisions.total() / 20


def test_deals_of_one_line_are_left_alone():
    found = backtest(line_items(0, 600, 1, at="at", deal_id="deal_id"), segment_by="area", now="2026-01-01")
    assert not any("count as" in note for note in found.notes)


@pytest.mark.parametrize("dated", [False, True])
def test_no_fold_splits_a_deal_though_its_rows_end_on_several_days(dated):
    draw = random.Random(3)
    rows = []
    for deal in range(80):
        start = date(2024, 1, 1) + timedelta(draw.randrange(300))
        rows += [
            {"rep_id": f"r{draw.randrange(4)}", "converted": draw.random() < 0.4, "deal_id": deal}
            | ({"at": start + timedelta(draw.randrange(200))} if dated else {})
            for _ in range(3)
        ]
    found = backtest(rows, segment_by=(), now="2026-01-01")
    records, together = counted_once(
        read_records(rows, segment_by=(), columns=Columns()), "deal_id", ("rep_id", "converted")
    )
    assert records.n_rows == 240
    assert found.n_judged < 240 or not dated
    for name in found.chances:
        assert len(found.chances[name]) == len(found.fold)
    whole = np.zeros(240, dtype=int)
    if not dated:
        whole = found.fold
        assert all(len(set(whole[together == group].tolist())) == 1 for group in np.unique(together))


def test_a_column_of_deals_that_is_not_there_is_refused():
    with pytest.raises(InvalidInput, match='column "case" is missing'):
        backtest(line_items(0, 5), segment_by="area", group="case")


def test_so_many_rows_of_a_group_stay_as_it_counts_for_won_and_lost_in_proportion():
    of_row, won = np.repeat([0, 1, 2], [8, 1, 5]), np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1.0])
    kept = _kept(of_row, won, np.array([0.5, 1.0, 0.01]))
    assert np.bincount(of_row[kept]).tolist() == [4, 1, 1]
    assert won[kept][:4].sum() == 2
