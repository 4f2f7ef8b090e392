"""A command at work: what happens is put on an overlay of the book as it happens, and kept or dropped as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from leadopt.lifecycle.book import Book, Overlay, Stamp, Where, in_force
from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.evolve import evolve
from leadopt.lifecycle.records import Absence, Conduct, Lead, Rep
from leadopt.lifecycle.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a lead is worth with a rep: the expected gain, and the chance of conversion (None = unknown)."""

    gain: float
    chance: float | None = None


class Worths(Protocol):
    """What leads are worth with whom: the model and the policy, as placing needs them."""

    @property
    def reserve(self) -> float:
        """Return the gain of leaving a lead in the pool."""
        ...

    def offers(self, leads: Sequence[Lead], reps: Sequence[Rep]) -> Mapping[str, Mapping[str, Offer]]:
        """Return lead -> rep -> offer, for pairs that are eligible."""
        ...

    def shared(self, lead: Lead) -> Mapping[str, float]:
        """Return what fairness shares of a lead: leads, value, hot leads, and how much of each."""
        ...

    def weights(self, reps: Sequence[Rep]) -> Mapping[str, float]:
        """Return what reps are entitled to, in proportion."""
        ...

    @property
    def ramp_days(self) -> float:
        """Return for how many days from being hired a rep counts as a newcomer in ramp; 0 = nobody does."""
        ...


class Draft:
    """What a command has done so far.

    Parameters
    ----------
    book
        as it stands; it is not changed
    command
        at work
    now
        what the clock says; time never goes back: `at` is that, or the moment of the last event if that is later
    worths
        what leads are worth with whom
    """

    def __init__(self, book: Book, command: Command, now: int, worths: Worths) -> None:
        self.book = Overlay(book)
        self.command, self.worths = command, worths
        self.now, self.at = now, max(now, book.head()[1])
        self._first: int | None = None
        self._rules: Rules | None = None
        self._absences: dict[str, list[Absence]] = {}
        self._conduct: dict[str, list[Conduct]] = {}

    @property
    def rules(self) -> Rules:
        """Return the rules in force."""
        if self._rules is None:
            self._rules = self.book.rules_at(self.at)
        return self._rules

    @property
    def calendar(self) -> Calendar:
        """Return the calendar in force."""
        return self.rules.calendar

    @property
    def happened(self) -> tuple[tuple[Stamp, Event], ...]:
        """Return what happened, oldest first."""
        return self.book.happened

    def emit(self, event: Event, *, cause: int | None = None) -> int:
        """Let something happen: put what it changes, and return its sequence number.

        All events of a command but its first are caused by that one, where nothing else is said.
        """
        seq = self.book.head()[0] + 1
        led_here = cause if cause is not None else self._first if self._first is not None else self.command.cause
        if not hasattr(event, "lead"):  # what was looked up is about reps and rules
            self._rules = None
            self._absences.clear()
            self._conduct.clear()
        stamp = Stamp(
            seq=seq,
            at=self.at,
            actor=f"{self.command.role}:{self.command.by}",
            cause=led_here,
            request=self.command.key,
            rules=in_force(self.book, self.at),
        )
        evolve(self.book, event, stamp)
        self.book.log(stamp, event)
        self._first = self._first if self._first is not None else seq
        return seq

    def begin(self) -> None:
        """Let what happens from here on have no cause in what happened so far: another lead of the same command."""
        self._first = None

    def lead(self, lead: str) -> Lead:
        """Return a lead, or deny the command."""
        found = self.book.get(Lead, lead)
        if found is None:
            raise Denied("not_found", f"there is no lead {lead!r}", "look at the leads that are open")
        return found

    def rep(self, rep: str) -> Rep:
        """Return a rep, or deny the command."""
        found = self.book.get(Rep, rep)
        if found is None:
            raise Denied("not_found", f"there is no rep {rep!r}", "set the rep first")
        return found

    def absences(self, rep: str) -> list[Absence]:
        """Return the absences of a rep, looked up once a command."""
        if rep not in self._absences:
            self._absences[rep] = self.book.find(Absence, Where(rep=rep))
        return self._absences[rep]

    def conduct(self, rep: str) -> list[Conduct]:
        """Return the rewards and restrictions of a rep, looked up once a command."""
        if rep not in self._conduct:
            self._conduct[rep] = self.book.find(Conduct, Where(rep=rep))
        return self._conduct[rep]

    def reps(self) -> list[Rep]:
        """Return all reps who have not left."""
        return [rep for rep in self.book.find(Rep, Where()) if rep.left_at is None]
