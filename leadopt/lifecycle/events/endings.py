"""Leads rest, are won, lost, closed, opened again, erased and put back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadopt.lifecycle.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked(Event):
    """It rests until a moment."""

    lead: str
    until: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparked(Event):
    """It is looked at again: the date has come, or a manager says so."""

    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Won(Event):
    """It was won by a rep."""

    lead: str
    rep: str
    occurred_at: int
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Event):
    """It was lost; whoever had it cools off."""

    lead: str
    occurred_at: int
    reason: str
    rep: str | None = None
    cool_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Event):
    """It is open again."""

    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """It ends without an outcome: "spam", "out of scope", "invalid contact", ..."""

    lead: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Event):
    """What tells whose it was is gone."""

    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Event):
    """An act was taken back: the lead is as `restored` says, deadlines as before but not before `not_before`.

    `of` is the first event of the act, `ownerships` those that it had changed, as they were before it.
    """

    lead: str
    of: int
    restored: Mapping[str, Any] = field(default_factory=dict)
    ownerships: tuple[Mapping[str, Any], ...] = ()
    not_before: int | None = None
