"""Columns of reps that say who is away and are not read: whoever is out would get leads."""

from collections.abc import Collection, Iterator

from leadopt.tables import Table
from leadopt.tables.reading.words import AWAY, NO, folded, says_nothing
from leadopt.tables.text import quoted

_HEADER_TEXT = """
    out of office; ooo; on leave; leave; absent; absence; away; inactive; is inactive; unavailable; not available; off;
    off duty; day off; vacation; on vacation; holiday; on holiday; sick; sick leave; pto; suspended; former; left;
    terminated; disabled; deactivated; paused; urlaub; im urlaub; abwesend; abwesenheit; krank; inaktiv; ausgeschieden;
    freigestellt; elternzeit; nicht verfugbar; ausente; ausencia; vacaciones; de vacaciones; de baja; baja; inactivo;
    inactiva; no disponible; absente; absence; conge; en conge; conges; vacances; inactif; inactive; indisponible;
    malade; 休假; 请假; 离职; 停用; 不在岗; 病假; 是否休假; 是否请假; 是否离职
"""
_HEADERS = frozenset(word.strip() for word in _HEADER_TEXT.split(";"))
_SHARE_TEXT = "pensum; arbeitspensum; fte; workload; arbeitszeit %; beschaftigungsgrad; jornada; taux"
_SHARES = frozenset(word.strip() for word in _SHARE_TEXT.split(";"))
_MOST = 30  # distinct words of a column that says where people are


def away_notes(reps: Table, used: Collection[str]) -> list[str]:
    """Return a sentence for each column that says of some rep that he is away, and that is not used.

    Parameters
    ----------
    reps
        as the user has them
    used
        columns that are read as something
    """
    return [note for header in reps.columns if header not in used for note in _of_column(reps, header)]


def _of_column(reps: Table, header: str) -> Iterator[str]:
    name = folded(header.rstrip("?")).removesuffix("?").strip()
    levels = dict.fromkeys(level.strip() for level in reps.levels(header) if level is not None)
    words = [level for level in levels if not says_nothing(level)]
    mend = "name a column of who is there (yes, no, or a share) under columns.available"
    if name in _HEADERS or name.removeprefix("is ") in _HEADERS:
        if any(folded(word) not in NO for word in words):
            yield f"column {quoted(header)} of reps says who is away and is not read, so they may get leads: {mend}"
    elif name.rstrip(" %") in _SHARES or name in _SHARES:
        if any(word.rstrip(" %％") in ("0", "0.0", "0,0") for word in words):
            mend = f"set columns.available = {quoted(header)}, with shares from 0 to 1 or per cents"
            yield f"column {quoted(header)} of reps has reps at 0 and is not read, so they may get leads: {mend}"
    elif len(words) <= _MOST and (away := [word for word in words if folded(word) in AWAY]):
        yield f"column {quoted(header)} of reps says {away[0]!r} and is not read, so these reps may get leads: {mend}"
