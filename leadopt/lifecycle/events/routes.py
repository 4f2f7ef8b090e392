"""Where leads go: to reps, pools and managers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadopt.lifecycle.events.event import Event
from leadopt.lifecycle.records import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAsked(Event):
    """A manager is asked; the proposed rep's slot is kept."""

    lead: str
    rule: str
    rep: str | None = None
    offer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEnded(Event):
    """The question is closed: "approved", "changed", "declined", "timed_out", or by what happened to the lead."""

    lead: str
    how: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Event):
    """A rep owns it.

    `decision` says why this one (plan or prices, gain, chance, price, the next three, who was barred), `entitled` and
    `received` what is booked (see `leadopt.lifecycle.credit`), `override` with which reason a manager passed caps or
    cool-off, `cost` what that costs against the plan.
    """

    lead: str
    rep: str
    via: str
    decision: Mapping[str, Any] = field(default_factory=dict)
    entitled: Shares = field(default_factory=dict)
    received: Mapping[str, float] = field(default_factory=dict)
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled(Event):
    """Whoever is in the pool may claim it once the embargo is over."""

    lead: str
    pool: str
    why: str
    embargo_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpooled(Event):
    """It left the pool without a claim: for a plan, a placing, a manager."""

    lead: str
