"""The rule of eligibility that no table holds: who refused a lead, who was complained of, who cools off from it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Bools
from leadopt.eligibility import Allows
from leadopt.lifecycle.records import Lead
from leadopt.tables import Table
from leadopt.tables.cells import Id

CODES = {"refused": "refused it", "complained": "the customer complained", "cooling": "cools off"}
_Bars = frozenset[tuple[str, str]]  # rep and code


@dataclass(frozen=True, slots=True)
class BarRule:
    """A lead does not go to who refused it, was complained of, or cools off from it.

    Parameters
    ----------
    bars
        of each lead, in the order of the table: rep's random id and code
    reps
        random ids in the order of the table of reps
    called
        what each of them is called
    """

    bars: tuple[_Bars, ...]
    reps: tuple[str, ...]
    called: tuple[Id, ...]
    excludes = True

    def keys(self, leads: Table, lead_ids: Sequence[Id]) -> Sequence[Hashable]:
        """Return who is barred from each lead, and why."""
        return self.bars

    def allows(self, reps: Table, rep_ids: Sequence[Id]) -> Allows:
        """Return who is not barred."""
        place = {rep: number for number, rep in enumerate(self.reps)}

        def allowed(key: Hashable) -> Bools:
            found = np.ones(len(rep_ids), dtype=np.bool_)
            found[[place[rep] for rep, _ in key]] = False  # type: ignore[attr-defined]
            return found

        return allowed

    def words(self, key: Hashable) -> str:
        """Name the reps, each with the reason."""
        named: Mapping[str, Id] = dict(zip(self.reps, self.called, strict=True))
        told = sorted(f"{named[rep]} ({CODES[code]})" for rep, code in key)  # type: ignore[attr-defined]
        return f"must not go to {', '.join(told)}"


def bars_of(lead: Lead, reps: frozenset[str], at: int) -> _Bars:
    """Return who of some reps is barred from a lead at a moment, and the first reason why."""
    cooling = {rep for rep, until in lead.cooling.items() if until > at}
    found = dict.fromkeys(cooling & reps, "cooling")
    found |= dict.fromkeys(lead.complained_of & reps, "complained")
    found |= dict.fromkeys(lead.refused_by & reps, "refused")
    return frozenset(found.items())
