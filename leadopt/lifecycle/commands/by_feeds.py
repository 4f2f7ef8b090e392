"""What feeds report: leads, changes, follow-ups, complaints, outcomes."""

from dataclasses import dataclass, field

from leadopt.lifecycle.commands.command import ADMIN, FEED, MANAGER, REP, LeadCommand
from leadopt.lifecycle.records import Columns


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

    roles = frozenset({FEED, MANAGER, ADMIN})

    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False
    twins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(LeadCommand):
    """Some columns of a lead change."""

    roles = frozenset({FEED, REP, MANAGER, ADMIN})

    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp(LeadCommand):
    """Somebody did something about a lead; `rep` None = who gives the command."""

    roles = frozenset({FEED, REP, MANAGER})

    kind: str
    occurred_at: int | None = None
    rep: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complain(LeadCommand):
    """The customer complains of a rep; None = of the owner."""

    roles = frozenset({FEED, MANAGER})

    rep: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Win(LeadCommand):
    """A lead was won; without an owner, `rep` names by whom."""

    roles = frozenset({FEED, REP, MANAGER})

    value: float | None = None
    occurred_at: int | None = None
    rep: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose(LeadCommand):
    """A lead was lost."""

    roles = frozenset({FEED, REP, MANAGER})

    reason: str = "lost"
    occurred_at: int | None = None
