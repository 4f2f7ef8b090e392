"""Events as the log holds them: envelopes in, events with their stamps out."""

import json
from collections.abc import Iterable, Iterator

from leadopt.desk.log.records import Envelope, Record
from leadopt.lifecycle.book import Stamp
from leadopt.lifecycle.events import Event, event_of

_bytes = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def envelope(stamp: Stamp, event: Event) -> Envelope:
    """Return what the log is given of an event: its body as canonical JSON."""
    return Envelope(
        kind=event.kind,
        v=event.version,
        subject=event.subject,
        actor=stamp.actor,
        cause=stamp.cause,
        request=stamp.request,
        rules=stamp.rules or None,
        body=_bytes(event.body()).encode(),
    )


def told(record: Record) -> tuple[Stamp, Event]:
    """Return the event that a record of the log holds, and its stamp."""
    stamp = Stamp(
        seq=record.seq,
        at=record.at,
        actor=record.actor,
        cause=record.cause,
        request=record.request,
        rules=record.rules or "",
    )
    return stamp, event_of(record.kind, json.loads(record.body))


def all_told(records: Iterable[Record]) -> Iterator[tuple[Stamp, Event]]:
    """Yield the events of records."""
    return map(told, records)
