"""What may happen: one frozen dataclass a kind of event, to and from plain JSON data.

An event has happened and is never refused. It holds no personal data: ids are random, reasons are codes.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar

from leadopt.errors import InvalidInput
from leadopt.lifecycle.records import Columns, Shares

KINDS: dict[str, type["Event"]] = {}
_FIELDS: "dict[str, tuple[Field[Any], ...]]" = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened. `kind` names it in the log, `version` its shape."""

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1

    @property
    def subject(self) -> str:
        """Return the random id of what it happened to: a lead, else a rep, else the desk."""
        for name in ("lead", "rep"):
            if (found := getattr(self, name, None)) is not None:
                return str(found)
        return "desk"

    def body(self) -> dict[str, Any]:
        """Return it as plain data that JSON holds; what is at its default is left out."""
        values = ((one, getattr(self, one.name)) for one in _FIELDS[self.kind])
        return {one.name: _plain(value) for one, value in values if not _is_default(one, value)}


def _is_default(one: "Field[Any]", value: Any) -> bool:
    if one.default is not MISSING:
        return bool(type(value) is type(one.default) and value == one.default)
    return one.default_factory is not MISSING and not value


def _named(kind: str, cls: type[Event]) -> None:
    cls.kind = kind
    KINDS[kind], _FIELDS[kind] = cls, fields(cls)


def event_of(kind: str, body: Mapping[str, Any]) -> Event:
    """Return the event that the log holds as its kind and body."""
    if kind not in KINDS:
        raise InvalidInput(f"log: must hold events that this version knows; found {kind!r}; install a newer leadopt")
    return KINDS[kind](**{name: frozen(value) for name, value in body.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value


def frozen(value: Any) -> Any:
    """Return plain data as events hold it: tuples for lists, so that it is the same before the log and after."""
    if isinstance(value, list):
        return tuple(frozen(one) for one in value)
    return {key: frozen(one) for key, one in value.items()} if isinstance(value, dict) else value


# ---- leads come in


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Event):
    """A lead came in; what earlier leads of the same person bar is taken over.

    It waits for the owner of its account (`waits_for`) who is away and back soon (`waits_until`).
    """

    lead: str
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False
    linked: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()
    complained_of: tuple[str, ...] = ()
    waits_for: str | None = None
    waits_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported(Event):
    """A lead was taken over from another system as it was there; its periods start now."""

    lead: str
    stage: str
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False
    owner: str | None = None
    received_at: int | None = None
    outcome_at: int | None = None
    value: float | None = None
    pool: str | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Event):
    """Some of its columns changed; these only."""

    lead: str
    columns: Columns = field(default_factory=dict)
    account: str | None = None
    no_contact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Event):
    """It is a copy of another lead, which lives on."""

    lead: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed(Event):
    """It took over what is known of a copy: bars, cool-offs, follow-ups, a withdrawn consent."""

    lead: str
    other: str
    refused_by: tuple[str, ...] = ()
    complained_of: tuple[str, ...] = ()
    cooling: Mapping[str, int] = field(default_factory=dict)
    no_contact: bool = False
    first_at: int | None = None
    last_at: int | None = None
    columns: Columns = field(default_factory=dict)


# ---- where it goes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAsked(Event):
    """A manager is asked; the proposed rep's slot is kept."""

    lead: str
    rule: str
    rep: str | None = None
    offer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEnded(Event):
    """The question is closed: "approved", "changed", "declined", "timed_out", or by what happened to the lead."""

    lead: str
    how: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Event):
    """A rep owns it.

    `decision` says why this one (plan or prices, gain, chance, price, the next three, who was barred), `entitled` and
    `received` what is booked (see `leadopt.lifecycle.credit`), `override` with which reason a manager passed caps or
    cool-off, `cost` what that costs against the plan.
    """

    lead: str
    rep: str
    via: str
    decision: Mapping[str, Any] = field(default_factory=dict)
    entitled: Shares = field(default_factory=dict)
    received: Mapping[str, float] = field(default_factory=dict)
    override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled(Event):
    """Whoever is in the pool may claim it once the embargo is over."""

    lead: str
    pool: str
    why: str
    embargo_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpooled(Event):
    """It left the pool without a claim: for a plan, a placing, a manager."""

    lead: str


# ---- what ends an ownership


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


# ---- while it is held


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


# ---- how it ends, for now or for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked(Event):
    """It rests until a moment."""

    lead: str
    until: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparked(Event):
    """It is looked at again: the date has come, or a manager says so."""

    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Won(Event):
    """It was won by a rep."""

    lead: str
    rep: str
    occurred_at: int
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Event):
    """It was lost; whoever had it cools off."""

    lead: str
    occurred_at: int
    reason: str
    rep: str | None = None
    cool_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Event):
    """It is open again."""

    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """It ends without an outcome: "spam", "out of scope", "invalid contact", ..."""

    lead: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Event):
    """What tells whose it was is gone."""

    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Event):
    """An act was taken back: the lead is as `restored` says, deadlines as before but not before `not_before`.

    `of` is the first event of the act, `ownerships` those that it had changed, as they were before it.
    """

    lead: str
    of: int
    restored: Mapping[str, Any] = field(default_factory=dict)
    ownerships: tuple[Mapping[str, Any], ...] = ()
    not_before: int | None = None


# ---- reps


@dataclass(frozen=True, slots=True, kw_only=True)
class RepSet(Event):
    """A rep is as follows (joined, or changed)."""

    rep: str
    columns: Columns = field(default_factory=dict)
    max_open: int | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    hired_on: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepLeft(Event):
    """A rep left: gets nothing any more."""

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepReturned(Event):
    """A rep who had left is here again."""

    rep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceSet(Event):
    """A rep is away from `start` to `end`, or not after all (`cancelled`)."""

    rep: str
    absence: str
    start: int
    end: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceBegan(Event):
    """An absence began, and what its rep has was looked at."""

    rep: str
    absence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductSet(Event):
    """A reward or restriction was announced: in force from `starts_at`; `until` says what ends it."""

    rep: str
    rule: str
    effect: str
    starts_at: int
    entitlement: float = 1.0
    claims_per_day: int | None = None
    no_new_leads: bool = False
    figures: Mapping[str, Any] = field(default_factory=dict)
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductEnded(Event):
    """What lifts it holds, or what it was for no longer does."""

    rep: str
    rule: str
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditBooked(Event):
    """Credit moved between a rep and the house: "manual", "left"."""

    rep: str
    of: str
    amount: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditReversed(Event):
    """What was booked for an ownership is taken back: "bad_lead", "duplicate", "leave", "left", "mismatch", ..."""

    lead: str
    begun: int
    reason: str


# ---- the desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """The log begins."""

    leadopt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesSet(Event):
    """A rule file, in force from `starts_at`."""

    fingerprint: str
    starts_at: int
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet(Event):
    """A policy, in force from now on."""

    fingerprint: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade(Event):
    """A plan is about to be applied: its certificate, its model, and how many leads it places."""

    plan: str
    leads: int
    placed: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanApplied(Event):
    """All of a plan was applied, but for the leads that were skipped."""

    plan: str
    applied: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """Managers were told how many open leads no period runs for, by stage."""

    day: str
    leads: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBegan(Event):
    """The first run of a local day: conduct was looked at."""

    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """Nothing ran for long: no recall before `hold_until`, so that everybody is reminded first."""

    last_run: int
    hold_until: int


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


def _register() -> None:
    for name, cls in list(globals().items()):
        if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event and not name.startswith("_"):
            _named(_snake(name), cls)


_register()
