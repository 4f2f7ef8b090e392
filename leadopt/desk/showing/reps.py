"""One rep: load, room, absences, credit, conduct, and the leads that the rep has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from leadopt.desk.book.codec import decode
from leadopt.desk.database import following
from leadopt.desk.database.statements import Statement
from leadopt.desk.log.moments import in_zone, moment_of
from leadopt.desk.people import persons
from leadopt.desk.people.persons import WHOLE
from leadopt.desk.showing.leads import moment, plain
from leadopt.desk.work.session import Snapshot
from leadopt.lifecycle import bars, credit
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.due import deadline, timing
from leadopt.lifecycle.records import Absence, Conduct, Credit, Lead, Rep
from leadopt.lifecycle.stages import HELD
from leadopt.tables.cells import Id
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import count


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RepView(Result):
    """A rep as the desk shows it.

    Parameters
    ----------
    id, team, tags
        what the rep is called, and where the rep belongs
    pools
        those that the rep may claim from
    open, kept, max_open, room
        open leads, slots kept for reviews, the cap, and how many more leads there is room for now (None = no limit)
    received_today, claimed_today
        leads received today, and how many of them were claimed
    away_until, left_at
        until when the rep is away now, and since when gone
    absences
        those to come and those that last: start and end
    credit
        what the rep is owed, by what is shared
    conduct
        rewards and restrictions: rule, kind, from when, and the figures behind them
    leads
        those that the rep has and that something happens to next, `open` says how many there are: lead, stage, by when
        the next follow-up is due
    columns
        all that came in of the rep
    zone
        the time zone of the desk, in which its text tells moments; as data they are in UTC
    """

    id: Id
    team: str | None = None
    tags: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    open: int = 0
    kept: int = 0
    max_open: int | None = None
    room: int | None = None
    received_today: int = 0
    claimed_today: int = 0
    away_until: datetime | None = None
    left_at: datetime | None = None
    absences: Sequence[tuple[datetime, datetime]] = ()
    credit: Mapping[str, float] = field(default_factory=dict)
    conduct: Sequence[Mapping[str, Any]] = ()
    leads: Sequence[Mapping[str, Any]] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    zone: str = "UTC"

    def summary(self) -> str:
        """Return what the rep has in one sentence."""
        gone = ", has left" if self.left_at else ", is away" if self.away_until else ""
        room = "" if self.room is None else f", room for {self.room:,} more"
        return f"Rep {self.id} has {count(self.open, 'open lead')}{room}{gone}."

    def below(self, page: bool = True) -> Parts:
        """Return the leads."""
        rows = [[str(one["lead"]), one["stage"], _told_by(one["deadline"], self.zone)] for one in self.leads]
        return Parts(tables=[(("lead", "stage", "due"), rows)] if rows else [])

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = plain(Result._told(self))
        return told


_table = following.lead
_HELD_BY = Statement(
    sa.select(_table.c.record)
    .where(
        _table.c.owner == sa.bindparam("owner", type_=sa.Text),
        _table.c.stage.in_([sa.literal_column(f"'{stage}'") for stage in sorted(HELD)]),
    )
    .order_by(_table.c.look_at.is_(None), _table.c.look_at, _table.c.id)
    .limit(sa.bindparam("most", type_=sa.BigInteger)),
    "owner",
    "most",
)


def rep_view(snapshot: Snapshot, rep: str, most: int) -> RepView:
    """Return a rep as the desk shows it now, with so many leads at most."""
    book, now = snapshot.book, snapshot.now
    found, rules = book.get(Rep, rep), book.rules_at(now)
    if found is None:
        raise LookupError(rep)
    person = persons.by_id(snapshot.connection, rep)
    away = bars.absence_at(book, rep, now)
    received, claimed = found.on(str(rules.calendar.day(now)))
    return RepView(
        id=rep if person is None else person.called,
        team=found.team,
        tags=found.tags,
        pools=rules.pools_of(found.team, found.tags),
        open=found.open,
        kept=found.kept,
        max_open=bars.most_open(rules, found),
        room=0 if found.left_at is not None or away is not None else bars.room(rules, found, now),
        received_today=received,
        claimed_today=claimed,
        away_until=None if away is None else moment_of(away.end),
        left_at=moment(found.left_at),
        absences=_absences(snapshot, rep),
        credit={one.of: credit.balance(book, rep, one.of, now) for one in book.find(Credit, Where(rep=rep))},
        conduct=_conduct(snapshot, rep),
        leads=_leads(snapshot, rep, most),
        columns={} if person is None else {name: one for name, one in person.data.items() if name != WHOLE},
        zone=snapshot.zone,
    )


def _told_by(by: datetime | None, zone: str) -> str:
    return "-" if by is None else in_zone(by, zone)


def _absences(snapshot: Snapshot, rep: str) -> list[tuple[datetime, datetime]]:
    found = snapshot.book.find(Absence, Where(rep=rep))
    there = sorted((one.start, one.end) for one in found if not one.cancelled and one.end > snapshot.now)
    return [(moment_of(start), moment_of(end)) for start, end in there]


def _conduct(snapshot: Snapshot, rep: str) -> list[dict[str, Any]]:
    return [
        {"rule": one.rule, "kind": one.kind, "from": moment_of(one.starts_at), "figures": dict(one.figures)}
        for one in snapshot.book.find(Conduct, Where(rep=rep))
        if one.ended_at is None
    ]


def _leads(snapshot: Snapshot, rep: str, most: int) -> list[dict[str, Any]]:
    book = snapshot.book
    held = [decode(Lead, text) for (text,) in _HELD_BY.all(snapshot.connection, rep, most)]
    rows = [(deadline(lead, timing(book, lead, snapshot.now)), lead) for lead in held]
    rows.sort(key=lambda row: (row[0] is None, row[0], row[1].id))
    return [
        {"lead": snapshot.names.called(lead.id), "stage": str(lead.stage), "deadline": moment(by)} for by, lead in rows
    ]
