"""Leads that history knows already: handed out again, they would be called on twice."""

from collections.abc import Sequence

from leadopt.errors import enumerate_some
from leadopt.learning.history.outcomes import truths
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_id, kind_of
from leadopt.tables.ids import IdBook
from leadopt.tables.text import count

_FEW = 50_000  # rows of history of which each id is looked at however it is written


def settled_note(history: Table, lead_id: str, converted: str, lead_ids: Sequence[Id]) -> list[str]:
    """Return what is said of leads that have an outcome in history, nothing if none has.

    Parameters
    ----------
    history
        past leads
    lead_id, converted
        its columns; without one of ids nothing is known
    lead_ids
        those to be handed out

    Notes
    -----
    One pass in the engine that holds the history, and in Python over the rows of these leads alone.
    """
    if lead_id not in history or converted not in history or not lead_ids:
        return []
    rows = history if history.n_rows <= _FEW else _of_these(history, lead_id, lead_ids)
    rows = rows.combinations([lead_id, converted])
    cells, outcomes = rows.values(lead_id), rows.values(converted)
    truth_of = truths(rows, converted, outcomes)
    settled = [as_id(cell) for cell, outcome in zip(cells, outcomes, strict=True) if outcome in truth_of]
    book = IdBook(lead_ids)
    found = sorted({place for one in settled if (place := book.place(one)) is not None})
    if not found:
        return []
    which = enumerate_some((lead_ids[place] for place in found), most=3)
    them, are = ("it is", "it is") if len(found) == 1 else ("they are", "they are")
    return [
        f"{count(len(found), 'lead')} of this batch with an outcome in history already ({which}): {them} handed out "
        f"again; take out of leads what is settled, or give new leads new ids if {are} others"
    ]


def _of_these(history: Table, lead_id: str, lead_ids: Sequence[Id]) -> Table:
    cells = history.head(1).combinations([lead_id]).values(lead_id)
    first = as_id(cells[0]) if cells else None
    if first is not None and kind_of(first) != kind_of(lead_ids[0]):
        return history.head(0)  # whole numbers and text are never one id
    return history.where(lead_id, lead_ids)
