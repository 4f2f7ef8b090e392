"""Any history as a table: one that stays in its engine where it is a lazy frame."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from leadopt.tables.reading.reader import Reading
from leadopt.tables.table import Table


def history_table(
    data: Any, name: str = "history", reading: Reading | None = None, ids: Collection[str] = ("lead_id", "rep_id")
) -> Table:
    """Return a table that is read by its counts: a `Remote` of a lazy frame, else a `Table`; arguments as of it."""
    plain = isinstance(data, Table | Mapping | Sequence)
    if plain and not getattr(data, "stays", False):
        return Table(data, name, reading, ids=ids)
    from leadopt.tables.engines.remote import Remote, is_lazy  # narwhals takes 45 ms: imported where frames are met

    return Remote(data, name, reading, ids=ids) if plain or is_lazy(data) else Table(data, name, reading, ids=ids)
