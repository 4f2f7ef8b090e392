"""What each event changes: one function a kind of event, by what it is about. `CHANGES` names them all."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle.book import Book, Stamp
from leadopt.lifecycle.changes import arrivals, endings, ownerships, people, routes, whole_desk
from leadopt.lifecycle.events import Event

CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    **arrivals.CHANGES,
    **routes.CHANGES,
    **ownerships.CHANGES,
    **endings.CHANGES,
    **people.CHANGES,
    **whole_desk.CHANGES,
}
