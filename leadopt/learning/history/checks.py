"""What a history has that its user should know of: columns that name leads, one class alone, copies."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.cells import as_id, as_outcome
from leadopt.tables.cells.coded import Coded
from leadopt.tables.text import count

_FEWEST = 10  # outcomes from which it is no accident that hardly a level repeats
_FEWEST_ALIKE = 100  # outcomes from which columns that agree in all are one
_SHOWN_PAIRS = 3  # by name; there may be hundreds
_ALONE = 0.9  # share of outcomes that have a level of their own


def names_leads(levels: Sequence[str | None], outcomes: Ints) -> bool:
    """Return whether a column names leads and does not describe them: nine outcomes in ten have a level of their own.

    A level that was tried once says nothing about how much levels differ: whatever its effect, on average over the
    effects it is won as often as any other. Such a column has nothing to learn from, and its effects would be made of
    the approximation's error.

    Parameters
    ----------
    levels
        of each group of outcomes
    outcomes
        int64 (n_groups,), how many there are of each

    Examples
    --------
    >>> names_leads([f"{k}@example.com" for k in range(20)], np.ones(20, dtype=np.int64))
    True
    >>> names_leads(["web", "fair"] * 10, np.ones(20, dtype=np.int64))
    False
    """
    total = int(outcomes.sum())
    return total >= _FEWEST and _times(levels, outcomes).tolist().count(1) >= _ALONE * total


def name_note(column: str, levels: Sequence[str | None], outcomes: Ints, noun: str = "outcome") -> str:
    """Return what is said of such a column."""
    times = count(int((_times(levels, outcomes) > 0).sum()), "level")
    return f"{column} has {times} in {count(int(outcomes.sum()), noun)}: it names leads, so it is left out"


def one_level_note(column: str, levels: Sequence[str | None], outcomes: Ints, noun: str = "outcome") -> list[str]:
    """Return what is said of a column that is empty or the same in all outcomes, nothing if it tells any apart."""
    total, found = int(outcomes.sum()), Coded.of(levels).cells
    if total < _FEWEST or len(found) != 1:
        return []
    level = found[0]
    what = "empty" if level is None else f'"{level}"'
    return [f"{column} is {what} in all {count(total, noun)}: it tells none from another"]


def copies_of_columns(levels: Mapping[str, Sequence[str | None]], outcomes: Ints) -> dict[str, str]:
    """Return which columns tell the same as an earlier one, level by level, and which that is.

    Two families that share all of an effect would count as twice as much doubt. Of few outcomes columns may agree by
    accident, and a column that is the same everywhere tells nothing anyway.

    Examples
    --------
    >>> codes = {"land": ["DE", "AT", "DE"], "country": ["49", "43", "49"], "size": ["1", "1", "2"]}
    >>> copies_of_columns(codes, np.full(3, 100))
    {'country': 'land'}
    """
    counted, known = np.flatnonzero(outcomes), dict[bytes, str]()
    found = dict[str, str]()
    if int(outcomes.sum()) < _FEWEST_ALIKE:
        return found
    for name, its in levels.items():
        column = Coded.of(its).take(counted).in_order()
        if len(column.cells) > 1:
            first = known.setdefault(column.code.tobytes(), name)
            if first != name:
                found[name] = first
    return found


def class_note(converted: Ints, outcomes: Ints) -> str | None:
    """Return what is said of a history that was all won or all lost, None where it was not.

    Parameters
    ----------
    converted
        int64 (n_groups,), 1 or 0
    outcomes
        int64 (n_groups,), how many there are of each
    """
    total, won = int(outcomes.sum()), int(outcomes @ converted)
    if not total or 0 < won < total:
        return None
    which = "won" if won else "lost"
    said = "the only outcome is" if total == 1 else f"all of {total:,} outcomes are"
    return f"{said} {which}: nothing tells one rep or segment from another, so all have the same chance"


def check_segments(columns: Sequence[str], rep: str, converted: str) -> None:
    """Refuse segments of leads by their outcome or by who had them: neither is known of a lead before."""
    for column, what in ((converted, "outcome"), (rep, "rep")):
        if column in columns:
            raise InvalidInput(
                f"segment_by: {column!r} is the {what} of history, which no lead has before; leave it out"
            )


def nameless_note(history: Table, rep: str, converted: str) -> list[str]:
    """Return what is said of settled outcomes that name no rep, nothing if all do."""
    if rep not in history or converted not in history:
        return []
    reps, outcomes, _, counts = history.grouped([rep, converted])
    nameless = sum(
        int(times)
        for one, outcome, times in zip(reps, outcomes, counts, strict=True)
        if (one is None or as_id(one) is None) and as_outcome(outcome) is not None
    )
    if not nameless:
        return []
    return [
        f"{count(nameless, 'settled outcome')} of history without a rep: they tell of leads, and of nobody's chances"
    ]


def copies_notes(history: Table, converted: str, event: Sequence[str]) -> list[str]:
    """Return what is said of events that stand in a history more than once: alike, or as won and as lost.

    Parameters
    ----------
    history
        past leads
    converted
        the column of outcomes; open leads are left alone
    event
        columns that tell outcomes apart, the lead's id first, the day last: with the same of all of them, two are one
        event. Where the id is missing, nothing is known
    """
    known, needed = [name for name in event if name in history], (event[0], converted)
    if event[0] not in history or not history.n_repeated(known, needed):
        return []
    history = history.judged(converted)
    truth = {outcome: as_outcome(outcome) for outcome in history.grouped([converted])[0].cells}
    each = [[outcome for outcome, said in truth.items() if said in meant] for meant in ((1, 0), (1,), (0,))]
    again, *alike = (history.where(converted, outcomes).n_repeated(known, needed) for outcomes in each)
    copies, contradictions = sum(alike), again - sum(alike)
    *others, last = map(history.own, known)
    same = f"(same {', '.join(others)} and {last})" if others else f"(same {last})"
    dated = "" if event[-1] in known else f", or add {event[-1]}, the day of each, if both happened"
    said = []
    if copies:
        rows = "1 row of history repeats" if copies == 1 else f"{copies:,} rows of history repeat"
        said.append(f"{rows} the outcome of another {same}, and all count: remove those that are copies")
    if contradictions:
        both = "1 outcome of history stands" if contradictions == 1 else f"{contradictions:,} outcomes of history stand"
        said.append(f"{both} there both as won and as lost {same}, and both count: keep the one that holds{dated}")
    return said


def pairs_note(names: Sequence[str], left_out: Sequence[tuple[int, ...]], n_pairs: int) -> list[str]:
    """Return what is said of pairs of columns that have no effects of their own, nothing if all have.

    Parameters
    ----------
    names
        of the columns
    left_out
        positions of the columns of each pair
    n_pairs
        how many there could be
    """
    if not left_out:
        return []
    shown = [" x ".join(names[column] for column in pair) for pair in left_out[:_SHOWN_PAIRS]]
    more = f" and {len(left_out) - len(shown):,} more" if len(left_out) > len(shown) else ""
    if len(left_out) < n_pairs:
        which = f"{', '.join(shown)}{more}, of which the outcomes tell least, are taken to add up"
    elif n_pairs == 1:
        which = f"{shown[0]}, the only one, is taken to add up"
    else:
        which = f"none is learned, and {', '.join(shown)}{more} are taken to add up"
    return [
        f"to learn all pairs of columns of leads would take too long: {which}; what a rep does with each column is "
        "learned"
    ]


def _times(levels: Sequence[Any], outcomes: Ints) -> Ints:
    """Return how many outcomes each distinct level has."""
    return Coded.of(levels).times(outcomes)
