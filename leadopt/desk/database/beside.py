"""The tables that are kept beside the log: persons, keys of requests, messages to send, marks, policies.

None of them follows from the log, and none is told by it. Whatever says who somebody is stands in `person` alone.
"""

import sqlalchemy as sa

from leadopt.desk.database.tables import BESIDE, METADATA, text, whole

person = sa.Table(
    "person",
    METADATA,
    text("id", key=True),
    text("kind"),  # lead, rep, account or user
    text("feed"),  # which system calls it so; "" = none
    text("external"),  # what it is called there
    text("alike"),  # the same however it is written
    text("mail", null=True),
    text("phone", null=True),
    text("data"),  # all columns, as JSON
    sa.UniqueConstraint("kind", "feed", "external"),
    sa.Index(None, "kind", "external"),
    sa.Index(None, "kind", "alike"),
    sa.Index(None, "mail", sqlite_where=sa.text("mail IS NOT NULL"), postgresql_where=sa.text("mail IS NOT NULL")),
    sa.Index(None, "phone", sqlite_where=sa.text("phone IS NOT NULL"), postgresql_where=sa.text("phone IS NOT NULL")),
    info=BESIDE,
    sqlite_with_rowid=False,
)

request = sa.Table(
    "request",
    METADATA,
    text("key", key=True),  # SHA-256 of the caller's key
    text("asked"),  # SHA-256 of what was asked for
    text("answer"),  # as JSON, by random ids
    whole("at"),
    info=BESIDE,
    sqlite_with_rowid=False,
)

outbox = sa.Table(
    "outbox",
    METADATA,
    whole("seq", key=True),
    whole("number", key=True),
    whole("not_before"),
    sa.Index(None, "not_before"),
    info=BESIDE,
    sqlite_with_rowid=False,
)

mark = sa.Table("mark", METADATA, text("name", key=True), whole("value"), info=BESIDE)

policy = sa.Table("policy", METADATA, text("fingerprint", key=True), text("data"), info=BESIDE)

planned = sa.Table(
    "planned",
    METADATA,
    text("plan", key=True),  # that was begun and is not finished
    whole("place", key=True),
    text("lead"),
    text("command"),  # as JSON; the row goes in the transaction in which it is done
    info=BESIDE,
    sqlite_with_rowid=False,
)
