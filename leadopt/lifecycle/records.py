"""What is known of each lead, rep, account and absence at one moment: small frozen records, replaced and never changed.

All of it follows from events (`leadopt.lifecycle.evolve`). Moments are whole microseconds UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

from leadopt.lifecycle.stages import HELD, OPEN, Stage

Level = str | float | bool | None
Columns = Mapping[str, Level]
Shares = Mapping[str, Mapping[str, float]]  # what is shared -> rep -> how much of it


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
class Message:
    """Something that somebody is to hear of: written with its event, sent by who runs the desk, acknowledged once.

    Parameters
    ----------
    seq, number
        the event that it tells of, and which of its messages it is
    to
        id of a rep, or "manager"
    kind
        "assigned", "reminder", "escalation", "recalled", ...
    lead
        which lead; None = not about one
    not_before
        the first working minute at or after the event
    """

    table: ClassVar[str] = "message"

    seq: int
    number: int
    to: str
    kind: str
    lead: str | None
    not_before: int
    body: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return f"{self.seq}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """A rule file as it was set: its fingerprint, its data, and from when it is in force."""

    table: ClassVar[str] = "rule_file"

    fingerprint: str
    starts_at: int
    set_at: int
    seq: int
    data: Mapping[str, object]

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return str(self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds of the desk as a whole.

    Parameters
    ----------
    opened_at
        when its log began
    policy
        fingerprint of the policy in force
    plan
        the plan that is being applied; "" = none
    planned_at, told_at
        when a plan was last applied, and managers were last told of leads that no period runs for
    hold_until
        after a gap between runs: no recall before
    day
        the local day whose first run was done (conduct is looked at then), ISO text
    """

    table: ClassVar[str] = "state"

    opened_at: int = 0
    policy: str = ""
    plan: str = ""
    planned_at: int = 0
    told_at: int = 0
    hold_until: int = 0
    day: str = ""

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return "desk"


Record = Lead | Rep | Credit | Absence | Account | Ownership | Conduct | Message | RuleFile | State
HOUSE = "house"
_R = TypeVar("_R", Lead, Rep, Absence, Ownership, Conduct, State)


def replace(record: _R, **changes: Any) -> _R:
    """Return a record with some of its fields changed, as `dataclasses.replace` does, in a third of its time.

    A frozen dataclass sets each field by a call from Python and is read one by one; a lead has 38 of them, and is
    replaced several times a command. So the slots are copied as they are.

    >>> replace(Absence(id="V-1", rep="R-1", start=5, end=9), end=7)
    Absence(id='V-1', rep='R-1', start=5, end=7, begun=False, cancelled=False)
    """
    kind = type(record)
    made = object.__new__(kind)
    values, setters, setter_of = _SLOTS[kind]
    for setter, value in zip(setters, values(record), strict=True):
        setter(made, value)
    for name, value in changes.items():
        setter_of[name](made, value)
    return made


def _slots(kind: type[Any]) -> tuple[Callable[[Any], Any], list[Callable[[Any, Any], None]], Mapping[str, Any]]:
    names = [one.name for one in fields(kind)]
    setters = [getattr(kind, name).__set__ for name in names]
    return attrgetter(*names), setters, dict(zip(names, setters, strict=True))


_SLOTS = {kind: _slots(kind) for kind in (Lead, Rep, Absence, Ownership, Conduct, State)}
