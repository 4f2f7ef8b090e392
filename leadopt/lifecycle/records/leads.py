"""A lead, what a manager is asked about it, who owned it when, and whose customer its account is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from leadopt.lifecycle.records.columns import Columns, Shares
from leadopt.lifecycle.stages import HELD, OPEN, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a manager is asked about a lead.

    Parameters
    ----------
    rule
        name of the rule that asks; "nobody left" and "returned" are always on
    rep
        who is proposed, whose slot is kept; None = nobody
    asked_at
        when
    offer
        what the proposal is worth: gain, chance and who came next, as the event says
    """

    rule: str
    rep: str | None
    asked_at: int
    offer: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A lead: its stage, its owner, and what its next moment depends on.

    Parameters
    ----------
    id
        random
    version
        how many events it has had
    seq
        the last of them
    stage, since
        where it is, and since when
    received_at
        when it came
    columns
        what policy and rules look at, as levels and numbers
    account
        random id of its account; None = it has none
    owner, via, started
        who has it (for won and lost: had it), by which route, and since when periods run
    rules
        fingerprint of the rules that its periods began under
    first_at, last_at
        first and last follow-up of this ownership, as they occurred
    not_before
        its deadline is not before: after an act was taken back, and as no follow-up brings it nearer
    reminded, escalated
        the deadline that was reminded of and escalated last
    reminded_at
        when it was reminded
    refused_by, complained_of
        who gets it never again, until a manager lifts the bar
    cooling
        who had it, and until when they do not get it back
    returned
        how often it was refused, released or recalled
    previous
        who owned it last
    pool, embargo_until
        which pool it is in, and until when reps may not claim it
    protected_until
        until when a manager keeps it from idle recall
    parked_until
        until when it is parked
    reason
        coded: why it was parked, lost or closed
    review
        what a manager is asked
    outcome_at
        when its latest outcome occurred
    value
        what it was won for
    no_contact
        whether consent was withdrawn
    merged_into
        the lead that it is a copy of
    linked
        earlier leads of the same person
    waits_for, waits_until
        the owner of its account, who is away, and when that rep is back: nobody else gets it before
    look_at
        the next moment at which `run_due` looks at it; None = the daily look of all that no period runs for
    due_at
        the deadline of the follow-up or review that it waits for, as known then: an index, asked again when read
    """

    table: ClassVar[str] = "lead"

    id: str
    version: int = 0
    seq: int = 0
    stage: Stage = Stage.NEW
    since: int = 0
    received_at: int = 0
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    owner: str | None = None
    via: str | None = None
    started: int = 0
    rules: str = ""
    first_at: int | None = None
    last_at: int | None = None
    not_before: int = 0
    reminded: int | None = None
    reminded_at: int | None = None
    escalated: int | None = None
    refused_by: frozenset[str] = frozenset()
    complained_of: frozenset[str] = frozenset()
    cooling: Mapping[str, int] = field(default_factory=dict)
    returned: int = 0
    previous: str | None = None
    pool: str | None = None
    embargo_until: int | None = None
    protected_until: int | None = None
    parked_until: int | None = None
    reason: str | None = None
    review: Review | None = None
    outcome_at: int | None = None
    value: float | None = None
    no_contact: bool = False
    merged_into: str | None = None
    linked: tuple[str, ...] = ()
    waits_for: str | None = None
    waits_until: int | None = None
    look_at: int | None = None
    due_at: int | None = None

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return self.id

    @property
    def is_open(self) -> bool:
        """Return whether something is still to happen to it."""
        return self.stage in OPEN

    @property
    def is_held(self) -> bool:
        """Return whether a rep works on it: it counts as open work."""
        return self.stage in HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """One rep's time with one lead, from its first to its last moment.

    Parameters
    ----------
    lead, begun
        the lead, and the sequence number of the event that began it
    rep, via, since
        who, by which route, from when
    until, ended, exit, reason
        to when, the sequence number of the event that ended it, its kind, and the coded reason; None = it lasts, or
        there is no reason
    override
        why a manager passed caps or cool-off to begin it; None = that was not needed
    first_due
        when the first follow-up was due, as known when it was done or missed
    first_at, last_at, follow_ups
        first and last follow-up, and how many
    chance
        of conversion, as estimated when it began; None = unknown
    entitled, received
        what was booked: see `leadopt.lifecycle.credit`
    reversed
        whether that booking was taken back
    outcome
        "won" or "lost", if it ended so
    complaints
        how many
    """

    table: ClassVar[str] = "ownership"

    lead: str
    begun: int
    rep: str
    via: str
    since: int
    until: int | None = None
    ended: int | None = None
    exit: str | None = None
    reason: str | None = None
    override: str | None = None
    first_due: int | None = None
    first_at: int | None = None
    last_at: int | None = None
    follow_ups: int = 0
    chance: float | None = None
    entitled: Shares = field(default_factory=dict)
    received: Mapping[str, float] = field(default_factory=dict)
    reversed: bool = False
    outcome: str | None = None
    complaints: int = 0

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return f"{self.lead}/{self.begun}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose customer an account is: the owner of its latest owned or won lead."""

    table: ClassVar[str] = "account"

    id: str
    lead: str
    owner: str
    at: int

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return self.id
