"""A command: something that is asked of the desk, and who may ask for it."""

from dataclasses import dataclass
from typing import ClassVar

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCommand(Command):
    """A command about one lead."""

    lead: str
