"""What reps ask for: to refuse, release and claim."""

from dataclasses import dataclass

from leadopt.lifecycle.commands.command import REP, LeadCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(LeadCommand):
    """A rep does not want a lead that it was given, before the first follow-up."""

    roles = frozenset({REP})

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(LeadCommand):
    """A rep gives a lead back, to a pool of the rep's own; None = the one that the rules name."""

    roles = frozenset({REP})

    reason: str
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(LeadCommand):
    """A rep takes a lead out of a pool."""

    roles = frozenset({REP})
