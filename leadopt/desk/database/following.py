"""The tables that follow from the log: one for each kind of record, what is asked for beside the record itself.

A record is JSON text; a field of it that needs no index needs no column, and no migration either. Ids are the rows'
own order, so that a record costs one look into one tree.
"""

import sqlalchemy as sa

from leadopt.desk.database.tables import FOLLOWS, METADATA, text, whole


def _kept(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, METADATA, *columns, text("record"), info=FOLLOWS, sqlite_with_rowid=False)


def _where_known(column: str, *more: str) -> sa.Index:
    """Return an index of the rows that have something in a column."""
    known = sa.text(f"{column} IS NOT NULL")
    return sa.Index(None, column, *more, sqlite_where=known, postgresql_where=known)


lead = _kept(
    "lead",
    text("id", key=True),
    text("stage"),
    whole("since"),
    text("owner", null=True),
    text("pool", null=True),
    text("account", null=True),
    whole("look_at", null=True),
    text("listed", null=True),  # the stage, of leads that nobody works on, or that nothing looks at by itself
    whole("late", null=True),  # the deadline, of leads that nothing looks at before it
    _where_known("owner"),
    _where_known("pool", "since"),
    _where_known("account"),
    _where_known("look_at"),
    _where_known("listed"),
    _where_known("late"),
)

rep = _kept("rep", text("id", key=True))

credit = _kept("credit", text("rep", key=True), text("of", key=True))

absence = _kept(
    "absence",
    text("id", key=True),
    text("rep"),
    whole("start"),
    whole("waiting"),  # 1 = it has not begun, and will
    sa.Index(None, "rep"),
    sa.Index(None, "waiting", "start"),
)

account = _kept("account", text("id", key=True))

ownership = _kept(
    "ownership",
    text("lead", key=True),
    whole("begun", key=True),
    text("rep"),
    whole("until", null=True),
    sa.Index(None, "rep", "until"),
)

conduct = _kept("conduct", text("rep", key=True), text("rule", key=True))

message = _kept("message", whole("seq", key=True), whole("number", key=True))

rule_file = _kept("rule_file", whole("seq", key=True))

state = _kept("state", text("key", key=True))
