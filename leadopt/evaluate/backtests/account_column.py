"""Which column of a history names accounts: one whose values come again, and whose outcomes are alike each time."""

import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.evaluate.backtests.between_reps import additive_model
from leadopt.evaluate.backtests.heterogeneity import heterogeneity
from leadopt.evaluate.backtests.simpler_models import families
from leadopt.evaluate.backtests.verdict import odds
from leadopt.evaluate.history.counted_once import numbered
from leadopt.evaluate.history.records import Records
from leadopt.learning.history.bins import all_numbers
from leadopt.learning.history.foretold import LevelCounts, why_foretold
from leadopt.tables.columns import NAMED, Columns
from leadopt.tables.headers import folded
from leadopt.tables.text import number

_WORDS = (
    *("account", "client", "company", "customer", "firm", "household", "organisation", "organization"),
    *("kunde", "kunden", "firma", "unternehmen", "konto", "cliente", "empresa", "cuenta", "compte", "entreprise"),
    *("société", "客户", "公司", "企业", "账户"),
)
_OF = ("", " id", " name", " no", " nr", " number", "nummer", "编号", "名称")
_NAMES = frozenset(folded(form) for word in _WORDS for of in _OF for form in (f"{word}{of}", f"{of.strip()} {word}"))
_FEWEST_NAMED, _FEWEST = 20, 51  # levels; up to 50 are kinds of leads, unless the header says whose they are
_FEWEST_ROWS, _LEAST_SHARE = 20, 0.1  # that share their level with others: fewer are alike by accident, or do little
_ALPHA = 1e-3
"""How often a column without accounts is taken for one, over all columns of a history; of 200 histories of 800 rows
with six such columns, in 1."""


def account_column(records: Records, columns: Columns, others: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Return the column that outcomes hang together by, beyond reps and segments at one time, and a note on it.

    A column that nothing else uses, of which more than 50 values (or 20, where it is called account, customer, ...)
    come again; numbers and days only if they are called so. Of several the surest. One that may be filled in after the
    outcome, as nothing in its name says that it is of accounts, is noted alone.

    Parameters
    ----------
    records
        outcomes
    columns
        what the columns of a history are called
    others
        columns with a meaning of their own
    """
    reserved = {getattr(columns, name) for name in NAMED} | {*others, *records.columns}
    coded = [(name, _levels(records, name)) for name in records.table.columns if name not in reserved]
    tried = [(name, level) for name, level in coded if level is not None]
    if not tried or not records.n_rows:
        return None, ()
    # Periods of the whole history for what segments do in them: it is accounts that are asked for.
    model = additive_model(records, families(records, rep=True, segment=True), records.n_rows)
    tests = [heterogeneity(name, level, model, wanted=1.0, alpha=_ALPHA / len(tried)) for name, level in tried]
    why = {test.groups: _filled_in(records, *one) for one, test in zip(tried, tests, strict=True) if test.found}
    notes = tuple(
        f"Outcomes of one {name} are alike beyond chance, but it seems to be filled in after the outcome ({reason}): "
        f"set group={name!r} if it names accounts, or the like."
        for name, reason in why.items()
        if reason is not None
    )
    sure = sorted((test for test in tests if why.get(test.groups, "") is None), key=lambda test: test.p_value)
    if not sure:
        return None, notes
    column = sure[0].groups
    also = f" So are those of {enumerate_some(test.groups for test in sure[1:])}." if sure[1:] else ""
    return column, (
        f"Outcomes of one {column} are alike beyond chance (odds differ by {odds(sure[0].deviation)} between them, "
        f"given rep, segment and time; p = {number(sure[0].p_value, 1)}): its rows count together, as by "
        f"group={column!r}; "
        f"group=None takes every row by itself.{also}",
        *notes,
    )


def _filled_in(records: Records, column: str, level: Ints) -> str | None:
    """Return why a column seems to be filled in after the outcome; None where it does not, or is called as accounts."""
    if folded(column) in _NAMES:
        return None
    each = np.ones(records.n_rows, dtype=np.int64)
    return why_foretold(LevelCounts.of(level.tolist(), records.won.astype(np.int64), each, records.rep.tolist()), None)


def _levels(records: Records, column: str) -> Ints | None:
    """Return the level of each row, a missing one for itself; None of a column that cannot name accounts."""
    table = records.table
    if not table.is_categorical(column):
        return None
    level, named = numbered(table.levels(column)), folded(column) in _NAMES
    rows = np.bincount(level)
    rows = rows[rows > 1]
    if len(rows) < (_FEWEST_NAMED if named else _FEWEST) or rows.sum() < max(_FEWEST_ROWS, _LEAST_SHARE * len(level)):
        return None
    if not named and (all_numbers(table.values(column)) or _are_days(records, column)):
        return None
    return level


def _are_days(records: Records, column: str) -> bool:
    try:
        return any(day is not None for day in records.table.days(column))
    except InvalidInput:
        return False
