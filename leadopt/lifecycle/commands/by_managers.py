"""What managers ask for: reviews decided, leads given and taken, at rest, ended, and corrections."""

from dataclasses import dataclass

from leadopt.lifecycle.commands.command import ADMIN, FEED, MANAGER, SYSTEM, Command, LeadCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(LeadCommand):
    """A manager agrees with a proposal, or names somebody else (`to`)."""

    roles = frozenset({MANAGER})

    to: str | None = None
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(LeadCommand):
    """A manager does not agree: the lead goes to the pool."""

    roles = frozenset({MANAGER})

    reason: str
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTo(LeadCommand):
    """A manager gives a lead that nobody owns to a rep; `override` = coded reason to pass caps and cool-off."""

    roles = frozenset({MANAGER})

    to: str
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(LeadCommand):
    """A manager gives a lead of one rep to another one."""

    roles = frozenset({MANAGER})

    to: str
    reason: str = "transfer"
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relieve(Command):
    """A manager takes load off a rep: leads not yet followed up are given to others."""

    roles = frozenset({MANAGER})

    rep: str
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Park(LeadCommand):
    """A manager lets a lead rest until a moment."""

    roles = frozenset({MANAGER})

    until: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpark(LeadCommand):
    """A manager looks at a parked lead before its date."""

    roles = frozenset({MANAGER, SYSTEM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect(LeadCommand):
    """A manager keeps a lead from idle recall until a moment."""

    roles = frozenset({MANAGER})

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(LeadCommand):
    """A manager says that a lead is a copy of another one, which lives on."""

    roles = frozenset({MANAGER})

    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(LeadCommand):
    """A manager ends a lead without an outcome."""

    roles = frozenset({MANAGER})

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(LeadCommand):
    """A manager opens a lead again."""

    roles = frozenset({MANAGER, FEED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftBar(LeadCommand):
    """A manager lets a rep have a lead again that it refused, or that it cools off from."""

    roles = frozenset({MANAGER})

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustCredit(Command):
    """A manager corrects what a rep is owed, by a reason."""

    roles = frozenset({MANAGER})

    rep: str
    amount: float
    reason: str
    of: str = "leads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(LeadCommand):
    """A manager puts a lead into a pool, for whoever claims it."""

    roles = frozenset({MANAGER})

    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(LeadCommand):
    """A manager takes back what an event did to a lead, as far as nothing happened to it since."""

    roles = frozenset({MANAGER, ADMIN})

    of: int
