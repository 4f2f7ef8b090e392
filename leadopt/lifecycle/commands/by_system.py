"""What happens by itself: leads are placed, deadlines fire, absences and days begin, plans are applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadopt.lifecycle.commands.command import MANAGER, SYSTEM, Command, LeadCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Command):
    """Leads that nobody owns are given to the reps to whom they are worth most now, solved together."""

    roles = frozenset({SYSTEM, MANAGER})

    leads: tuple[str, ...]
    via: str = "router"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire(LeadCommand):
    """What is due of a lead happens: reminder, escalation, recall, end of a review or of parking."""

    roles = frozenset({SYSTEM})


@dataclass(frozen=True, slots=True, kw_only=True)
class FireAll(Command):
    """What is due of several leads happens; those that are taken back go to others by one solution."""

    roles = frozenset({SYSTEM})

    leads: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginAbsence(Command):
    """An absence begins: what cannot wait is given to others."""

    roles = frozenset({SYSTEM})

    absence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginDay(Command):
    """The first run of a local day: conduct is looked at, managers hear of leads that no period runs for."""

    roles = frozenset({SYSTEM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """Runs go on; after a long gap nobody is recalled without a reminder."""

    roles = frozenset({SYSTEM})

    last_run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlan(Command):
    """A plan is about to be applied."""

    roles = frozenset({SYSTEM, MANAGER})

    plan: str
    leads: int
    placed: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPlanned(LeadCommand):
    """A plan gives a lead to a rep (None = to nobody, for a reason), as far as it is still as the plan saw it."""

    roles = frozenset({SYSTEM, MANAGER})

    plan: str
    rep: str | None
    decision: Mapping[str, Any] = field(default_factory=dict)
    entitled: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    received: Mapping[str, float] = field(default_factory=dict)
    pool: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishPlan(Command):
    """All of a plan was applied."""

    roles = frozenset({SYSTEM, MANAGER})

    plan: str
    applied: int
    skipped: int
