"""A lead as it was: what happened to it up to a moment, once more."""

from typing import Any

from leadopt.lifecycle.book import Book, Overlay, R, Where
from leadopt.lifecycle.evolve import evolve
from leadopt.lifecycle.records import Lead, Ownership

_OF_A_LEAD = (Lead, Ownership)


class Past(Overlay):
    """A book in which one lead begins anew, beside reps, rules and absences as they are now."""

    def get(self, kind: type[R], key: str) -> R | None:
        """Return a record, or None; of leads and ownerships only those that are made here."""
        found = self._changed[kind].get(key)
        if found is None and kind in _OF_A_LEAD:
            return None
        return super().get(kind, key)

    def find(self, kind: type[R], where: Where) -> list[R]:
        """Return all records that are asked for; of leads and ownerships only those that are made here."""
        if kind not in _OF_A_LEAD:
            return super().find(kind, where)
        made: list[Any] = [one for _, one in sorted(self._changed[kind].items()) if where.holds(one)]
        return made


def past_of(book: Book, lead: str, *, before: int) -> Past:
    """Return a book in which a lead and its ownerships are as they were before an event.

    Its moments and bars are exact; deadlines kept with it, such as the next look, follow holidays and absences as they
    are known now.
    """
    past = Past(book)
    for stamp, event in book.history(lead):
        if stamp.seq < before:
            evolve(past, event, stamp)
    return past
