"""A rep owns a lead: what happens meanwhile, and what ends it."""

from dataclasses import dataclass

from leadopt.lifecycle.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left(Event):
    lead: str
    rep: str
    reason: str | None = None
    cool_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(_Left):
    """The rep does not want it, before the first follow-up: it never comes back to that rep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(_Left):
    """The rep gave it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled(_Left):
    """It was taken back, as a follow-up was missed: `reason` "first" or "next", `due` when it had been due."""

    due: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned(_Left):
    """It was taken off its rep: `reason` "leave", "left", "mismatch", "complaint" or "overload"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred(_Left):
    """A manager gives it to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedUp(Event):
    """Its rep did something about it; `counts` unless it came after the ownership had ended."""

    lead: str
    rep: str
    evidence: str
    occurred_at: int
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded(Event):
    """The rep was told of a deadline: `what` "first" or "next"."""

    lead: str
    rep: str
    what: str
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(Event):
    """The rep and the manager were told that a deadline has passed."""

    lead: str
    rep: str
    what: str
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Complained(Event):
    """The customer complained of a rep, who never gets it again."""

    lead: str
    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected(Event):
    """A manager keeps it from idle recall until a moment (never from the first follow-up)."""

    lead: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BarLifted(Event):
    """A manager lets a rep have it again."""

    lead: str
    rep: str
