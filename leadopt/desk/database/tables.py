"""What a desk stores, as SQLAlchemy tables: nothing here that SQLite takes and PostgreSQL does not.

Moments are integer microseconds, ids are text, JSON is the bytes that were hashed. There are three kinds of tables:

- the **log**, which only grows (`log`), and which migration a file has (`version`);
- what **follows** from the log: can be dropped and rebuilt from it, equal;
- what is **kept beside** it: persons, keys, marks of delivery. Erasing deletes there.

A table says in ``info`` which it is, so that rebuilding knows what to drop: `FOLLOWS`, or `BESIDE`.
"""

import sqlalchemy as sa

FOLLOWS, BESIDE = {"desk": "follows"}, {"desk": "beside"}
METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    """Return a column of text: ids, names of stages and kinds, codes."""
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def whole(name: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    """Return a column of whole numbers of 64 bits: moments in microseconds, seqs, counts."""
    # Only a column that SQLite calls INTEGER is the row's own number, and costs no second index.
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, number, primary_key=key, nullable=null, autoincrement=False)


def real(name: str, *, null: bool = False) -> sa.Column[float]:
    """Return a column of floats of 64 bits."""
    return sa.Column(name, sa.Double, nullable=null)


def octets(name: str, *, null: bool = False) -> sa.Column[bytes]:
    """Return a column of bytes: JSON as it was hashed, hashes."""
    return sa.Column(name, sa.LargeBinary, nullable=null)


# The log

log = sa.Table(
    "log",
    METADATA,
    whole("seq", key=True),
    whole("at"),
    text("kind"),
    whole("v"),
    text("subject"),
    text("actor"),
    whole("cause", null=True),
    text("request", null=True),
    text("rules", null=True),
    octets("body"),
    octets("prev"),
    octets("hash"),
    sa.Index(None, "subject", "seq"),
    sa.Index(None, "kind", "seq"),
    sa.Index(None, "at"),
)

version = sa.Table("version", METADATA, whole("number", key=True))

# What follows from the log (info=FOLLOWS)

# What is kept beside it (info=BESIDE)
