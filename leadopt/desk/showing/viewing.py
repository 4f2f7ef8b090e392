"""The views of a desk, as its methods."""

from typing import Any

from leadopt.desk.showing import queues
from leadopt.desk.showing.as_of import book_at
from leadopt.desk.showing.leads import LeadView, lead_view, viewed
from leadopt.desk.showing.listing import Listing
from leadopt.desk.showing.reps import RepView, rep_view
from leadopt.desk.showing.why import Why, why
from leadopt.desk.work.core import Core
from leadopt.errors import InvalidInput
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.records import Lead

MOST = 100


class Viewing:
    """What a desk shows. Every view sees one moment, whatever others write; what nobody knows is an `InvalidInput`."""

    _core: Core

    def lead(self, lead: Any, *, by: Any = None, feed: str | None = None) -> LeadView:
        """Return a lead: where it is, what is due when, what happened; for a rep (`by`) with hidden fields masked."""
        with self._core.read() as snapshot:
            try:
                rep = None if by is None else snapshot.names.rep(by)
                return lead_view(snapshot, snapshot.names.lead(lead, feed).id, by=rep)
            except Denied as denied:
                raise unknown(denied) from None

    def rep(self, rep: Any, *, most: int = MOST) -> RepView:
        """Return a rep: load, room, absences, credit, conduct, and so many of the leads that the rep has at most."""
        with self._core.read() as snapshot:
            try:
                return rep_view(snapshot, snapshot.names.rep(rep), _most(most))
            except Denied as denied:
                raise unknown(denied) from None

    def pool(self, name: str = "main", *, by: Any = None, most: int = MOST) -> Listing:
        """Return the leads of a pool, those that came first first.

        Parameters
        ----------
        name
            of the pool
        by
            the rep who looks: fields that the rules hide until a lead is claimed are masked, and `why_not` says what
            keeps the rep from claiming each; None = a manager does
        most
            so many rows at most; `total` says how many there are
        """
        with self._core.read() as snapshot:
            try:
                rep = None if by is None else snapshot.names.rep(by)
                return queues.pool(snapshot, name, rep, _most(most))
            except Denied as denied:
                raise InvalidInput(snapshot.names.told(f"{denied.sentence}; {denied.remedy}")) from None

    def reviews(self, *, most: int = MOST) -> Listing:
        """Return what managers are asked: lead, rule, who is proposed, until when."""
        with self._core.read() as snapshot:
            return queues.reviews(snapshot, _most(most))

    def overdue(self, *, most: int = MOST) -> Listing:
        """Return the leads whose follow-up or review is late, the latest first, and what happens next to each."""
        with self._core.read() as snapshot:
            return queues.overdue(snapshot, _most(most))

    def messages(self, *, most: int = 1000) -> Listing:
        """Return the messages that may go out now, oldest first: each stays until `Desk.ack` says that it was sent."""
        with self._core.read() as snapshot:
            return queues.messages(snapshot, _most(most))

    def why(self, seq: int) -> Why:
        """Return why an event happened: who did it, why this rep, who came next, who was barred, what led here."""
        with self._core.read() as snapshot:
            return why(snapshot, seq)


class Past:
    """The desk as it was at a moment."""

    def __init__(self, core: Core, moment: int) -> None:
        self._core, self._moment = core, moment

    def lead(self, lead: Any, *, feed: str | None = None) -> LeadView:
        """Return a lead as it was: its events up to then, evolved anew under the rules and absences of then.

        Raises
        ------
        InvalidInput
            there is no such lead, or it had not come in
        """
        with self._core.read() as snapshot:
            try:
                key = snapshot.names.lead(lead, feed).id
            except Denied as denied:
                raise unknown(denied) from None
            book = book_at(snapshot, key, self._moment)
            found = book.get(Lead, key)
            if found is None:
                raise InvalidInput(f"lead {lead!r} had not come in by then")
            return viewed(snapshot, book, found, list(book.history(key)), self._moment)


def unknown(denied: Denied) -> InvalidInput:
    """Return what is raised where a view is asked of whom nobody knows."""
    return InvalidInput(f"{denied.sentence}; {denied.remedy}")


def _most(most: int) -> int:
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise InvalidInput(f"most: must be a whole number, 1 or more; found {most!r}")
    return most
