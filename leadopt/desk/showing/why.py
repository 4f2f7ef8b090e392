"""Why something happened: who, by which rule, why this rep, who came next, who was barred, what led here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadopt.desk.book.events_of import told
from leadopt.desk.log import store
from leadopt.desk.log.moments import in_zone, moment_of
from leadopt.desk.showing.leads import plain
from leadopt.desk.work.session import Snapshot
from leadopt.desk.work.words import details, sentence, when_in
from leadopt.errors import InvalidInput
from leadopt.tables.result import Parts, Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Why(Result):
    """Why something happened.

    Parameters
    ----------
    seq, at, kind
        the event, and when it happened
    by
        who did it, and as what
    sentence
        what happened
    lines
        why: the choice and its gain, the next three and why not, who was barred, override and cost
    cause
        what led here; "" = nothing that the log knows
    rules
        fingerprint of the rules that were in force
    body
        all that the log holds of it, as data
    zone
        the time zone of the desk, in which its text tells moments; as data they are in UTC
    """

    seq: int
    at: datetime
    kind: str
    by: str
    sentence: str
    lines: tuple[str, ...] = ()
    cause: str = ""
    rules: str = ""
    body: Mapping[str, Any]
    zone: str = "UTC"

    def summary(self) -> str:
        """Return what happened."""
        return self.sentence

    def below(self, page: bool = True) -> Parts:
        """Return why."""
        led = [f"Led here: {self.cause}"] if self.cause else []
        return Parts(lines=[*self.lines, *led, f"By {self.by} at {in_zone(self.at, self.zone)}."])

    def _told(self) -> dict[str, Any]:
        found: dict[str, Any] = plain(Result._told(self))
        return found


def why(snapshot: Snapshot, seq: int) -> Why:
    """Return why an event happened.

    Raises
    ------
    InvalidInput
        there is no such event
    """
    record = store.record(snapshot.connection, seq)
    if record is None:
        last = snapshot.book.head()[0]
        raise InvalidInput(f"seq: must be the number of an event, from 1 to {last:,}; found {seq}")
    (stamp, event), names = told(record), snapshot.names
    when = when_in(snapshot.book.rules_at(max(stamp.at, snapshot.now)).calendar)
    role, _, who = stamp.actor.partition(":")
    cause = None if stamp.cause is None else store.record(snapshot.connection, stamp.cause)
    return Why(
        seq=seq,
        at=moment_of(stamp.at),
        kind=event.kind,
        by=role if who in ("", role) else f"{names.said(who)} ({role})",
        sentence=names.told(sentence(event, when)),
        lines=tuple(names.told(line) for line in details(event)),
        cause="" if cause is None else names.told(sentence(told(cause)[1], when)),
        rules=stamp.rules,
        body=event.body(),
        zone=snapshot.zone,
    )
