"""What is said of a table of reps beside the answers to its rows: who may be whom, and which cells say nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from shlex import quote
from typing import Any

from leadopt.capacity import blank_note
from leadopt.desk.asking.intake import RepRow
from leadopt.desk.people.names import text_of
from leadopt.desk.work.session import Snapshot
from leadopt.errors import enumerate_some
from leadopt.lifecycle.book import EVERY
from leadopt.lifecycle.records import Rep
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.cells import as_level
from leadopt.tables.ids import IdBook, alike, spellings_note


def notes_of_reps(
    snapshot: Snapshot, rows: Sequence[RepRow], table: Table, policy: Policy, clear: Collection[str]
) -> tuple[str, ...]:
    """Return what somebody who sets reps should know, before it is done.

    Parameters
    ----------
    snapshot
        of the desk
    rows, table
        the rows of the table, and itself
    policy
        in force
    clear
        columns whose blank cells empty what is known
    """
    persons, records = snapshot.names.all_reps(), {one.id: one for one in snapshot.book.find(Rep, EVERY)}
    meant = _meant([text_of(row.id) for row in rows], [one.external for one in persons])
    known = {one.external: records[one.id] for one in persons if one.id in records}
    here = [name for name, rep in known.items() if rep.left_at is None]
    other = {text: name for text, name in meant if text != name}
    told = [name for _, name in meant]
    return (
        *spellings_note("reps of this table", other),
        *_twice(told, table),
        *_who_may_be_whom(told, here, known),
        *_unsaid(told, rows, known, policy.columns.available, clear, table),
    )


def _meant(told: Iterable[str], known: Iterable[str]) -> list[tuple[str, str]]:
    """Return each id of a table and whom it means: a rep who is known, else the first in the table who is alike."""
    found, names = list[tuple[str, str]](), list(known)
    book, new = IdBook(names), dict[str, str]()
    for text in told:
        place = book.place(text)
        found.append((text, names[place] if place is not None else new.setdefault(alike(text), text)))
    return found


def _twice(told: Sequence[str], table: Table) -> list[str]:
    """Return a note of each rep who has several rows."""
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(told):
        rows_of.setdefault(name, []).append(row)
    return [
        f"rep {name!r} has several rows ({'; '.join(map(table.row_name, rows))}): what the last of them says stands"
        for name, rows in rows_of.items()
        if len(rows) > 1
    ]


def _unsaid(
    told: Sequence[str],
    rows: Sequence[RepRow],
    known: Mapping[str, Rep],
    column: str,
    clear: Collection[str],
    table: Table,
) -> list[str]:
    """Return a note of reps of whom a table that says who is available does not say it."""
    if column not in table:
        return []
    blank = [name for name, row in zip(told, rows, strict=True) if row.levels.get(column) is None]
    before: dict[str, Any] = {name: known[name].columns.get(column) for name in blank if name in known}
    stay = [name for name in blank if column not in clear and before.get(name) is not None]
    there = [name for name in blank if name not in stay]
    kept = enumerate_some(f"{name!r} ({as_level(before[name])})" for name in stay)
    return [
        *([blank_note(column, enumerate_some(map(repr, there)))] if there else []),
        *([f'"{column}" is blank for {kept}: it stays as it was told before'] if stay else []),
    ]


def _who_may_be_whom(told: Sequence[str], here: Sequence[str], known: Collection[str]) -> list[str]:
    """Return notes of who is new while somebody who is here is not in a table of most reps."""
    new = [name for name in dict.fromkeys(told) if name not in known]
    gone = sorted(set(here) - set(told))
    if not new or not gone or 2 * len(told) < len(here):
        return []
    looks = _lookalikes(new, gone)
    notes = [
        f"rep {name!r} is new, and looks like {old!r}, who is not in this table. {_mend(old, name)}"
        for name, old in looks.items()
    ]
    new = [name for name in new if name not in looks]
    gone = [name for name in gone if name not in looks.values()]
    if not new or not gone or 2 * len(set(told) & set(here)) < len(here):
        return notes
    are = f"{enumerate_some(map(repr, new))} {'is' if len(new) == 1 else 'are'} new"
    miss = f"{enumerate_some(map(repr, gone))} {'is' if len(gone) == 1 else 'are'} not in this table"
    pair = (gone[0], new[0]) if len(gone) == len(new) == 1 else ("OLD", "NEW")
    return [*notes, f"{are}, and {miss}. {_mend(*pair)}"]


def _mend(old: str, new: str) -> str:
    """Return how a rep who came twice under two names is one again, and how somebody leaves."""
    before, after, spare = quote(old), quote(new), quote(f"{new}-twice")
    return (
        f"Somebody with another id is another rep. If {before} has left, type: leadopt desk rep-leaves {before}. "
        f"If {after} is {before} by a new name: leadopt desk rename-rep {after} --to {spare}; "
        f"leadopt desk rep-leaves {spare}; leadopt desk rename-rep {before} --to {after}; and send the table again"
    )


def _lookalikes(new: Sequence[str], gone: Sequence[str]) -> dict[str, str]:
    """Return for names that are new the one that has gone and is nearly so; R-03 and R-04 are two."""
    old = {alike(name): name for name in gone}
    found = {name: get_close_matches(alike(name), old, n=1) for name in new}
    return {name: old[near[0]] for name, near in found.items() if near and _digits(name) == _digits(near[0])}


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
