"""Reps: who they are, when they are away, conduct and credit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadopt.lifecycle.events.event import Event
from leadopt.lifecycle.records import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class RepSet(Event):
    """A rep is as follows (joined, or changed)."""

    rep: str
    columns: Columns = field(default_factory=dict)
    max_open: int | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    hired_on: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepLeft(Event):
    """A rep left: gets nothing any more."""

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepReturned(Event):
    """A rep who had left is here again."""

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepRenamed(Event):
    """A rep is called otherwise outside; the log holds neither name."""

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceSet(Event):
    """A rep is away from `start` to `end`, or not after all (`cancelled`)."""

    rep: str
    absence: str
    start: int
    end: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceBegan(Event):
    """An absence began, and what its rep has was looked at."""

    rep: str
    absence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductSet(Event):
    """A reward or restriction was announced: in force from `starts_at`; `until` says what ends it."""

    rep: str
    rule: str
    effect: str
    starts_at: int
    entitlement: float = 1.0
    claims_per_day: int | None = None
    no_new_leads: bool = False
    figures: Mapping[str, Any] = field(default_factory=dict)
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductEnded(Event):
    """What lifts it holds, or what it was for no longer does."""

    rep: str
    rule: str
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditBooked(Event):
    """Credit moved between a rep and the house: "manual", "left"."""

    rep: str
    of: str
    amount: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditReversed(Event):
    """What was booked for an ownership is taken back: "bad_lead", "duplicate", "leave", "left", "mismatch", ..."""

    lead: str
    begun: int
    reason: str
