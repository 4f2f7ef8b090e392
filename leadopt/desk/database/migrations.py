"""Which version of the tables a file has, and how an older one becomes the present one: forward only.

A new file is made as `tables` says, at the present version. An older one takes the steps it lacks, in one transaction.
A step is a function of a connection; step ``n`` of `STEPS` makes version ``n + 2``, as version 1 was the first. To
change a table: change it in `tables`, and add the step that changes files.
"""

import json
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from leadopt.desk.database import beside, following  # noqa: F401  # their tables belong to METADATA
from leadopt.desk.database.failures import failed
from leadopt.desk.database.tables import METADATA, version

Step = Callable[[sa.Connection], None]


def _shares_as_text(connection: sa.Connection) -> None:
    """Version 2: what reps were entitled to is a text within an ownership."""
    table = following.ownership
    encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
    for lead, begun, record in connection.execute(sa.select(table.c.lead, table.c.begun, table.c.record)).all():
        told = json.loads(record)
        if isinstance(told.get("entitled"), dict):
            text = encode({**told, "entitled": encode(told["entitled"])})
            here = (table.c.lead == lead) & (table.c.begun == begun)
            connection.execute(sa.update(table).where(here).values(record=text))


STEPS: tuple[Step, ...] = (_shares_as_text,)


def bring_up_to_date(
    reader: sa.Engine, writer: sa.Engine, steps: Sequence[Step] | None = None, metadata: sa.MetaData = METADATA
) -> None:
    """Make the tables, or take the steps that a file lacks.

    Parameters
    ----------
    reader, writer
        engines whose transactions read, and write
    steps
        from version 1 on; None = `STEPS`
    metadata
        the tables as they are after the last step

    Raises
    ------
    StorageFailed
        a newer leadopt has written it, or it is another program's database
    """
    steps = STEPS if steps is None else steps
    present = 1 + len(steps)
    with reader.connect() as connection:
        if _found(connection, present) == present:
            _refuse_gaps(connection, metadata)
            return
    with writer.begin() as connection:  # read anew: another process may have been faster
        found = _found(connection, present)
        if found is None:
            metadata.create_all(connection, checkfirst=False)
        for step in steps[(found or present) - 1 :]:
            step(connection)
        if found != present:
            connection.execute(sa.insert(version), {"number": present})


def _refuse_gaps(connection: sa.Connection, metadata: sa.MetaData) -> None:
    for gone in sorted(set(metadata.tables) - set(sa.inspect(connection).get_table_names())):
        raise failed(connection.engine.url, f"its table {gone} is gone; take the file from a backup")


def _found(connection: sa.Connection, present: int) -> int | None:
    """Return the version of a file; None = it is empty."""
    names = sa.inspect(connection).get_table_names()
    if not names:
        return None
    if version.name not in names:
        raise failed(
            connection.engine.url,
            f"it is a database of another program, with the tables {', '.join(names[:3])}; name a file of its own",
        )
    found: int = connection.execute(sa.select(sa.func.max(version.c.number))).scalar_one()
    if found > present:
        raise failed(
            connection.engine.url,
            f"a newer leadopt has written it: its tables are of version {found}, and this one knows {present}; "
            "update leadopt",
        )
    return found
