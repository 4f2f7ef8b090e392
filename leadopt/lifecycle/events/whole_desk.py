"""The desk as a whole: rules, policy, plans, days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadopt.lifecycle.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """The log begins."""

    leadopt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesSet(Event):
    """A rule file, in force from `starts_at`."""

    fingerprint: str
    starts_at: int
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet(Event):
    """A policy, in force from now on."""

    fingerprint: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade(Event):
    """A plan is about to be applied: its certificate, its model, and how many leads it places."""

    plan: str
    leads: int
    placed: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanApplied(Event):
    """All of a plan was applied, but for the leads that were skipped."""

    plan: str
    applied: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """Managers were told how many open leads no period runs for, by stage."""

    day: str
    leads: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBegan(Event):
    """The first run of a local day: conduct was looked at."""

    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """Nothing ran for long: no recall before `hold_until`, so that everybody is reminded first."""

    last_run: int
    hold_until: int
