"""Records of the event log: what one holds, and the hash that ties it to all before it.

A record's hash is SHA-256 over ``0x01``, the hash before it, the header fields and the body. Every header field is
written with its length, and None otherwise than an empty text, so no two different records have the same bytes::

    hash = SHA256(0x01 || prev || field(seq) || field(at) || field(kind) || ... || field(rules) || body)
    field(None) = "-"        field(x) = length of x as UTF-8 in bytes, ":", x       integers in decimal digits

The first record's `prev` is 32 zero bytes.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from leadopt.errors import InvalidInput

GENESIS = bytes(32)
_PREFIX = b"\x01"  # another way to write a record would take another prefix, so that neither passes for the other


class Envelope(NamedTuple):
    """An event before the log has it: all of a record that is not the log's own. Name its fields when you make one.

    Parameters
    ----------
    kind, v
        name of the event, and the version of what its body looks like
    subject
        random id of the lead, rep, plan or rule file that it is about
    actor
        who did it, such as "R-7f3" or "system:recall"
    cause
        seq of the earlier record that led here; None = nothing in the log did
    request
        id of the request, or the hash of its key; None = it has none
    rules
        hash of the rules in force, in hexadecimal digits; None = no rule had a say
    body
        canonical JSON, stored as these very bytes
    """

    kind: str
    subject: str
    actor: str
    body: bytes
    v: int = 1
    cause: int | None = None
    request: str | None = None
    rules: str | None = None


class Record(NamedTuple):
    """A record of the log, in the order of its columns.

    Parameters
    ----------
    seq
        1, 2, 3, ... without gaps
    at
        when it was written, in microseconds since 1970 UTC; never before the record before it
    kind, v, subject, actor, cause, request, rules, body
        as in `Envelope`
    prev, hash
        the hash of the record before it, and its own: 32 bytes each
    """

    seq: int
    at: int
    kind: str
    v: int
    subject: str
    actor: str
    cause: int | None
    request: str | None
    rules: str | None
    body: bytes
    prev: bytes
    hash: bytes


class Head(NamedTuple):
    """Where a log ends: seq, hash and moment of its last record."""

    seq: int
    hash: bytes
    at: int


EMPTY = Head(0, GENESIS, 0)


def digest(
    prev: bytes,
    seq: int,
    at: int,
    kind: str,
    v: int,
    subject: str,
    actor: str,
    cause: int | None,
    request: str | None,
    rules: str | None,
    body: bytes,
) -> bytes:
    """Return the hash of a record.

    >>> digest(GENESIS, 1, 0, "lead.received", 1, "L-1", "feed", None, None, None, b"{}").hex()[:16]
    '29da050cbce57551'
    """
    header = _header(seq, at, kind, v, subject, actor, cause, request, rules)
    return sha256(b"".join((_PREFIX, prev, header, body))).digest()


def chained(head: Head, envelopes: Iterable[Envelope], now: int) -> list[Record]:
    """Return the records that events become after the end of a log.

    Parameters
    ----------
    head
        the end
    envelopes
        the events, in order
    now
        what the clock says, in microseconds; the records' `at` is never before the head's, though a clock may go back

    Raises
    ------
    InvalidInput
        an event that names a cause that is not before it, or holds what no database can store
    """
    seq, prev, last = head
    at, records = max(now, last), []
    for event in envelopes:
        seq += 1
        _check(event, seq)
        own = (event.kind, event.v, event.subject, event.actor, event.cause, event.request, event.rules, event.body)
        hashed = digest(prev, seq, at, *own)
        records.append(Record(seq, at, *own, prev, hashed))
        prev = hashed
    return records


def head_after(head: Head, records: list[Record]) -> Head:
    """Return where a log ends once it has these records too."""
    return Head(records[-1].seq, records[-1].hash, records[-1].at) if records else head


def _header(*fields: int | str | None) -> bytes:
    return "".join(["-" if field is None else _field(str(field)) for field in fields]).encode()


def _field(text: str) -> str:
    return f"{len(text) if text.isascii() else len(text.encode())}:{text}"


def _check(event: Envelope, seq: int) -> None:
    if event.cause is not None and not 0 < event.cause < seq:
        raise InvalidInput(
            f"{event.kind} of {event.subject}: its cause is record {event.cause}, but it is record {seq} itself; "
            "a cause is an earlier record"
        )
    for text in (event.kind, event.subject, event.actor, event.request, event.rules):
        if text is not None and not text.isprintable():
            raise InvalidInput(
                f"{event.kind!r} of {event.subject!r}: {text!r} holds a character that cannot be printed; "
                "ids, kinds and actors are plain text"
            )
