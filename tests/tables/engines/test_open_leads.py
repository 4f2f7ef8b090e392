"""Open leads, amounts of any size and segments that foretell: an engine tells of them what rows at hand do."""

import re
from collections import Counter
from datetime import date, timedelta
from functools import cache

import duckdb
import numpy as np
import polars as pl
import pytest

from leadopt import AffinityModel, Policy, assign
from leadopt.learning.history.open_leads import read_open_leads
from leadopt.learning.history.outcomes import count_outcomes
from leadopt.learning.value_model import ValueModel
from leadopt.tables.engines import history_table, source
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes
from tests.tables.engines.test_remote import LEADS, REPS, backtested, every_engine, refused, told

FIRST = date(2025, 1, 1)


def history(n_rows=800, seed=0, cut=None):
    """Return leads that are assigned and settled on some day, or still open; `cut` = settled ones from that day."""
    rng = np.random.default_rng(seed)
    begin = rng.integers(400, size=n_rows)
    took = rng.geometric(0.05, n_rows)
    ends = [int(day) if day <= 400 else None for day in begin + took]
    won = rng.random(n_rows) < 0.3
    past = pl.DataFrame(
        {
            "lead_id": [f"L{k}" for k in range(n_rows)],
            "rep_id": [["R0", "R1", "R2", "R3", "R4", "R5", "r3 ", None][k] for k in rng.integers(8, size=n_rows)],
            "source": [["web", "fair", "Web ", "call", None][k] for k in rng.integers(5, size=n_rows)],
            "value": [None if rng.random() < 0.2 else round(float(rng.gamma(2.0, 500.0)), 2) for _ in range(n_rows)],
            "converted": [
                None if end is None else "won" if one else "Lost" for end, one in zip(ends, won, strict=True)
            ],
            "assigned_at": [FIRST + timedelta(int(day)) for day in begin],
            "at": [None if end is None else FIRST + timedelta(end) for end in ends],
        }
    )
    return past if cut is None else past.filter(pl.col("at").is_null() | (pl.col("at") >= FIRST + timedelta(cut)))


def moments(day):
    return pl.col(day).cast(pl.Datetime) + pl.duration(hours=9)


def text(day, form):
    return pl.col(day).dt.to_string(form)


BOTH = ("assigned_at", "at")
GAPS = pl.col("lead_id").hash().mod(7) == 0
KINDS = {
    "dates": history(),
    "cut where it begins": history(cut=60),
    "moments": history().with_columns(*(moments(day) for day in BOTH)),
    "moments and dates": history(cut=60).with_columns(moments("at")),
    "text": history().with_columns(*(text(day, "%Y-%m-%d") for day in BOTH)),
    "moments as text": history(cut=60).with_columns(*(text(day, "%Y-%m-%dT09:00") for day in BOTH)),
    "days as Europeans write them": history(cut=60).with_columns(*(text(day, "%d.%m.%Y") for day in BOTH)),
    "one of them as Europeans write it": history(cut=60).with_columns(text("assigned_at", "%d.%m.%Y")),
    "words for open": history().with_columns(pl.col("converted").fill_null("open")),
    "numbers": history().with_columns(converted=pl.col("converted").replace_strict({"won": 1.0, "Lost": 0.0})),
    "days that are missing": history(cut=60).with_columns(assigned_at=pl.when(~GAPS).then("assigned_at")),
    "none is open": history().filter(pl.col("at").is_not_null()),
    "all are open": history().with_columns(at=pl.lit(None, pl.Date), converted=pl.lit(None, pl.String)),
}


def plan(past, **settings):
    return assign(LEADS, REPS, past, policy=Policy(**settings), now="2026-03-01")


@every_engine
@pytest.mark.parametrize("kind", KINDS)
def test_open_leads_of_an_engine_count_as_those_at_hand(engine, kind):
    assert known(engine(KINDS[kind]), kind) == known_at_hand(kind)


def known(past, kind):
    """Return what a plan tells of a history, where old outcomes count less or not by turns."""
    half_life = 90 if list(KINDS).index(kind) % 2 else None
    found = plan(past, segment_by=("source",), half_life_days=half_life)
    evidence = found.case.evidence
    return without_examples(told(found)), evidence and np.array(evidence.estimates.interval()).tolist()


@cache
def known_at_hand(kind):
    """Return the same of the rows at hand, whatever engine it is held against."""
    return known(KINDS[kind], kind)


def without_examples(found):
    """Return the same without the date that shows how text is read, which is the first of an order."""
    gain, chances, notes, why = found
    return gain, chances, [re.sub(r"'.*?' as .*? \(", "(", note) for note in notes], why


def by_hand(past):
    """Return open leads by rep, source and day, and settled ones by source, outcome, days and age at the first end."""
    first = min(row["at"] for row in past if row["converted"] and row["at"])
    still = Counter((row["rep_id"], row["source"], row["assigned_at"]) for row in past if not row["converted"])
    ended = Counter(
        (
            row["source"],
            int(row["converted"] == "won"),
            (row["at"] - row["assigned_at"]).days,
            max(0, (first - row["assigned_at"]).days),
        )
        for row in past
        if row["converted"]
    )
    early = Counter((row["rep_id"], row["source"], row["assigned_at"]) for row in past if row["assigned_at"] < first)
    return still, ended, early


def read(past):
    table = history_table(past)
    n_open = count_outcomes(table, "rep_id", ["source"], "converted").n_open
    leads = read_open_leads(table, "rep_id", ["source"], ["source"], "converted", *BOTH, n_open=n_open)

    def added(keys, *more):
        found = Counter()
        for *key, times in zip(*keys, *(each.tolist() for each in more), strict=True):
            found[tuple(key)] += times
        return found

    def dated(groups):
        return Counter({(*key[:-1], date.fromordinal(key[-1])): n for key, n in groups.items()})

    return (
        dated(added(leads.keys, leads.assigned, leads.count)),
        added(leads.settled_keys, leads.won, leads.days, leads.entry, leads.settled_count),
        dated(added(leads.early_keys, leads.early_assigned, leads.early_count)),
    )


@every_engine
@pytest.mark.parametrize("cut", [None, 60, 350])
def test_open_leads_are_those_that_are_counted_by_hand(engine, cut):
    past = history(seed=1, cut=cut)
    expected = by_hand(past.to_dicts())
    assert read(past) == read(past.to_dicts()) == read(past.to_pandas()) == read(engine(past)) == expected
    counted = (
        past.drop("lead_id", "value").group_by("rep_id", "source", "converted", *BOTH).agg(n=pl.len().cast(pl.Int64))
    )
    for each in (counted, counted.to_dicts(), engine(counted)):
        assert read(history_table(each).counting("n")) == expected


@every_engine
def test_days_over_centuries_are_counted_as_the_calendar_does(engine):
    begin = [date(1899, 12, 31), date(1900, 2, 28), date(2000, 2, 28), date(2023, 12, 31), date(2024, 2, 28)] * 2
    end = [day + timedelta(k) for day, k in zip(begin, [0, 1, 2, 366, 2, 36525, 366, 1, 60, 1], strict=True)]
    past = pl.DataFrame({"rep_id": "A", "converted": [1, 0] * 5, "assigned_at": begin, "at": end})
    past = pl.concat([past, past.head(1).with_columns(converted=None, at=None).cast(past.schema)])
    table = history_table(engine(past)).with_days("assigned_at").with_days("at")
    expected = Counter((last - first).days for first, last in zip(begin, end, strict=True))
    for since in (0, date(2000, 3, 1).toordinal()):
        _, took, before, times = table.grouped_spells(["rep_id"], "assigned_at", "at", since)
        found = Counter()
        for each, n in zip(took, times, strict=True):
            found[each] += n
        assert found == expected
        assert max(before) == max(0, since - date(1899, 12, 31).toordinal())


@pytest.mark.parametrize("engine", [lambda past: past.lazy(), lambda past: duckdb.from_arrow(past.to_arrow())])
def test_what_is_wrong_with_dates_is_said_in_rows_of_the_engine(engine):
    past = history()
    early = pl.col("lead_id") == "L3"
    wrong = past.with_columns(at=pl.when(early).then(date(2024, 1, 1)).otherwise("at"))
    wrong = wrong.with_columns(converted=pl.when(early).then(pl.lit("won")).otherwise("converted"))
    rule = "history.at, in 1 row: a lead cannot be settled before it was assigned, which is 2025"
    assert rule in refused(plan, engine(wrong))
    assert rule in refused(plan, engine(wrong.filter(pl.col("converted").is_not_null())))
    later = past.with_columns(assigned_at=pl.when(early).then(date(2030, 1, 1)).otherwise("assigned_at"), at=None)
    later = later.with_columns(converted=pl.lit(None, pl.String), at=pl.lit(None, pl.Date))
    said = refused(plan, engine(later))
    assert said.startswith("history.assigned_at, in 1 row: no lead can be assigned after 2026-03-01; found 2030-01-01")
    soon = past.with_columns(assigned_at=pl.when(early).then(pl.lit("soon")).otherwise(text("at", "%Y-%m-%d")))
    assert "history.assigned_at, in 1 row: must be a date" in refused(plan, engine(soon))


def test_days_that_no_engine_reads_are_refused_in_a_long_history(monkeypatch):
    monkeypatch.setattr("leadopt.tables.engines.remote.MOST_ALIKE", 500)
    said = refused(plan, KINDS["days as Europeans write them"].lazy())
    assert said.startswith("history.assigned_at: must hold dates or ISO text in 718 rows")
    assert said.endswith("cast it to dates in polars")


def test_few_counts_come_back_of_how_long_leads_took():
    past = history(20_000).drop("lead_id", "value")
    asked, ask = [], source.Source.ask

    def watched(self, frame, columns):
        answer = ask(self, frame, columns)
        asked.append(len(answer))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source.Source, "ask", watched)
        AffinityModel(segment_by="source", now="2026-03-01", drift=False).fit(past.lazy())
    n_open = past["converted"].null_count()
    assert max(asked) <= max(n_open, 5 * 2 * 300)


AMOUNTS = {
    "some are free": history().with_columns(value=pl.when(GAPS).then(0.0).otherwise("value")),
    "a pilot among thousands": history().with_columns(value=pl.when(GAPS).then(0.01).otherwise("value")),
    "from next to nothing to too much": history().with_columns(
        value=10.0 ** (pl.col("lead_id").hash().mod(40).cast(pl.Float64) * 10.0 - 300.0)
    ),
    "whole numbers": history().with_columns(pl.col("value").fill_null(0.0).round(0).cast(pl.Int64)),
    "text": history().with_columns(pl.col("value").cast(pl.String)),
    "one number for all": history().with_columns(value=pl.lit(3.0)),
}


@every_engine
@pytest.mark.parametrize("kind", AMOUNTS)
@pytest.mark.parametrize("zero", [None, "missing"])
def test_amounts_of_any_size_are_worth_the_same(engine, kind, zero):
    past = AMOUNTS[kind]
    ours, theirs = (ValueModel(columns=["source"], value_zero=zero).fit(each) for each in (engine(past), past))
    assert ours.expected(LEADS) == pytest.approx(theirs.expected(LEADS), rel=1e-7)
    assert ours.interval(LEADS) == pytest.approx(theirs.interval(LEADS), rel=1e-7)
    assert (ours.n_won_, ours.n_zero_, ours.n_odd_) == (theirs.n_won_, theirs.n_zero_, theirs.n_odd_)
    assert ours.notes_ == theirs.notes_


@every_engine
def test_sums_of_amounts_are_those_of_the_rows(engine):
    rng = np.random.default_rng(0)
    values = np.where(rng.random(3000) < 0.1, 0.0, np.exp(rng.normal(0.0, 60.0, 3000)))
    past = pl.DataFrame({"k": [str(each) for each in rng.integers(3, size=3000)], "value": values})
    (keys,), ours = history_table(engine(past)).grouped_amounts(["k"], "value")
    for key in set(keys):
        rows, here = values[(past["k"] == key).to_numpy()], np.array([one == key for one in keys])
        assert ours.total[here].sum() == pytest.approx(rows.sum(), rel=1e-12)
        assert ours.squares[here].sum() == pytest.approx((rows**2).sum(), rel=1e-12)
        assert (ours.rows[here].sum(), ours.free[here].sum()) == (len(rows), (rows == 0.0).sum())
        least = ours.total[here & (ours.paid > 0)].min()
        smallest = rows[rows > 0.0].min()
        assert smallest * (1.0 - 1e-12) <= least <= rows[(rows > 0.0) & (rows < 3.0 * smallest)].sum()


@every_engine
def test_columns_that_foretell_are_told_of_an_engine_too(engine):
    past = history(2000).with_columns(stage=pl.col("converted").replace({"Lost": "closed", "won": "signed"}))
    leads = LEADS.with_columns(stage=pl.lit("new"))
    for settings, said in (({}, "stage is no segment"), ({"segment_by": ("source", "stage")}, "stage seems to be")):
        policy = Policy(**settings)
        ours, theirs = (assign(leads, REPS, each, policy=policy, now="2026-03-01") for each in (engine(past), past))
        assert told(ours) == told(theirs)
        assert any(note.startswith(said) for note in ours.notes)


@every_engine
def test_settings_of_a_model_hold_in_an_engine(engine):
    past = history(cut=60).with_columns(
        pl.col("converted").replace({"won": "ja", "Lost": "nein"}), *(text(day, "%d/%m/%Y") for day in BOTH)
    )
    rows = {"rep_id": ["R1", "R3"], "source": ["web", "call"]}
    more = {"formats": Formats(dates="day first"), "outcomes": Outcomes(won=("ja",), lost=("nein",))}
    one, other = (AffinityModel(segment_by="source", **more).fit(each) for each in (engine(past), past))
    assert one.interval(rows).tolist() == other.interval(rows).tolist()
    assert one.notes_ == other.notes_
    ours, theirs = (backtested(each, segment_by="source", folds=2, **more) for each in (engine(past), past))
    assert ours == theirs
