"""The exceptions and warnings of leadopt.

::

    LeadoptError
    ├── InvalidInput      (also a ValueError)    the input breaks a rule: where, which one, what was found, the mend
    ├── Infeasible                               no answer meets every hard limit; carries a `Witness`
    ├── SolverFailed      (also a RuntimeError)  a backend reported something that leadopt has no name for
    │   └── NoPlanFound                          a search ended without an allowed plan, though there may be one
    └── StorageFailed     (also a RuntimeError)  a desk's database cannot be opened, read or written
    LeadoptWarning        (a UserWarning)
    ├── MemoryWarning                            all pairs are held though few are eligible, and how much that takes
    ├── PrecisionWarning                         gains were rounded to fit a solver's integers, and by how much
    └── UnknownReps                              history knows none of the reps: are they written in two ways?
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class LeadoptError(Exception):
    """Base of everything that leadopt raises on purpose."""


class InvalidInput(LeadoptError, ValueError):
    """The input breaks a rule; the message says where, which rule, what was found and how to mend it."""


class SolverFailed(LeadoptError, RuntimeError):
    """A solver's backend reported a status that leadopt does not know."""


class NoPlanFound(SolverFailed):
    """A search ended without a plan that meets every limit, though there may be one; says which limits to loosen."""


class StorageFailed(LeadoptError, RuntimeError):
    """A desk's database cannot be opened, read or written; says which, why and how to mend it."""


class LeadoptWarning(UserWarning):
    """Base of the warnings of leadopt."""


class MemoryWarning(LeadoptWarning):
    """All pairs of leads and reps have to be held though few are eligible; says what that takes."""


class PrecisionWarning(LeadoptWarning):
    """Gains were rounded more coarsely than usual to fit a solver's integers; the match's gap says what it cost."""


class UnknownReps(LeadoptWarning):
    """History knows none of the reps; says who is in both, as mostly the same people are written in two ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Why no answer exists: `need` leads have to fit where there is only `room`.

    Either some leads must be placed and only these reps may take them (`leads` not empty, Hall's condition fails),
    or some limits ask for more than may reach them (`limits` not empty).

    Parameters
    ----------
    leads
        indices of the leads that have too few slots between them; empty if minimums alone conflict
    reps
        indices of the reps these leads may go to, or of the reps whose minimums conflict
    limits
        names of the limits that hold the conflict together
    rows
        which these are, at the same places: j is the capacity of rep j, n_reps + k the limit k of the problem; empty
        where the problem has none of them yet
    need, room
        how many leads have to be placed, and for how many there is room
    """

    leads: tuple[int, ...] = ()
    reps: tuple[int, ...] = ()
    limits: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    need: int
    room: int


class Infeasible(LeadoptError):
    """No answer meets every hard limit.

    Attributes
    ----------
    witness
        a small set of leads, reps and limits that cannot be met together
    """

    def __init__(self, message: str, witness: Witness) -> None:
        super().__init__(message)
        self.witness = witness

    def __reduce__(self) -> tuple[type[Infeasible], tuple[str, Witness]]:
        """Keep the witness when the error crosses a process border."""
        return type(self), (str(self), self.witness)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``'; did you mean "capacity"?'`` for a near miss, else the list of what is known.

    >>> did_you_mean("capcity", ["capacity", "rep_id"])
    '; did you mean "capacity"?'
    >>> did_you_mean("zzz", ["capacity", "rep_id"])
    '; known are capacity, rep_id'
    """
    from difflib import get_close_matches

    choices = [str(choice) for choice in known]
    # Case and separators are the commonest differences between two systems' exports of one column.
    folded = {_fold(choice): choice for choice in choices}
    close = get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{folded[close[0]]}"?'
    return f"; known are {enumerate_some(choices)}" if choices else ""


def enumerate_some(items: Iterable[object], most: int = 8, of: int | None = None) -> str:
    """Return the first few items in a sentence, and how many more there are.

    `of` is how many there are altogether, where `items` are the first alone.

    >>> enumerate_some(range(4), most=2), enumerate_some("ab", most=2, of=9)
    ('0, 1 and 2 more', 'a, b and 7 more')
    """
    known = list(items)
    shown, extra = ", ".join(map(str, known[:most])), (len(known) if of is None else of) - most
    return shown if extra <= 0 else f"{shown} and {extra} more"


def _fold(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
