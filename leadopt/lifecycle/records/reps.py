"""A rep, absences, conduct and credit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from leadopt.lifecycle.records.columns import Columns

HOUSE = "house"  # the account of who left, of manual corrections and of imports


@dataclass(frozen=True, slots=True, kw_only=True)
class Rep:
    """A rep: caps, load, and what conduct and fairness say.

    Parameters
    ----------
    id
        random
    columns
        what policy and rules look at, as levels and numbers
    max_open
        the most open leads at once; None = no limit
    team, tags
        which pools the rep is in
    hired_on
        as microseconds of that day; None = unknown
    since, left_at
        when the desk first heard of the rep, and when the rep left; None = is here. Both are one moment where a history
        tells of a rep who was gone by then
    open, kept
        open leads, and slots kept for reviews
    day, received, claimed
        a local day as ISO text, and what was received and claimed on it
    """

    table: ClassVar[str] = "rep"

    id: str
    version: int = 0
    columns: Columns = field(default_factory=dict)
    max_open: int | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    hired_on: int | None = None
    since: int = 0
    left_at: int | None = None
    open: int = 0
    kept: int = 0
    day: str = ""
    received: int = 0
    claimed: int = 0

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return self.id

    def on(self, day: str) -> tuple[int, int]:
        """Return how many leads the rep received and claimed on a local day (the last of them that is known)."""
        return (self.received, self.claimed) if self.day == day else (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A rep is away from `start` to `end`; `begun` once its leads were looked at."""

    table: ClassVar[str] = "absence"

    id: str
    rep: str
    start: int
    end: int
    begun: bool = False
    cancelled: bool = False

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return self.id

    def covers(self, at: int) -> bool:
        """Return whether the rep is away at a moment."""
        return not self.cancelled and self.start <= at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """A reward or restriction of a rep: announced, then in force until what lifts it holds.

    Parameters
    ----------
    rep, rule
        whom, by which rule
    kind
        "reward" or "restrict"
    announced_at, starts_at
        when it was said, and from when it holds
    entitlement, claims_per_day, new_leads
        what it does: a factor, claims more (or 0 = none, for a restriction), whether new leads come
    figures
        what the rule looked at
    """

    table: ClassVar[str] = "conduct"

    rep: str
    rule: str
    kind: str
    announced_at: int
    starts_at: int
    entitlement: float = 1.0
    claims_per_day: int | None = None
    new_leads: bool = True
    figures: Mapping[str, float | None] = field(default_factory=dict)
    ended_at: int | None = None

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return f"{self.rep}/{self.rule}"

    def holds(self, at: int) -> bool:
        """Return whether it is in force at a moment."""
        return self.starts_at <= at and self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What a rep is owed of one thing that is shared, in leads, value or hot leads.

    Parameters
    ----------
    rep
        whom; "house" = the account of who left, of manual corrections and of imports
    of
        "leads", "value" or "hot"
    amount, at
        how much, and at what moment: it halves with each half-life after that
    """

    table: ClassVar[str] = "credit"

    rep: str
    of: str
    amount: float = 0.0
    at: int = 0

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return f"{self.rep}/{self.of}"
