"""`decide`: what a command makes happen, or why it is denied. Pure: a book, a command and a moment in, events out."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle.acts import by_admin, by_feeds, by_managers, by_reps, by_system
from leadopt.lifecycle.book import Book
from leadopt.lifecycle.commands import Command, LeadCommand
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft, Worths
from leadopt.lifecycle.records import Lead

ACTS: dict[type[Command], Callable[[Draft, Any], None]] = {
    **by_feeds.ACTS,
    **by_reps.ACTS,
    **by_managers.ACTS,
    **by_system.ACTS,
    **by_admin.ACTS,
}


def decide(book: Book, command: Command, now: int, worths: Worths) -> Draft:
    """Return what a command makes happen: events, and the records that they change.

    Parameters
    ----------
    book
        as it stands; it is not changed
    command
        what is asked for
    now
        what the clock says, in microseconds UTC
    worths
        what leads are worth with whom

    Returns
    -------
    Draft
        `.happened`: events with their stamps, none where nothing changes; `.book.changes()`: the records after them

    Raises
    ------
    Denied
        with a code, a sentence, a remedy and until when; nothing has happened
    """
    if command.role not in command.roles:
        allowed = ", ".join(sorted(command.roles))
        name = type(command).__name__
        raise Denied("not_allowed", f"{name} is not for the role {command.role!r}", f"roles that may: {allowed}")
    _check_version(book, command)
    draft = Draft(book, command, now, worths)
    ACTS[type(command)](draft, command)
    return draft


def _check_version(book: Book, command: Command) -> None:
    if command.expect is None or not isinstance(command, LeadCommand):
        return
    lead = book.get(Lead, command.lead)
    if lead is not None and lead.version != command.expect:
        seen = f"lead {lead.id!r} is at version {lead.version}; the command had seen {command.expect}"
        raise Denied("conflict", seen, "look at the lead again")
