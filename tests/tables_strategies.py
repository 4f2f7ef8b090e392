"""Tables of every kind, from sound to nasty: one source of leads, reps and history for all tests of `assign`.

A `floor` is plain columns; `framed` turns columns into any kind of frame; `nasty_floors` breaks a sound floor.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from leadopt.eligibility import exclude, match, skills
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.policy import Policy


def rows_of(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _categorical(columns):
    frame = pd.DataFrame(columns)
    text = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.astype(dict.fromkeys(text, "category"))


def _arrow(columns):
    """A table of pyarrow, which ends in a segmentation fault (26.0.1) where moments of numpy stand beside numbers."""
    if any(isinstance(cell, np.datetime64) for cells in columns.values() for cell in cells):
        raise TypeError("moments of numpy beside whatever else")
    return pa.table(columns)


KINDS = {
    "pandas": pd.DataFrame,
    "pandas nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "pandas arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "pandas categorical": _categorical,
    "polars": pl.DataFrame,
    "polars lazy": pl.LazyFrame,
    "pyarrow": _arrow,
    "duckdb": lambda columns: duckdb.from_arrow(_arrow(columns)),
    "list of dicts": rows_of,
    "dict of lists": dict,
}


def framed(kind, columns):
    """The columns as this kind of table; what the kind cannot hold comes as a list of dicts."""
    try:
        return KINDS[kind](columns)
    except (Exception, pl.exceptions.PanicException):  # each engine refuses mixed columns in its own way
        return rows_of(columns)


def records(table):
    """Any table that leadopt built, as a list of dicts."""
    if isinstance(table, pd.DataFrame):
        return [
            {name: None if pd.isna(value) else value for name, value in row.items()} for row in table.to_dict("records")
        ]
    if isinstance(table, pl.DataFrame):
        return table.to_dicts()
    return table.to_pylist() if isinstance(table, pa.Table) else table


IDS = {
    "int": lambda number: number + 1,
    "str": lambda number: f"L{number}",
    "unicode": lambda number: f"é漢🙂 {number}|<b>",
    "UUID": lambda number: UUID(int=number + 1),
    "huge": lambda number: 2**53 + number,
}

SEGMENTS = ["steel", "wood", None]


@st.composite
def floors(draw, *, max_leads=6, max_reps=4, max_history=24):
    """A sound sales floor: columns of leads, reps and history (or None)."""
    n_leads, n_reps = draw(st.integers(0, max_leads)), draw(st.integers(0, max_reps))
    lead_id, rep_id = IDS[draw(st.sampled_from(sorted(IDS)))], IDS[draw(st.sampled_from(sorted(IDS)))]

    def column(values, size):
        return draw(st.lists(values, min_size=size, max_size=size))

    leads = {"lead_id": [lead_id(k) for k in range(n_leads)], "industry": column(st.sampled_from(SEGMENTS), n_leads)}
    reps = {"rep_id": [rep_id(k) for k in range(n_reps)], "capacity": column(st.integers(0, 4), n_reps)}
    territory = st.sampled_from(["N", "S", None])
    optional = {
        "value": (leads, st.sampled_from([0, 1, 2.5, 1000, None]), n_leads),
        "territory": (leads, territory, n_leads),
        "key": (leads, st.sampled_from([True, False, None]), n_leads),
        "skills": (leads, st.sampled_from(["", "de", "de;fr", None]), n_leads),
        "available": (reps, st.sampled_from([0, 0.5, 1, None]), n_reps),
        "open_leads": (reps, st.integers(0, 3), n_reps),
        "max_open": (reps, st.integers(0, 5), n_reps),
        "min_leads": (reps, st.integers(0, 1), n_reps),
        "tenure_days": (reps, st.sampled_from([1, 89, 90, 500, None]), n_reps),
        "credit": (reps, st.sampled_from([-2, 0, 1.5, None]), n_reps),
    }
    for name in draw(st.sets(st.sampled_from(sorted(optional)), max_size=4)):
        table, values, size = optional[name]
        table[name] = column(values, size)
    if "territory" in leads:
        reps["territory"] = column(territory, n_reps)
    if "skills" in leads:
        reps["skills"] = column(st.sampled_from(["de", "fr;de", ""]), n_reps)
    if draw(st.integers(0, 4)) == 0:
        del reps["capacity"]
    n_history = draw(st.integers(0, max_history)) if n_reps else 0
    history = {
        "rep_id": column(st.sampled_from(reps["rep_id"] or [1]), n_history),
        "industry": column(st.sampled_from(SEGMENTS), n_history),
        "converted": column(st.sampled_from([0, 1, 1, None]), n_history),
        "at": column(st.dates(date(2025, 1, 1), date(2026, 1, 1)), n_history),
    }
    return {"leads": leads, "reps": reps, "history": draw(st.sampled_from([history, history, None]))}


@st.composite
def policies(draw, floor):
    """Settings that the floor's columns allow."""
    rules = [
        *([match("territory")] if "territory" in floor["leads"] else []),
        *([skills()] if "skills" in floor["leads"] else []),
        *([exclude(column="territory")] if "territory" in floor["leads"] else []),
    ]
    leads, reps = floor["leads"]["lead_id"], floor["reps"]["rep_id"]
    if leads and reps:
        rules.append(exclude([(leads[0], reps[-1])]))
    quota = [NewcomerQuota(share=0.2), NewcomerQuota(min_leads=1, ramp_days=180), NewcomerQuota(protect="key")]
    soft = (Fairness(weight=0.5, entitlement="performance"), Fairness(of="hot", low=0, hot_share=0.5))
    tenure, protected = "tenure_days" in floor["reps"], "key" in floor["leads"]
    return Policy(
        eligibility=draw(st.lists(st.sampled_from(rules), max_size=2, unique=True)) if rules else (),
        fairness=draw(st.sampled_from([None, None, Fairness(), Fairness(low=1, high=1, entitlement="equal"), *soft])),
        newcomers=draw(st.sampled_from([None, *quota[: 2 + protected]] if tenure else [None])),
        reserve=draw(st.sampled_from([0.0, 0.0, 0.2, -1.0, float("-inf")])),
        score=draw(st.sampled_from([None, None, {"industry": {"steel": 2, "wood": 1}}])),
        half_life_days=draw(st.sampled_from([None, None, 90])),
        segment_by=draw(st.sampled_from([None, (), "industry"])),
    )


NASTY = [
    *(None, float("nan"), float("inf"), float("-inf"), -1, 0.5, -0.0, 1e308, 5e-324, 10**30, 2**63, -(2**63)),
    *(True, False, "", " ", "x", "7", "L0", "e\u0301\u202e", "<script>alert(1)</script>", "a|b\nc", "\x00"),
    *(Decimal(3), Decimal("0.5"), Decimal("NaN"), Decimal("Infinity"), Decimal(10**25), Fraction(1, 2)),
    *(np.int64(3), np.uint8(1), np.float32(0.5), np.float64("nan"), np.bool_(True), np.str_("L1")),
    *(np.datetime64("NaT"), np.datetime64("2026-01-31"), np.timedelta64(3, "D"), pd.NA, pd.NaT),
    *(pd.Timestamp("2026-01-31", tz="Europe/Berlin"), datetime(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)),
    *(datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=9))), date(2026, 1, 31), timedelta(days=1)),
    *("2026-01-31T10:00:00+02:00", "2026-02-30", "31.01.2026", UUID(int=1), UUID(int=99)),
    *([1], ["de", None], {"a": 1}, (1, 2), {"x"}, frozenset({"y"}), b"x", bytearray(b"x"), 1j, np.array([1, 2]), print),
]  # fmt: skip


@st.composite
def nasty_floors(draw):
    """A floor that is broken in up to three places (or none), as frames of up to three kinds, with other arguments."""
    floor = draw(floors())
    policy = draw(policies(floor))
    for _ in range(draw(st.integers(0, 3))):
        _break(draw, floor)
    kinds = {name: draw(st.sampled_from(sorted(KINDS))) for name in floor}
    tables = {name: None if table is None else framed(kinds[name], table) for name, table in floor.items()}
    lead_ids, rep_ids = floor["leads"].get("lead_id", []), floor["reps"].get("rep_id", [])
    more = {"policy": policy}
    if draw(st.integers(0, 3)) == 0 and lead_ids and rep_ids:
        pairs = draw(st.lists(st.tuples(_some(lead_ids), _some(rep_ids)), max_size=3))
        more["pins"] = {lead: rep for lead, rep in pairs if _hashable(lead)}
    if draw(st.integers(0, 5)) == 0:
        gains = np.full((len(lead_ids), len(rep_ids)), 0.5)
        if gains.size:
            cells = st.sampled_from([0.1, 1.0, -1.0, 0.0, 7.25, -np.inf, np.nan, np.inf])
            gains.flat[draw(st.integers(0, gains.size - 1))] = draw(cells)
        tables["history"], more["affinity"] = None, gains
    return tables, more


def _some(known):
    return st.one_of(st.sampled_from(known), st.sampled_from(known), st.sampled_from(NASTY))


def _hashable(value):
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _break(draw, floor):
    table = floor[draw(st.sampled_from([name for name in floor if floor[name]]))]
    if not table:
        return
    name = draw(st.sampled_from(sorted(table)))
    size = len(table[name])
    how = draw(st.sampled_from(["cell", "cell", "cell", "column", "drop", "rename", "duplicate", "empty"]))
    if how in ("drop", "rename"):
        column = table.pop(name)
        if how == "rename":
            table[name.replace("_", " ").title()] = column
    elif how == "empty":
        for column in table:
            table[column] = []
    elif size and how == "duplicate":
        row = draw(st.integers(0, size - 1))
        for column in table:
            table[column] = [*table[column], table[column][row]]
    elif size and how == "cell":
        table[name] = list(table[name])
        table[name][draw(st.integers(0, size - 1))] = draw(st.sampled_from(NASTY))
    elif size:
        table[name] = draw(st.lists(st.sampled_from(NASTY), min_size=size, max_size=size))
