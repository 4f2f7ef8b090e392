"""What administrators ask for: imports, reps, absences, rules, the policy, erasure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadopt.lifecycle.commands.command import ADMIN, MANAGER, Command, LeadCommand
from leadopt.lifecycle.records import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(LeadCommand):
    """A lead is taken over from another system as it is there."""

    roles = frozenset({ADMIN})

    stage: str = "new"
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False
    owner: str | None = None
    received_at: int | None = None
    outcome_at: int | None = None
    value: float | None = None
    reason: str | None = None
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRep(Command):
    """A rep joins or changes."""

    roles = frozenset({ADMIN})

    rep: str
    columns: Columns = field(default_factory=dict)
    max_open: int | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    hired_on: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepLeaves(Command):
    """A rep leaves: open leads are given to others, else to the pool."""

    roles = frozenset({ADMIN})

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepReturns(Command):
    """A rep who had left is here again."""

    roles = frozenset({ADMIN})

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameRep(Command):
    """A rep is called otherwise from now on; what the rep is called stands beside the log."""

    roles = frozenset({ADMIN})

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAbsence(Command):
    """A rep will be away, is away, or is not after all."""

    roles = frozenset({ADMIN, MANAGER})

    rep: str
    absence: str
    start: int
    end: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRules(Command):
    """A rule file takes effect from a moment on; None = now."""

    roles = frozenset({ADMIN})

    data: Mapping[str, Any]
    starts_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicy(Command):
    """A policy takes effect now."""

    roles = frozenset({ADMIN})

    fingerprint: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase(LeadCommand):
    """What tells whose a lead was goes; the log stays whole."""

    roles = frozenset({ADMIN})
