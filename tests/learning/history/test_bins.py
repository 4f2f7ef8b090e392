"""Bins hold about equally much, values that are frequent by themselves, and their names tell them apart."""

from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import AffinityModel
from leadopt.learning import ValueModel
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import Results, are_codes, binned, quantile_edges
from leadopt.tables import Table
from tests.strategies import examples


def lost(outcomes):
    """Return outcomes, and their results where all are lost."""
    return outcomes, Results.of_won(np.zeros(len(outcomes)), outcomes)


@pytest.mark.parametrize("bins", [None, {"visits": 2}, {"visits": 8}])
def test_a_column_that_is_mostly_0_has_an_edge_above_0(bins):
    rows = [
        {"rep_id": "ab"[i // 20 % 2], "visits": 0 if i % 10 else i / 7 + 1, "converted": i % 20 in (0, 3)}
        for i in range(4_000)
    ]
    model = AffinityModel(segment_by="visits", bins=bins).fit(rows)
    assert model.bins_["visits"][0] == 1.0
    chance = model.probability([{"rep_id": "a", "visits": value} for value in (0, 9)])
    assert chance == pytest.approx([1 / 18, 0.5], abs=0.02)


def test_a_frequent_value_has_a_bin_of_its_own_wherever_it_is():
    weights = np.array([10.0, 70.0, 10.0, 10.0])
    assert quantile_edges(np.array([-1.0, 5.0, 7.0, 9.0]), weights, 4) == (5.0, 7.0, 9.0)
    assert quantile_edges(np.array([1.0, 2.0, 3.0, 5.0]), weights[[0, 2, 3, 1]], 4) == (2.0, 3.0, 5.0)
    assert quantile_edges(np.array([5.0, 6.0, 7.0, 8.0]), weights[[1, 0, 2, 3]], 4) == (6.0, 7.0, 8.0)
    assert len(quantile_edges(np.array([-1.0, 5.0, 7.0, 9.0]), weights, 2)) == 1


@given(st.data())
@examples(120)
def test_bins_are_as_many_as_asked_for_at_most_and_each_holds_something(data):
    values = np.array(data.draw(st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 9.0, np.inf, np.nan]), max_size=30)))
    weights = np.array(data.draw(st.lists(st.integers(0, 5).map(float), min_size=len(values), max_size=len(values))))
    n_bins = data.draw(st.integers(2, 9))
    edges, known = quantile_edges(values, weights, n_bins), values[np.isfinite(values) & (weights > 0)]
    assert len(edges) < n_bins
    assert list(edges) == sorted(set(edges))
    held = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    assert (held > 0).all() or not len(known)
    assert (len(edges) > 0) == (len(set(known)) > 1)
    order = np.random.default_rng(0).permutation(len(values))
    assert quantile_edges(values[order], weights[order], n_bins) == edges


def test_one_number_without_end_is_a_measurement_too_and_is_told():
    sizes = [k + 0.5 for k in range(39)]
    found = read_attributes("history", {"size": [*sizes, np.inf]}, *lost(np.ones(40, dtype=np.int64)))
    assert len(found.edges["size"]) == 7
    assert found.levels["size"][-1] == found.levels["size"][-2]
    assert found.notes[0] == "size is infinite in 1 outcome, which counts as beyond all other numbers"
    assert found.notes[1].startswith("size holds numbers, 40 levels in 40 outcomes: it counts in 8 bins (below 4.5, ")
    assert binned("leads.size", [-np.inf, np.inf], (1.0, 2.0)) == ["below 1", "2 or more"]


def test_nothing_to_bin_is_told():
    found = read_attributes("history", {"size": [3.0, 3.0, None]}, *lost(np.full(3, 9)), bins={"size": 4})
    assert (found.edges, found.levels["size"]) == ({"size": ()}, ["any", "any", None])
    assert found.notes == ["size holds no number but 3: there is nothing to bin"]


@pytest.mark.parametrize("n_bins", [3, 8, 20])
@pytest.mark.parametrize("often", [[0.0], [0.0, 5.0], [7.5, 0.0, 100.0]])
def test_what_is_frequent_takes_one_bin_each_and_the_rest_share_the_others(often, n_bins):
    rng = np.random.default_rng(0)
    rest = np.setdiff1d(rng.uniform(1.0, 10.0, 3_000).round(3), often)
    values = np.concatenate([rest, np.repeat(often, 12_000)])
    edges = quantile_edges(values, np.ones(len(values)), n_bins)
    assert len(edges) == n_bins - 1 or n_bins <= 2 * len(often)
    held = np.bincount(np.searchsorted(edges, rest, side="right"), minlength=len(edges) + 1)
    fair = len(rest) / (n_bins - len(often)) if n_bins > len(often) else len(rest)
    assert held.max() <= 2.1 * fair


@pytest.mark.parametrize("n_bins", [None, 8])
def test_what_bends_above_0_is_learned_though_most_are_0(n_bins):
    rng = np.random.default_rng(0)
    n = 8_000
    high = rng.random(n) < 0.5
    size = np.where(rng.random(n) < 0.9, 0.0, np.where(high, rng.uniform(100, 1_000, n), rng.uniform(1, 10, n))).round(
        2
    )
    won = rng.random(n) < np.where(size > 50, 0.8, np.where(size > 0, 0.15, 0.25))
    bins = None if n_bins is None else {"size": n_bins}
    rows = {"rep_id": ["a"] * n, "size": size.tolist(), "converted": won.astype(int).tolist()}
    model = AffinityModel(segment_by="size", bins=bins).fit(rows)
    found = model.probability([{"rep_id": "a", "size": each} for each in (0.0, 5.0, 500.0)])
    assert found.ravel() == pytest.approx([0.25, 0.15, 0.8], abs=0.1)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (3.7, '"3.7"'),
        (3, '"3"'),
        ("web", '"web"'),
        (np.inf, '"inf"'),
        (None, "empty"),
        (np.nan, "empty"),
    ],
)
def test_a_column_that_is_the_same_everywhere_is_told(cell, said):
    rows = {"rep_id": ["a", "b"] * 9, "x": [cell] * 18, "converted": [0, 0, 1] * 6}
    model = AffinityModel(segment_by="x").fit(rows)
    assert model.notes_ == [f"x is {said} in all 18 outcomes: it tells none from another"]


def test_numbers_without_an_end_alone_are_told_where_they_are_to_be_binned():
    found = read_attributes("history", {"x": [np.inf, np.inf]}, *lost(np.full(2, 9)), bins={"x": 4})
    assert found.notes[0] == "x holds no finite number: there is nothing to bin"


def test_names_of_bins_have_as_many_digits_as_tell_them_apart():
    days = [20250101, 20250108, 20250115, 20250122]
    names = binned("leads.day", days, (20250108.0, 20250115.0, 20250122.0))
    assert names == ["below 20250108", "20250108 to 20250115", "20250115 to 20250122", "20250122 or more"]
    close = (1.0, 1.0 + 2**-52)
    assert len(set(binned("leads.x", [0.0, *close], close))) == 3


@pytest.mark.parametrize("of_text", [False, True])
@pytest.mark.parametrize("asked", [None, 4, (20250102.0, 20250301.0, 20250302.0)])
def test_bins_of_days_are_shown_as_dates(of_text, asked):
    days = [date(2025, 1, 1) + timedelta(day) for day in range(90)]
    cells = [str(day) for day in days] if of_text else days
    found = read_attributes("history", {"day": cells}, *lost(np.full(90, 9)), bins=asked and {"day": asked})
    edges = found.edges["day"]
    dates = [str(date(int(edge // 10000), int(edge // 100 % 100), int(edge % 100))) for edge in edges]
    assert found.levels["day"][0] == f"below {dates[0]}"
    assert found.levels["day"][-1] == f"{dates[-1]} or more"
    assert binned("leads.day", [20250401, "2025-04-01"], edges) == [f"{dates[-1]} or more"] * 2
    assert asked or f"(below {dates[0]}, {dates[0]} to {dates[1]}, " in found.notes[0]


def test_bins_of_days_at_what_is_no_day_are_shown_as_their_digits():
    days = [date(2025, 1, 1) + timedelta(day) for day in range(90)]
    found = read_attributes("history", {"day": days}, *lost(np.full(90, 9)), bins={"day": (20250132.0, 20250301.0)})
    assert sorted(set(found.levels["day"])) == ["20250132 to 20250301", "20250301 or more", "below 20250132"]


def chances_of(cells, truth, asked, seed=1):
    """Return the model of a simulated history, and the chances of leads with these cells."""
    won = np.random.default_rng(seed).random(len(cells)) < truth
    rows = {"rep_id": ["a"] * len(cells), "x": list(cells), "converted": won.astype(int).tolist()}
    model = AffinityModel(segment_by="x").fit(rows)
    return model, model.probability([{"rep_id": "a", "x": one} for one in asked])


@pytest.mark.parametrize("scale", [1, 1_000], ids=["some repeat", "hardly one repeats"])
@pytest.mark.parametrize("kind", [int, float])
def test_whole_amounts_in_many_levels_count_in_bins_of_their_order(kind, scale):
    euros = np.random.default_rng(0).exponential(10_000 * scale, 3_000).round()
    asked = [kind(scale * one) for one in (100, 5_000, 12_500, 50_000, 10**7)] + [scale * 12_500.5]
    model, found = chances_of([kind(one) for one in euros], np.where(euros > 10_000 * scale, 0.5, 0.15), asked)
    assert len(model.bins_["x"]) == 7
    assert found == pytest.approx([0.15, 0.15, 0.5, 0.5, 0.5, 0.5], abs=0.06)
    assert model.notes_[0].startswith("x holds numbers, ")
    assert "0 where they are codes" in model.notes_[0]


DAYS = [date(2024, 1, 1) + timedelta(days=int(k)) for k in np.random.default_rng(0).integers(0, 694, 3_000)]


@pytest.mark.parametrize(
    "written",
    [
        lambda day: int(f"{day:%Y%m%d}"),
        lambda day: day,
        lambda day: datetime(day.year, day.month, day.day, day.day % 24),
        lambda day: day.isoformat(),
        lambda day: f"{day:%d.%m.%Y}",
        lambda day: f"{day:%m/%d/%Y}",
    ],
    ids=["digits", "dates", "datetimes", "ISO text", "text", "text by month"],
)
def test_days_count_in_bins_however_they_are_written_and_later_ones_in_the_last(written):
    truth = np.array([0.2 if day.year == 2024 else 0.5 for day in DAYS])
    asked = [date(2024, 2, 28), date(2024, 8, 15), date(2025, 5, 28), date(2027, 1, 31)]
    cells = [written(day) for day in asked]
    model, found = chances_of([written(day) for day in DAYS], truth, cells)
    assert found == pytest.approx([0.2, 0.2, 0.5, 0.5], abs=0.06)
    assert 20240101 < model.bins_["x"][0] < model.bins_["x"][-1] < 20260101
    others = [float(cell) if isinstance(cell, int) else day.isoformat() for cell, day in zip(cells, asked, strict=True)]
    assert model.probability([{"rep_id": "a", "x": one} for one in others]).tolist() == found.tolist()


def test_days_of_an_engine_count_in_bins_as_well():
    won = (np.random.default_rng(1).random(len(DAYS)) < 0.3).astype(int).tolist()
    frame = pl.DataFrame({"rep_id": ["a"] * len(DAYS), "x": DAYS, "converted": won})
    models = [AffinityModel(segment_by="x").fit(each) for each in (frame, frame.lazy(), frame.to_dicts())]
    assert len({model.bins_["x"] for model in models}) == 1
    leads = pl.DataFrame({"rep_id": ["a"], "x": [date(2026, 1, 1)]})
    assert np.ptp([model.probability(leads)[0] for model in models]) < 1e-9


@pytest.mark.parametrize(("n_codes", "n"), [(12, 600), (60, 3_000), (100, 3_000), (600, 6_000)])
def test_codes_with_enough_outcomes_keep_their_levels(n_codes, n):
    rng = np.random.default_rng(2)
    of_code = 1.0 / (1.0 + np.exp(1.0 - rng.normal(0.0, 1.0, n_codes)))
    codes = 10_000 + rng.permutation(n_codes)[rng.integers(n_codes, size=n)]
    model, found = chances_of(codes.tolist(), of_code[codes - 10_000], range(10_000, 10_000 + n_codes))
    told = (
        f"x holds numbers, {n_codes} levels in {n:,} outcomes: each is a level of its own, as outcomes tell them apart "
        "better than bins do; bins={'x': 8} says otherwise"
    )
    assert (model.bins_, model.notes_) == ({}, [told] if n_codes > 50 else [])
    assert np.mean((found - of_code) ** 2) < 0.5 * np.var(of_code)
    text, theirs = chances_of(list(map(str, codes)), of_code[codes - 10_000], [str(10_000 + k) for k in range(n_codes)])
    assert (text.bins_, text.notes_) == (model.bins_, model.notes_)
    np.testing.assert_array_equal(theirs, found)


def test_text_of_whole_numbers_that_begin_with_0_is_of_codes_whatever_they_tell():
    plz = [f"{900 + k % 700:04}" for k in range(3_000)]
    history = Table({"rep_id": ["a"] * 3_000, "x": plz, "converted": [k % 3 < 1 for k in range(3_000)]}, "history")
    assert AffinityModel(segment_by="x").fit(history).bins_ == {}
    assert list(history.reading.notes) == [
        "history.x: 700 texts such as '0900' are taken for codes, each a level of its own; bins={'x': 8} reads them as "
        "numbers"
    ]
    assert len(AffinityModel(segment_by="x", bins={"x": 8}).fit(history).bins_["x"]) == 7


@pytest.mark.parametrize("kind", [int, str])
def test_none_but_0_bins_keep_every_value_a_level(kind):
    codes = [kind(10_000 + k % 700) for k in range(3_000)]
    rows = {"rep_id": ["a"] * 3_000, "x": codes, "converted": [k % 3 < 1 for k in range(3_000)]}
    model = AffinityModel(segment_by="x", bins={"x": 0}).fit(rows)
    assert (model.bins_, model.notes_, len(model.segments_)) == ({}, [], 700)
    assert len(AffinityModel(segment_by="x").fit(rows).segments_) == 8
    worths = ValueModel(columns="x", bins={"x": 0}).fit(rows | {"value": list(range(3_000))})
    assert worths.bins_ == {}


@pytest.mark.parametrize("n_levels", [60, 600])
@pytest.mark.parametrize("seed", range(5))
def test_whole_numbers_are_codes_where_their_levels_foretell_more_than_bins(n_levels, seed):
    """The oracle knows the truth: what shrunk levels, and bins, are off it on average."""
    rng, n = np.random.default_rng(seed), 6_000
    values = rng.integers(n_levels, size=n)
    for truth in (rng.normal(0.0, 1.0, n_levels), 4.0 * np.arange(n_levels) / n_levels - 2.0):
        chance = 1.0 / (1.0 + np.exp(-truth))
        won = (rng.random(n) < chance[values]).astype(float)
        edges = quantile_edges(values.astype(float), np.ones(n), 8)
        results = Results.of_won(won, np.ones(n, dtype=np.int64))
        bin_of = np.searchsorted(edges, np.arange(n_levels), side="right")
        by_bins = (np.bincount(bin_of[values], won) / np.bincount(bin_of[values]))[bin_of]
        held, total = np.bincount(values, minlength=n_levels), np.bincount(values, won, minlength=n_levels)
        k = chance.mean() * (1 - chance.mean()) / chance.var()
        by_levels = (total + k * won.mean()) / (held + k)
        off = [np.mean((each - chance)[values] ** 2) for each in (by_levels, by_bins)]
        assert are_codes(values.astype(float), edges, results) == (off[0] < off[1])


UNITS = {"cents": lambda price: price, "euros": lambda price: price / 100, "large": lambda price: price * 1e90}
TEXTS = {
    "whole": str,
    "point": lambda price: f"{price / 100:.2f}",
    "comma": lambda price: f"{price / 100:.2f}".replace(".", ","),
}


@pytest.mark.parametrize("written", [*UNITS.values(), *TEXTS.values()], ids=[*UNITS, *TEXTS])
@pytest.mark.parametrize(("n_levels", "binned"), [(20, False), (700, True)])
def test_whether_prices_count_in_bins_is_no_matter_of_their_unit_and_is_told(n_levels, binned, written):
    """Twenty prices, 75 outcomes of each, counted in eight bins in euros, and not in cents; nobody was told."""
    rng = np.random.default_rng(2)
    at, effect = rng.integers(0, n_levels, 1_500), rng.normal(0.0, 0.8, n_levels)
    truth, cents = 1.0 / (1.0 + np.exp(1.0 - effect)), [499 + 500 * k + k % 2 for k in range(n_levels)]
    model, found = chances_of([written(cents[k]) for k in at], truth[at], [written(price) for price in cents])
    plain, expected = chances_of([cents[k] for k in at], truth[at], cents)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    told = [note for note in model.notes_ if not note.startswith("history.x: text read as")]  # how decimals are written
    assert ("x" in model.bins_, len(told)) == (binned, binned)
    assert [note[:17] for note in told] == [note[:17] for note in plain.notes_]
    assert not binned or "it counts in 8 bins (" in told[0]


@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pl.Series])
@pytest.mark.parametrize("n_levels", [20, 700])
def test_durations_are_as_good_as_their_hours(n_levels, kind, minutes):
    """A measurement of 360 values had 360 levels as a duration, and eight bins as hours."""
    rng = np.random.default_rng(4)
    at = rng.integers(0, n_levels, 1_500)
    won = (rng.random(1_500) < np.where(at > n_levels / 2, 0.6, 0.2)).astype(int).tolist()
    frame = pd.DataFrame if kind is pd.Series else pl.DataFrame if kind is pl.Series else dict
    hours, lasted = (minutes / 60 * at).tolist(), kind([timedelta(minutes=minutes * int(k)) for k in at])
    models = [
        AffinityModel(segment_by="x").fit(frame({"rep_id": ["a"] * 1_500, "x": x, "converted": won}))
        for x in (hours, lasted)
    ]
    asked = [{"rep_id": "a", "x": each} for each in (minutes / 60 * 3, timedelta(minutes=3 * minutes))]
    one, other = (model.probability([lead])[0] for model, lead in zip(models, asked, strict=True))
    assert one == pytest.approx(other, rel=1e-9)
    assert one < 0.35
    assert models[0].bins_ == models[1].bins_
    assert [" of hours (" in note for note in models[1].notes_] == [True] * (n_levels > 50)


def test_intervals_of_a_database_count_in_bins_of_hours():
    minutes, n = np.random.default_rng(4).integers(0, 20_000, 900).tolist(), 900
    won = [int(k > 9_000) for k in minutes]
    rows = pa.table({"rep_id": ["a"] * n, "x": [timedelta(minutes=k) for k in minutes], "converted": won})
    past = duckdb.from_arrow(rows)
    assert str(past.types[1]) == "INTERVAL"
    one, other = (AffinityModel(segment_by="x").fit(each) for each in (past, rows))
    assert one.bins_ == other.bins_
    assert len(one.bins_["x"]) == 7


@pytest.mark.parametrize("n_levels", [20, 500])
def test_text_of_measurements_is_numbers_with_a_point_as_with_a_comma(n_levels):
    """Amounts as csv.DictReader has them were a level each."""
    rng = np.random.default_rng(5)
    at = rng.integers(0, n_levels, 900)
    models = [
        chances_of([text(k / 10 + 0.1) for k in at], np.where(at > n_levels / 2, 0.6, 0.2), [text(0.5), text(0.55)])
        for text in (float, "{:.1f}".format, lambda x: f"{x:.1f}".replace(".", ","), "{:.2f} €".format)
    ]
    for model, found in models[1:]:
        assert len(model.bins_.get("x", ())) == len(models[0][0].bins_.get("x", ()))
        assert found[0] == pytest.approx(models[0][1][0], rel=1e-9)
    assert (len(models[0][0].bins_.get("x", ())) == 7) == (n_levels == 500)


def test_text_of_chapters_stays_text():
    chapters = [f"{k % 9}.{k % 11}" for k in range(900)] + ["1.10", "1.1"] * 20
    model, _ = chances_of(chapters, np.full(len(chapters), 0.3), chapters[:1])
    assert model.bins_ == {}
    assert {"1.1", "1.10"} <= set(model._known.levels.spellings["x"].values())


@pytest.mark.parametrize("seed", range(20))
def test_one_frequent_level_that_tells_more_does_not_make_codes_of_the_others(seed):
    """Singles beside a level of nearly certain outcomes scattered more than it, and so counted as codes."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(3_000) < 0.8, 0, rng.integers(1, 400, 3_000))
    model, _ = chances_of(x.tolist(), np.where(x > 0, 0.5, 0.03), [0], seed)
    assert len(model.bins_.get("x", ())) == 7


def test_whole_numbers_of_won_leads_count_in_bins_by_what_they_are_worth():
    rng = np.random.default_rng(3)
    staff = rng.integers(1, 400, 1_500)
    worth = np.exp(np.where(staff > 200, 8.0, 6.0) + rng.normal(0.0, 1.0, 1_500))
    rows = {"staff": staff.tolist(), "value": worth.tolist(), "converted": [1] * 1_500}
    model = ValueModel(columns="staff").fit(rows)
    assert len(model.bins_["staff"]) == 7
    low, high = np.exp([6.5, 8.5])
    assert model.expected({"staff": [20, 390, 5_000]}) == pytest.approx([low, high, high], rel=0.25)


@pytest.mark.parametrize("odd", ["abc", "?", "1,200", "04"])
def test_an_odd_cell_that_keeps_text_from_being_numbers_is_told(odd):
    """An adversary's: one such cell in a thousand took the signal, and nothing was said."""
    sizes = [*(str(10 * k) for k in range(100)), odd]
    model = AffinityModel(segment_by="size").fit(
        {"rep_id": ["Ann"] * 101, "size": sizes, "converted": [k % 2 for k in range(101)]}
    )
    assert not model.bins_
    assert any(note.startswith("history.size: ") and "level of its own" in note for note in model.notes_)


def test_what_is_noticed_of_a_first_history_is_told_after_a_further_one():
    rows = [{"rep_id": "Ann", "size": str(10 * k), "converted": k % 2} for k in range(100)]
    model = AffinityModel(segment_by="size").fit([*rows, {"rep_id": "Ann", "size": "abc", "converted": 1}])
    told = [note for note in model.notes_ if "'abc'" in note]
    assert told and told[0] in model.partial_fit(rows[:9]).notes_
