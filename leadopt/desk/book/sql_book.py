"""`SqlBook`: the records in tables, as `decide` and `evolve` read and write them."""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from leadopt.desk.book.codec import decode
from leadopt.desk.book.events_of import all_told
from leadopt.desk.book.kept import BY_KEY, KEPT, WRITES, asked, by_fields
from leadopt.desk.book.known import Known
from leadopt.desk.database import beside
from leadopt.desk.database.statements import Statement
from leadopt.desk.log import store
from leadopt.desk.log.records import Record as LogRecord
from leadopt.lifecycle.book import EVERY, KINDS, R, Stamp, Where, in_force_of, rules_of
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Message, Record, RuleFile
from leadopt.lifecycle.rules import Rules

_TO_SEND = Statement(sa.insert(beside.outbox), "seq", "number", "not_before")
_NOBODY: Any = object()
_MANY = 2_000  # records


class SqlBook:
    """A book over the tables, as one transaction sees them.

    Parameters
    ----------
    connection
        in a transaction
    end
        seq, moment and hash of the last event
    known
        what is known of the records already
    shelf
        rule files by fingerprint, as far as they were read; it grows
    pending
        events of this transaction that the log does not hold yet
    """

    def __init__(
        self,
        connection: sa.Connection,
        end: tuple[int, int, bytes],
        known: Known,
        shelf: dict[str, Rules],
        pending: Iterable[LogRecord] = (),
    ) -> None:
        self._connection, self._known, self._shelf, self._pending = connection, known, shelf, pending
        self._seq, self._at, self._end = end
        self._in_force: tuple[int, Rules] | None = None  # at the moment that was asked for last
        self._before: dict[type[Record], dict[str, Any]] = {kind: {} for kind in KINDS}
        self._new: dict[type[Record], dict[str, set[str]]] = {kind: {} for kind in KINDS}  # group -> keys not written
        known.begin(self._end)

    def get(self, kind: type[R], key: str) -> R | None:
        """Return a record, or None."""
        records = self._known.records[kind]
        if key not in records:
            records[key] = None if kind in self._known.whole else self._read(kind, key)
        found: R | None = records[key]
        return found

    def find(self, kind: type[R], where: Where) -> list[R]:
        """Return all records that are asked for, in the order of their keys."""
        kept = KEPT[kind]
        if kept.whole:
            found = self._whole(kind)
            if where == EVERY:
                return sorted(found, key=_key)
        elif kept.group is not None and (of := getattr(where, kept.group)) is not None:
            found = self._group(kind, of)
        else:
            found = self._chosen(kind, where)
        return sorted((one for one in found if where.holds(one)), key=_key)

    def put(self, record: Record) -> None:
        """Keep a record in place of the one with its key."""
        kind, key = type(record), record.key
        records = self._known.records[kind]
        if key not in self._before[kind]:
            self._before[kind][key] = records.get(key, _NOBODY)
            self._known.soil()
        records[key] = record
        if kind is RuleFile:
            self._in_force = None
        of = KEPT[kind].group
        if of is not None:
            self._new[kind].setdefault(getattr(record, of), set()).add(key)
            if (group := self._known.groups.get((kind, getattr(record, of)))) is not None:
                group.add(key)

    def head(self) -> tuple[int, int]:
        """Return the sequence number and the moment of the last event."""
        return self._seq, self._at

    def move(self, seq: int, at: int) -> None:
        """Take note where the log ends now."""
        self._seq, self._at = seq, at

    def history(self, lead: str) -> Iterator[tuple[Stamp, Event]]:
        """Return what happened to a lead, oldest first."""
        yield from all_told(store.of_subject(self._connection, lead))
        yield from all_told(one for one in self._pending if one.subject == lead)

    def rules(self, fingerprint: str) -> Rules:
        """Return the rule file of a fingerprint."""
        return rules_of(self, fingerprint, self._shelf)

    def rules_at(self, at: int) -> Rules:
        """Return the rules in force at a moment."""
        if self._in_force is None or self._in_force[0] != at:
            self._in_force = at, self.rules(in_force_of(self._whole(RuleFile), at))
        return self._in_force[1]

    def flush(self, end: bytes, *, to_send: bool = True) -> None:
        """Write the records that changed, and hold what is known for the log that now ends with this hash.

        Parameters
        ----------
        end
            hash of the last event
        to_send
            whether new messages are put into the outbox: not where a log is evolved anew
        """
        for kind in [kind for kind, before in self._before.items() if before]:
            changed = self._write(kind)
            if kind is Message and to_send:
                _TO_SEND.run_many(self._connection, [(one.seq, one.number, one.not_before) for one in changed])
        self._end = end
        self._known.keep(end)

    def _write(self, kind: type[Record]) -> list[Any]:
        """Write the records of a kind that changed, and return them as they are now."""
        before, records = self._before[kind], self._known.records[kind]
        changed = [(_known(old), records[key]) for key, old in before.items() if records[key] != old]
        if changed:
            WRITES[kind].write(self._connection, changed)
        before.clear()
        self._new[kind].clear()
        return [record for _, record in changed]

    def _read(self, kind: type[R], key: str) -> R | None:
        row = BY_KEY[kind].first(self._connection, *KEPT[kind].key(key))
        return None if row is None else decode(kind, row[0])

    def _whole(self, kind: type[R]) -> list[R]:
        if kind not in self._known.whole:
            self._take(kind, by_fields(kind, ()).all(self._connection))
            self._known.whole.add(kind)
        return [one for one in self._known.records[kind].values() if one is not None]

    def _group(self, kind: type[R], of: str) -> list[R]:
        records, name = self._known.records[kind], KEPT[kind].group
        keys = self._known.groups.get((kind, of))
        if keys is None:
            keys = self._take(kind, by_fields(kind, (name or "",)).all(self._connection, of))
            keys |= self._new[kind].get(of, set())
            self._known.groups[kind, of] = keys
        return [records[key] for key in keys]

    def _chosen(self, kind: type[R], where: Where) -> list[R]:
        if len(self._before[kind]) > _MANY:  # a log that is evolved anew: all that are not written yet are looked at
            self._write(kind)
        names, values = asked(kind, where)
        keys = self._take(kind, by_fields(kind, names).all(self._connection, *values)) | self._before[kind].keys()
        return [self._known.records[kind][key] for key in keys]

    def _take(self, kind: type[R], rows: Iterable[Any]) -> set[str]:
        """Keep what was read, where nothing newer is known; return the keys."""
        records, keys = self._known.records[kind], set()
        for (text,) in rows:
            record = decode(kind, text)
            keys.add(record.key)
            if records.get(record.key) is None:
                records[record.key] = record
        return keys


def _known(old: Any) -> Record | None:
    return None if old is _NOBODY else old


def _key(record: Record) -> str:
    return record.key
