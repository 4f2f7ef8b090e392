"""Ids in and out: whom a user means by an id of the user's own, and what a random id is called."""

import re
from base64 import b32encode
from typing import Any

import numpy as np
import sqlalchemy as sa

from leadopt.desk.database.beside import person
from leadopt.desk.people import persons
from leadopt.desk.people.persons import ACCOUNT, LEAD, REP, USER, WHOLE, Person
from leadopt.errors import did_you_mean
from leadopt.lifecycle.commands import ROLES
from leadopt.lifecycle.denied import Denied
from leadopt.tables.cells import Id, as_id
from leadopt.tables.ids import alike

LETTERS = {LEAD: "L", REP: "R", ACCOUNT: "A", USER: "U"}
_RANDOM_BYTES = 10  # 80 bits: of 10^9 ids, two are the same once in 10^6 desks
_ID = re.compile(r"\b[LRAU]-[a-z2-7]{16}\b")


class Names:
    """Who is who, as one transaction sees it.

    Parameters
    ----------
    connection
        in a transaction
    rng
        from which new ids are drawn; None = this one only reads
    """

    def __init__(self, connection: sa.Connection, rng: np.random.Generator | None = None) -> None:
        self._connection, self._rng = connection, rng
        self._called: dict[str, Id] = {}
        self._reps: dict[str, str] = {}  # reps that were found; who is not there yet may come to be

    def new(self, letter: str) -> str:
        """Return an id that nothing has yet."""
        if self._rng is None:
            raise RuntimeError("ids are drawn where something is written")
        while True:
            drawn = b32encode(self._rng.bytes(_RANDOM_BYTES)).decode().lower()
            if persons.by_id(self._connection, f"{letter}-{drawn}") is None:
                return f"{letter}-{drawn}"

    def lead(self, given: Any, feed: str | None = None) -> Person:
        """Return the lead that a user means.

        Raises
        ------
        Denied
            "not_found", or "conflict" where two systems call a lead so
        """
        external = text_of(given)
        found = persons.by_external(self._connection, LEAD, external, feed)
        if len(found) > 1:
            feeds = ", ".join(sorted(repr(one.feed) for one in found))
            raise Denied("conflict", f"lead {given!r} is one of several systems: {feeds}", "say which, by feed=")
        if not found and (drawn := self._drawn(external, LEAD)) is not None:
            found = [drawn]
        if not found:
            raise Denied("not_found", f"there is no lead {given!r}", "look at how it was called when it came in")
        self._called[found[0].id] = found[0].called
        return found[0]

    def rep(self, given: Any) -> str:
        """Return the id of the rep whom a user means.

        Raises
        ------
        Denied
            "not_found": says who is nearest
        """
        found = self._known_rep(given)
        if found is None:
            known = [one.external for one in self.all_reps()]
            near = did_you_mean(text_of(given), known).removeprefix("; ")
            raise Denied("not_found", f"there is no rep {given!r}", near or "set reps first, by desk.reps")
        return found

    def refuse_misspelt(self, given: Any) -> None:
        """Raise `Denied` where nobody is called so and a rep nearly is: a slip must not report for somebody else."""
        if self._known_rep(given) is None:
            near = did_you_mean(text_of(given), [one.external for one in self.all_reps()]).removeprefix("; ")
            if near.startswith("did you mean"):
                raise Denied("not_found", f"there is no rep {given!r}", f"{near} If it is a feed, say role='feed'")

    def rep_or_none(self, given: Any) -> str | None:
        """Return the id of the rep whom a user means; None = nobody is called so."""
        return self._known_rep(given)

    def actor(self, given: Any) -> tuple[str, bool]:
        """Return the id of who gives a command, and whether it is a rep; who is new here gets one."""
        text = text_of(given)
        if text in ROLES:
            return text, False
        rep = self._known_rep(given)
        return (rep, True) if rep is not None else (self.known_as(USER, given), False)

    def known_as(self, kind: str, given: Any) -> str:
        """Return the id of an account or user of that name, drawn if it is a new one."""
        text = text_of(given)
        drawn, found = self._drawn(text, kind), persons.by_spelling(self._connection, kind, text)
        if drawn is not None or found:
            return (drawn or found[0]).id
        one = Person(id=self.new(LETTERS[kind]), kind=kind, external=text)
        persons.put(self._connection, [one])
        return one.id

    def rename(self, one: Person) -> None:
        """Write what a rep is called from now on."""
        persons.put(self._connection, [one])
        self._called[one.id] = one.called
        self._reps.clear()

    def called(self, key: str | None) -> Id | None:
        """Return what the user calls who has an id; an id that nobody has (any more) is called by itself."""
        if key is None:
            return None
        if key not in self._called:
            found = persons.by_id(self._connection, key)
            self._called[key] = key if found is None else found.called
        return self._called[key]

    def said(self, key: str | None) -> str:
        """Return what a sentence calls who has an id."""
        called = self.called(key)
        return "nobody" if called is None else str(called)

    def told(self, sentence: str) -> str:
        """Return a sentence with what the user calls whom it speaks of in place of ids."""
        return _ID.sub(lambda found: self.said(found[0]), sentence)

    def all_reps(self) -> list[Person]:
        """Return all reps there are or were."""
        rows = self._connection.execute(sa.select(person.c.id).where(person.c.kind == REP))
        found = (persons.by_id(self._connection, key) for (key,) in rows.all())
        return [one for one in found if one is not None]

    def _known_rep(self, given: Any) -> str | None:
        text = text_of(given)
        if text in self._reps:
            return self._reps[text]
        found = persons.called_so(self._connection, REP, text)
        if len(found) == 1:
            self._called[found[0].id] = found[0].called
            self._reps[text] = found[0].id
            return found[0].id
        drawn = self._drawn(text, REP)
        return None if drawn is None else drawn.id

    def _drawn(self, text: str, kind: str) -> Person | None:
        found = persons.by_id(self._connection, text) if _ID.fullmatch(text) else None
        return found if found is not None and found.kind == kind else None


def text_of(given: Any) -> str:
    """Return an id as text: 17, 17.0 and "17" are one."""
    plain = as_id(given)
    return str(given if plain is None else plain)


def whole(given: Any) -> dict[str, bool]:
    """Return the mark of an id that came as a whole number, for `Person.data`."""
    return {WHOLE: True} if isinstance(as_id(given), int) else {}


__all__ = ["Names", "alike", "text_of", "whole"]
