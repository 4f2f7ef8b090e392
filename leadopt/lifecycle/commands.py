"""What may be asked of the desk: one frozen dataclass a command, with who may give it. A command may be denied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from leadopt.lifecycle.records import Columns

FEED, REP, MANAGER, SYSTEM, ADMIN = "feed", "rep", "manager", "system", "admin"
ROLES = (FEED, REP, MANAGER, SYSTEM, ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that is asked for.

    Parameters
    ----------
    by
        who asks: the id of a rep, else a name of the caller's own (of a key, a person of the back office)
    role
        "feed", "rep", "manager", "system" or "admin"; the caller is trusted here
    key
        idempotency: the same key gets the same answer, and nothing happens twice
    expect
        the version that the caller has seen; another one is a conflict
    cause
        sequence number of the event that led here
    """

    roles: ClassVar[frozenset[str]] = frozenset()

    by: str
    role: str
    key: str | None = None
    expect: int | None = None
    cause: int | None = None


def _for(*roles: str) -> frozenset[str]:
    return frozenset(roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCommand(Command):
    """A command about one lead."""

    lead: str


# ---- feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive(LeadCommand):
    """A lead comes in, or what is known of it.

    Parameters
    ----------
    lead
        its random id: of the lead with the same source and external id, else a new one
    columns
        what policy and rules look at
    account
        random id of its account
    no_contact
        whether consent was withdrawn
    twins
        ids of leads of the same person, by mail or phone
    """

    roles = _for(FEED, MANAGER, ADMIN)

    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False
    twins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(LeadCommand):
    """Some columns of a lead change."""

    roles = _for(FEED, REP, MANAGER, ADMIN)

    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp(LeadCommand):
    """Somebody did something about a lead; `rep` None = who gives the command."""

    roles = _for(FEED, REP, MANAGER)

    kind: str
    occurred_at: int | None = None
    rep: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complain(LeadCommand):
    """The customer complains of a rep; None = of the owner."""

    roles = _for(FEED, MANAGER)

    rep: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Win(LeadCommand):
    """A lead was won; without an owner, `rep` names by whom."""

    roles = _for(FEED, REP, MANAGER)

    value: float | None = None
    occurred_at: int | None = None
    rep: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose(LeadCommand):
    """A lead was lost."""

    roles = _for(FEED, REP, MANAGER)

    reason: str = "lost"
    occurred_at: int | None = None


# ---- reps


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(LeadCommand):
    """A rep does not want a lead that it was given, before the first follow-up."""

    roles = _for(REP)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(LeadCommand):
    """A rep gives a lead back, to a pool of the rep's own; None = the one that the rules name."""

    roles = _for(REP)

    reason: str
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(LeadCommand):
    """A rep takes a lead out of a pool."""

    roles = _for(REP)


# ---- managers


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(LeadCommand):
    """A manager agrees with a proposal, or names somebody else (`to`)."""

    roles = _for(MANAGER)

    to: str | None = None
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(LeadCommand):
    """A manager does not agree: the lead goes to the pool."""

    roles = _for(MANAGER)

    reason: str
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTo(LeadCommand):
    """A manager gives a lead that nobody owns to a rep; `override` = coded reason to pass caps and cool-off."""

    roles = _for(MANAGER)

    to: str
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(LeadCommand):
    """A manager gives a lead of one rep to another one."""

    roles = _for(MANAGER)

    to: str
    reason: str = "transfer"
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relieve(Command):
    """A manager takes load off a rep: leads not yet followed up are given to others."""

    roles = _for(MANAGER)

    rep: str
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Park(LeadCommand):
    """A manager lets a lead rest until a moment."""

    roles = _for(MANAGER)

    until: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpark(LeadCommand):
    """A manager looks at a parked lead before its date."""

    roles = _for(MANAGER, SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect(LeadCommand):
    """A manager keeps a lead from idle recall until a moment."""

    roles = _for(MANAGER)

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(LeadCommand):
    """A manager says that a lead is a copy of another one, which lives on."""

    roles = _for(MANAGER)

    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(LeadCommand):
    """A manager ends a lead without an outcome."""

    roles = _for(MANAGER)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(LeadCommand):
    """A manager opens a lead again."""

    roles = _for(MANAGER, FEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftBar(LeadCommand):
    """A manager lets a rep have a lead again that it refused, or that it cools off from."""

    roles = _for(MANAGER)

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustCredit(Command):
    """A manager corrects what a rep is owed, by a reason."""

    roles = _for(MANAGER)

    rep: str
    amount: float
    reason: str
    of: str = "leads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(LeadCommand):
    """A manager puts a lead into a pool, for whoever claims it."""

    roles = _for(MANAGER)

    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(LeadCommand):
    """A manager takes back what an event did to a lead, as far as nothing happened to it since."""

    roles = _for(MANAGER, ADMIN)

    of: int


# ---- the system


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Command):
    """Leads that nobody owns are given to the reps to whom they are worth most now, solved together."""

    roles = _for(SYSTEM, MANAGER)

    leads: tuple[str, ...]
    via: str = "router"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire(LeadCommand):
    """What is due of a lead happens: reminder, escalation, recall, end of a review or of parking."""

    roles = _for(SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class FireAll(Command):
    """What is due of several leads happens; those that are taken back go to others by one solution."""

    roles = _for(SYSTEM)

    leads: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginAbsence(Command):
    """An absence begins: what cannot wait is given to others."""

    roles = _for(SYSTEM)

    absence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginDay(Command):
    """The first run of a local day: conduct is looked at, managers hear of leads that no period runs for."""

    roles = _for(SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """Runs go on; after a long gap nobody is recalled without a reminder."""

    roles = _for(SYSTEM)

    last_run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlan(Command):
    """A plan is about to be applied."""

    roles = _for(SYSTEM, MANAGER)

    plan: str
    leads: int
    placed: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPlanned(LeadCommand):
    """A plan gives a lead to a rep (None = to nobody, for a reason), as far as it is still as the plan saw it."""

    roles = _for(SYSTEM, MANAGER)

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

    roles = _for(SYSTEM, MANAGER)

    plan: str
    applied: int
    skipped: int


# ---- administration


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(LeadCommand):
    """A lead is taken over from another system as it is there."""

    roles = _for(ADMIN)

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

    roles = _for(ADMIN)

    rep: str
    columns: Columns = field(default_factory=dict)
    max_open: int | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    hired_on: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepLeaves(Command):
    """A rep leaves: open leads are given to others, else to the pool."""

    roles = _for(ADMIN)

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepReturns(Command):
    """A rep who had left is here again."""

    roles = _for(ADMIN)

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAbsence(Command):
    """A rep will be away, is away, or is not after all."""

    roles = _for(ADMIN, MANAGER)

    rep: str
    absence: str
    start: int
    end: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRules(Command):
    """A rule file takes effect from a moment on; None = now."""

    roles = _for(ADMIN)

    data: Mapping[str, Any]
    starts_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicy(Command):
    """A policy takes effect now."""

    roles = _for(ADMIN)

    fingerprint: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase(LeadCommand):
    """What tells whose a lead was goes; the log stays whole."""

    roles = _for(ADMIN)
