"""Leads come in, change, and turn out to be copies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadopt.lifecycle.events.event import Event
from leadopt.lifecycle.records import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Event):
    """A lead came in; what earlier leads of the same person bar is taken over.

    It waits for the owner of its account (`waits_for`) who is away and back soon (`waits_until`).
    """

    lead: str
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False
    linked: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()
    complained_of: tuple[str, ...] = ()
    waits_for: str | None = None
    waits_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported(Event):
    """A lead was taken over from another system as it was there; its periods start now."""

    lead: str
    stage: str
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False
    owner: str | None = None
    received_at: int | None = None
    outcome_at: int | None = None
    value: float | None = None
    pool: str | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Event):
    """Some of its columns changed; these only."""

    lead: str
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Event):
    """It is a copy of another lead, which lives on."""

    lead: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed(Event):
    """It took over what is known of a copy: bars, cool-offs, follow-ups, a withdrawn consent."""

    lead: str
    other: str
    refused_by: tuple[str, ...] = ()
    complained_of: tuple[str, ...] = ()
    cooling: Mapping[str, int] = field(default_factory=dict)
    no_contact: bool = False
    first_at: int | None = None
    last_at: int | None = None
    columns: Columns = field(default_factory=dict)
