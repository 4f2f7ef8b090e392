"""Histories that stay in an engine are read as those that are at hand, and only counts of them come back."""

import importlib.util
import itertools
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from leadopt import AffinityModel, Columns, InvalidInput, Policy, assign
from leadopt.evaluate import backtest
from leadopt.learning.history.outcomes import count_outcomes
from leadopt.learning.value_model import ValueModel
from leadopt.score_model import ScoreModel
from leadopt.tables import Table, group_by
from leadopt.tables.engines import history_table, source
from leadopt.tables.engines.remote import Remote
from tests import many_seeds, seeds


def _ibis(frame):
    import ibis

    return ibis.memtable(frame.to_arrow())


def _spark(frame):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    return builder.config("spark.sql.shuffle.partitions", "2").getOrCreate().createDataFrame(frame.to_arrow())


def _absent(library):
    missing = importlib.util.find_spec(library) is None
    return pytest.mark.skipif(missing, reason=f"{library} is not installed: pip install {library}")


ENGINES = [
    pytest.param(lambda frame: frame.lazy(), id="polars"),
    pytest.param(lambda frame: duckdb.from_arrow(frame.to_arrow()), id="duckdb"),
    pytest.param(_ibis, id="ibis", marks=_absent("ibis")),
    # Spark warns of the versions of others.
    pytest.param(_spark, id="pyspark", marks=[_absent("pyspark"), pytest.mark.filterwarnings("ignore")]),
]
every_engine = pytest.mark.parametrize("engine", ENGINES)

REPS = [{"rep_id": f"R{k}", "capacity": 3} for k in range(6)]
LEADS = pl.DataFrame(
    {
        "lead_id": [f"N{k}" for k in range(12)] + ["L7", "L9"],
        "source": ["web", "fair", "call", None, "new", "web", "fair"] * 2,
        "size": [k % 4 for k in range(14)],
        "value": [None if k % 3 else 100.0 * k + 1 for k in range(14)],
    }
)


@cache
def history(n_rows=600, seed=0):
    rng = np.random.default_rng(seed)

    def pick(cells, chances=None):
        return [cells[k] for k in rng.choice(len(cells), n_rows, p=chances)]

    return pl.DataFrame(
        {
            "lead_id": [f"L{k}" for k in range(n_rows)],
            "rep_id": pick(["R0", "R1", "R2", "R3", "R4", "R5", "r3 ", None]),
            "source": pick(["web", "fair", "Web ", "call", None]),
            "size": rng.integers(4, size=n_rows),
            "amount": np.round(rng.gamma(2.0, 300.0, n_rows), 2),
            "value": [None if rng.random() < 0.2 else round(float(rng.gamma(2.0, 500.0)), 2) for _ in range(n_rows)],
            "converted": pick(["won", "Lost", "open", None], [0.2, 0.6, 0.1, 0.1]),
            "at": [date(2025, 1, 1) + timedelta(int(day)) for day in rng.integers(500, size=n_rows)],
        }
    )


def plan(past, **settings):
    return assign(LEADS, REPS, past, policy=Policy(**settings), now="2026-11-01")


def told(found):
    return found.objective, found.assignments["probability"].to_list(), found.notes, found.explain("N1").summary()


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@every_engine
@pytest.mark.parametrize(
    "settings",
    [{}, {"half_life_days": 90}, {"half_life_days": "learn", "segment_by": ("source", "size")}, {"bins": {"size": 2}}],
    ids=lambda settings: ", ".join(settings) or "plain",
)
def test_an_engine_and_rows_at_hand_give_the_same_plan(engine, settings):
    if "bins" in settings:
        settings = settings | {"segment_by": ("size",)}
    assert told(plan(engine(history()), **settings)) == _at_hand(json.dumps(settings))


@cache
def _at_hand(settings):
    """Return what a plan tells with the rows at hand, the same for every engine."""
    given = {name: tuple(one) if isinstance(one, list) else one for name, one in json.loads(settings).items()}
    return told(plan(history(), **given))


@every_engine
def test_models_learn_the_same_of_an_engine(engine):
    past, rows = history(), {"rep_id": ["R1", "R3", None], "source": ["web", "fair", "call"]}
    settings = {"segment_by": ["source", "amount"], "half_life_days": 120, "now": "2026-11-01"}
    rows |= {"amount": [10.0, 500.0, 900.0], "rep_id": ["R1", "R3", "R9"]}
    ours, theirs = (AffinityModel(**settings).fit(each) for each in (engine(past), past))
    assert ours.interval(rows).tolist() == theirs.interval(rows).tolist()
    assert (ours.n_outcomes_, ours.n_open_, ours.notes_) == (theirs.n_outcomes_, theirs.n_open_, theirs.notes_)
    for rep in ("rep_id", "nobody"):
        ours, theirs = (ScoreModel(columns=["source"], rep=rep).fit(each) for each in (engine(past), past))
        assert ours.score(LEADS).tolist() == theirs.score(LEADS).tolist()
    ours, theirs = (ValueModel(columns=["source"]).fit(each) for each in (engine(past), past))
    assert ours.expected(LEADS) == pytest.approx(theirs.expected(LEADS), rel=1e-9)


@every_engine
def test_what_needs_rows_takes_the_columns_that_it_names(engine):
    past = history()
    assert backtested(engine(past), segment_by="source", folds=2) == _backtested_at_hand()
    plain = past.drop("lead_id", "amount", "value")
    assert backtested(engine(plain), folds=2) == _backtested_at_hand(plain=True)
    assert "of a lazy history only columns" in str(backtest(engine(past.head(100)), folds=2))


@cache
def _backtested_at_hand(plain=False):
    if plain:
        return backtested(history().drop("lead_id", "amount", "value"), folds=2)
    return backtested(history(), segment_by="source", folds=2)


def backtested(past, **settings):
    """Return what a backtest says, but that it looked at named columns alone."""
    lines = str(backtest(past, **settings)).splitlines()
    return [line for line in lines if line and not line.startswith("of a lazy history only columns")]


def test_only_columns_that_are_asked_for_are_read_and_no_rows_come_back():
    def never(cells):
        raise AssertionError("a column that nobody asks for is read")

    past = history(200_000).lazy().with_columns(notes=pl.col("source").map_batches(never, return_dtype=pl.String))
    taken = []
    collect = pl.LazyFrame.collect

    def watched(frame, **settings):
        answer = collect(frame, **settings)
        taken.append(answer.height)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pl.LazyFrame, "collect", watched)
        found = plan(past.drop("lead_id"), half_life_days=90)
    assert found.objective > 0.0
    assert max(taken) < 150_000  # groups by day; nothing else is as long
    assert sum(height > 10_000 for height in taken) == 1


@many_seeds
@pytest.mark.parametrize("seed", seeds(2, 20))
def test_the_order_of_groups_does_not_matter(seed, monkeypatch):
    usual = _at_hand(json.dumps({"half_life_days": 90}))  # which is what an engine says, too
    ask, rng = source.Source.ask, np.random.default_rng(seed)

    def shuffled(self, frame, columns):
        answer = ask(self, frame, columns)
        return answer[rng.permutation(len(answer)).tolist()]

    monkeypatch.setattr(source.Source, "ask", shuffled)
    assert told(plan(duckdb.from_arrow(history().to_arrow()), half_life_days=90)) == usual


@every_engine
@pytest.mark.parametrize("times", [None, "n"])
@pytest.mark.parametrize("text", [False, True], ids=["dates", "text"])
def test_spans_of_days_hardly_move_a_chance(engine, times, text, monkeypatch):
    past, exact = _dated(times, text), _by_spans(None, times, text)[0]
    for most, span, moved in ((12_000, 7, 3e-5), (3000, 30, 7e-5), (1000, 91, 2e-4)):
        monkeypatch.setattr(group_by, "MOST_GROUPS", most)
        monkeypatch.setattr(source, "MOST_GROUPS", most)
        monkeypatch.setattr("leadopt.learning.history.outcomes.MOST_GROUPS", most)
        at_hand, lazy = _by_spans(most, times, text), _chances_and_notes(engine(past), times)
        said = f"history.at: counted by spans of {span} days, each at the mean day of its rows"
        assert all(any(note.startswith(said) for note in notes) for _, notes in (at_hand, lazy))
        assert at_hand[0].tolist() == lazy[0].tolist()
        assert np.abs(lazy[0] - exact).max() < moved


@cache
def _dated(times, text):
    past = history(20_000).drop("lead_id")
    if times:
        past = past.group_by([name for name in past.columns if name not in ("amount", "value")]).agg(
            n=pl.len().cast(pl.Int64)
        )
    return past.with_columns(pl.col("at").dt.to_string("%Y-%m-%d")) if text else past


@cache
def _by_spans(most, times, text):
    """Return what `_chances_and_notes` does of rows at hand, the same for every engine; `most` is in force already."""
    return _chances_and_notes(_dated(times, text), times)


def _chances_and_notes(past, times):
    model = AffinityModel(segment_by="source", half_life_days=120, now="2026-11-01", count=times, drift=False)
    table = history_table(past)
    rows = {"rep_id": [f"R{k}" for k in range(6)] * 3, "source": ["web", "fair", "call"] * 6}
    return model.fit(table).probability(rows), list(table.reading.notes)


def test_the_latest_day_counts_where_days_are_spans(monkeypatch):
    past = history(3000)
    for module in (group_by, source):
        monkeypatch.setattr(module, "MOST_GROUPS", 500)
    monkeypatch.setattr("leadopt.learning.history.outcomes.MOST_GROUPS", 500)
    late = past.with_columns(at=pl.when(pl.col("lead_id") == "L5").then(date(2030, 1, 1)).otherwise("at"))
    late = late.with_columns(converted=pl.when(pl.col("lead_id") == "L5").then(pl.lit("won")).otherwise("converted"))
    for each in (late, late.lazy()):
        said = refused(AffinityModel(half_life_days=90, now="2026-11-01").fit, each)
        assert "an outcome cannot be settled after 2026-11-01; found 2030-01-01" in said


COUNTED = Policy(columns=Columns(count="n"))


def test_counts_of_a_warehouse_are_as_good_as_its_rows():
    past = history().drop("lead_id", "amount", "at").with_columns((pl.col("value") / 1000).round(0) * 1000 + 1.0)
    counted = past.group_by(past.columns).agg(n=pl.len())
    whole = assign(LEADS, REPS, past, now="2026-11-01")
    for each in (counted, counted.lazy(), duckdb.from_arrow(counted.to_arrow()), counted.to_dicts()):
        found = assign(LEADS, REPS, each, policy=COUNTED, now="2026-11-01")
        assert found.objective == pytest.approx(whole.objective, rel=1e-12)
        assert found.explain("N1").summary() == whole.explain("N1").summary()
        assert [note for note in found.notes if "columns" not in note] == [
            note for note in whole.notes if "columns" not in note
        ]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([-1], "-1"),
        ([0.5], "0.5"),
        ([None], "nothing|Unknown"),
        (["many"], "String|'many'"),
        ([2 * 10**12], r"2e\+12. Name the column that counts them"),
    ],
)
def test_counts_that_are_none_are_refused(cells, found):
    past = pl.DataFrame({"rep_id": ["R1"], "converted": [1], "n": cells})
    for each in (past, past.lazy()):
        with pytest.raises(InvalidInput, match=rf"history\.n.*found ({found})"):
            assign(LEADS, REPS, each, policy=COUNTED)
    assert 'column "m" (columns.count) is missing' in refused(
        assign, LEADS, REPS, past.lazy(), policy=Policy(columns=Columns(count="m"))
    )


def small(**columns):
    cells = {"rep_id": ["A", "b", "A", "B ", "C"] * 8, "source": ["x", "y", "X ", None, "x"] * 8}
    return pl.DataFrame(cells | {"converted": [1, 0, 1, 0, 0] * 8} | columns)


MOMENTS = [datetime(2025, 1, 1 + k % 28, 23, tzinfo=UTC) for k in range(40)]
ODD = {
    "category": small().with_columns(pl.col("source").cast(pl.Categorical)),
    "enum": small().with_columns(pl.col("rep_id").cast(pl.Enum(["A", "b", "B ", "C"]))),
    "decimal": small(converted=[Decimal(k) for k in (1, 0, 1, 0, 0)] * 8),
    "boolean as text": small(converted=["TRUE", "false", "TRUE", "false", "false"] * 8),
    "moments with a zone": small(at=MOMENTS),
    "moments as text": small(at=[moment.isoformat() for moment in MOMENTS]),
    "days as Europeans write them": small(at=[f"{moment:%d.%m.%Y %H:%M}" for moment in MOMENTS]),
    "days as numbers": small(at=[int(f"{moment:%Y%m%d}") for moment in MOMENTS]),
    "ids as numbers": small(rep_id=[1, 2, 1, 3, None] * 8),
    "empty": small().head(0),
    "amounts with a sign": small(value=["1.500,50 €", "", "2.000,00 €", None, "3 €"] * 8),
    "amounts with NaN": small(value=[10.5, None, float("nan"), 3.0, 20.0] * 8),
    "amounts in decimals": small(value=[Decimal("10.50"), None, Decimal("3.25"), None, None] * 8),
}


@every_engine
@pytest.mark.parametrize("kind", ODD)
def test_cells_of_any_type_are_read_as_they_are_at_hand(engine, kind):
    past = ODD[kind]
    if past["source"].dtype == pl.Categorical:  # of which other engines know nothing
        past = past.with_columns(pl.col("source").cast(pl.String)) if engine in (_spark, _ibis) else past
    ours, theirs = _plan_of_odd(engine(past), kind), _at_hand_of(kind)
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-12)
    assert {note for note in ours.notes if "text read" not in note} == {
        note for note in theirs.notes if "text read" not in note
    }


@cache
def _at_hand_of(kind):
    return _plan_of_odd(ODD[kind], kind)


def _plan_of_odd(past, kind):
    names = ODD[kind]["rep_id"].drop_nulls().unique().to_list()
    reps = [{"rep_id": rep, "capacity": 2} for rep in (["A", "B", "C"] if "A" in names else [1, 2, 3])]
    leads = pl.DataFrame({"lead_id": [1, 2], "source": ["x", "y"], "value": [None, 5.0]})
    policy = Policy(half_life_days=9) if "at" in ODD[kind].columns else Policy()
    return assign(leads, reps, past, policy=policy, now="2026-01-01")


TIME = MOMENTS[0].time()
SOME_ZONES = ["2025-01-01T10:00", "2025-01-01T10:00Z"]
TOTAL = pl.DataFrame({"rep_id": ["Total"], "source": [None], "converted": [16]}, small().schema)
REFUSALS = {
    "an outcome that is none": (
        small(converted=["won", "shaken", "lost", "won", "hm"] * 8),
        "history.converted, in 8 rows: an outcome must be 0, 1, true, false, won, lost, yes, no, or missing while it is"
        " open; found 'hm'. Nor is 'shaken' known.",
    ),
    "an id that is none": (small(rep_id=[1.0, 2.5, 1.0, None, 3.0] * 8), "in 8 rows: an id must be text or a whole"),
    "a time for a date": (small(at=[TIME] * 40), "history.at: must hold dates; found Time; cast it in polars"),
    "some zones": (small(at=SOME_ZONES * 20), "either all with a time zone or all without"),
    "collections": (small(source=[["a"], ["b"]] * 20), "history.source: must hold plain values, not collections"),
    "signs beside a column of currencies": (
        small(value=["1 €", "2 €"] * 20, currency=["EUR"] * 40),
        "history.value: is needed row by row, which a lazy frame of polars cannot answer without sending all of its"
        " rows; collect it first, with the columns and rows that it takes in polars",
    ),
    "a total": (pl.concat([small(), TOTAL]), "history.converted, in 1 row"),
    "an expression that fails": (
        small().lazy().with_columns(pl.col("source").str.to_integer()),
        "history: polars failed when asked of rep_id, source, converted; it says",
    ),
    "a value below 0": (small(value=[-1.0, 2.0] * 20), "history.value, in 8 rows: what a won lead was worth must be"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_an_engine_cannot_do_is_said_by_name(kind):
    past, said = REFUSALS[kind]
    reps = [{"rep_id": rep, "capacity": 2} for rep in ("A", "B", "C")]
    leads = pl.DataFrame({"lead_id": [1, 2], "source": ["x", "y"], "value": [None, 5.0]})
    policy = Policy(half_life_days=9 if "at" in past.lazy().collect_schema() else None, segment_by=("source",))
    assert said in refused(assign, leads, reps, past.lazy(), policy=policy, now="2026-01-01")


def test_a_word_for_a_total_is_told():
    past = pl.concat([small(), small().head(1).with_columns(rep_id=pl.lit("Grand total"))]).lazy()
    reps = [{"rep_id": "A"}]
    said = 'history.rep_id: "Grand total" counts as an id, as rows have no order in an engine: leave it out there'
    assert any(note.startswith(said) for note in assign([{"lead_id": 1}], reps, past).notes)


def test_a_connection_that_is_closed_is_said():
    connection = duckdb.connect()
    connection.register("past", small().to_arrow())
    view = connection.sql("select * from past")
    assert assign([{"lead_id": 1}], [{"rep_id": "A"}], view).objective > 0.0
    connection.close()
    assert "history: duckdb cannot tell its columns; it says" in refused(assign, [{"lead_id": 1}], REPS, view)


def test_counts_as_long_as_the_history_are_refused(monkeypatch):
    monkeypatch.setattr(source, "MOST_ALIKE", 1000)
    monkeypatch.setattr(source, "_FIRST", 500)
    said = "500 of the first 500 of 2,000 rows in polars have a combination of rep_id, lead_id, converted of their own"
    assert said in refused(AffinityModel(segment_by="lead_id").fit, history(2000).lazy())


def test_copies_are_looked_for_where_that_is_cheap(monkeypatch):
    past = pl.concat([history(100), history(100).head(3)])
    found = plan(past.lazy())
    assert told(found) == told(plan(past))
    assert any("rows of history repeat" in note for note in found.notes)
    monkeypatch.setattr("leadopt.tables.engines.remote._MOST_COMPARED", 50)
    said = "history: not looked through for rows that repeat another's lead_id, rep_id, at, as polars holds 103 rows"
    assert any(note.startswith(said) for note in plan(past.lazy()).notes)


def test_one_group_by_answers_what_parts_of_it_are_asked_for():
    remote, asked = Remote(history().lazy(), "history"), []
    ask = remote._source.ask
    counts = count_outcomes(remote, "rep_id", ["source"], "converted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source.Source, "ask", lambda self, *more: asked.append(more) or ask(*more))
        assert sum(remote.grouped(["source"])[-1]) == counts.n_rows == remote.n_rows == 600
        assert remote.n_levels("rep_id") == 8
    assert not asked


def test_rows_are_not_to_be_had_by_number():
    remote = history_table(history().lazy())
    for act in (lambda: remote.values("source"), lambda: remote.take(np.arange(2)), remote.n_copies):
        assert "which a lazy frame of polars cannot answer without sending all of its rows" in refused(act)
    assert Table(remote, "history").n_rows == 600
    assert isinstance(history_table(history()), Table)
    assert not isinstance(history_table(pa.table({"a": [1]})), Remote)


def test_a_group_by_by_codes_counts_as_any_other():
    past = history(150_000).with_columns(rep_id=pl.col("rep_id").cast(pl.Categorical))
    columns = ["rep_id", "source", "size", "converted"]
    ours = _counted(history_table(past).grouped(columns, "at"))
    theirs = past.group_by(*columns, "at").len().rows()
    assert ours == {tuple(map(str, row[:-1])): row[-1] for row in theirs}
    assert ours == _counted(history_table(duckdb.from_arrow(past.to_arrow())).grouped(columns, "at"))


def _counted(groups):
    return {tuple(map(str, row[:-1])): row[-1] for row in zip(*groups, strict=True)}


def test_names_of_any_kind_are_quoted():
    names = {"rep_id": 'a "b"', "source": "select", "converted": "won?"}
    past = small().rename(names)
    policy = Policy(columns=Columns(history={"rep_id": names["rep_id"], "converted": names["converted"]}))
    for own, each in itertools.product([policy], [past.lazy(), duckdb.from_arrow(past.to_arrow())]):
        found = assign([{"lead_id": 1, "select": "x"}] * 1, [{"rep_id": "A"}], each, policy=own)
        assert "learned from 40 settled outcomes" in found.notes
