"""What leads promised, and what came of it: whether the chances that they were given out by still hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadopt.desk.figures.acts import among
from leadopt.desk.figures.facts import Facts
from leadopt.desk.figures.figure import Figure
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.waits import arrived
from leadopt.learning.rates.estimate import events_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """Leads that came in a period and what they promised: each the chance that it had as its last owner got it.

    They are told by when they came and not by when they ended: wins and losses take different times, so that of the
    leads that have ended at a young desk too many are of the kind that ends sooner. Leads that ended otherwise, such as
    spam, or are parked, and those whose last owner got them without a chance, are left out.

    Parameters
    ----------
    n, still_open
        how many leads there are, and how many of them are open
    won
        how many were won
    promised, open_promised
        the sum of the chances: of all of them, and of those that are open
    """

    n: int
    still_open: int
    won: int
    promised: float
    open_promised: float

    def too_early(self, level: float) -> bool:
        """Return whether too little is known to find that nothing drifts.

        More than half of what was promised may still come, or so little was promised that no win at all would be no
        surprise.
        """
        return self.open_promised > self.promised / 2.0 or events_over(0, self.promised, level).high >= 1.0

    def figure(self, level: float) -> Figure:
        """Return the wins for each that was promised, were the open leads to bring what they promised.

        Its interval begins where no open lead is won and ends where all of them are.
        """
        low, high = (events_over(wins, self.promised, level) for wins in (self.won, self.won + self.still_open))
        value = (self.won + self.open_promised) / self.promised if self.promised > 0.0 else float("nan")
        return _figure(value, low.low, high.high, self.n)


def promises(facts: Facts, period: Period) -> Promises | str:
    """Return what the leads that came in a period promised, or why that is not known."""
    chance = facts.owned.chance
    if chance is None:
        return facts.why_missing("chance")
    owned, leads = facts.owned, facts.leads
    last = np.zeros(len(leads.received), dtype=np.int64)
    np.maximum.at(last, owned.lead, owned.number)
    is_open = np.isnan(leads.ended)[owned.lead]
    settled = among(owned.exit, ("won", "lost")) & ~is_open
    mine = arrived(facts, period)[owned.lead] & (owned.number == last[owned.lead]) & ~np.isnan(chance)
    mine &= is_open | settled
    return Promises(
        n=int(mine.sum()),
        still_open=int((mine & is_open).sum()),
        won=int((mine & settled & owned.won).sum()),
        promised=float(chance[mine].sum()),
        open_promised=float(chance[mine & is_open].sum()),
    )


def won_to_expected(facts: Facts, period: Period, level: float) -> Figure:
    """Return the wins of leads that came in a period, for each that they promised: see `Promises.figure`."""
    found = promises(facts, period)
    return _figure(note=found) if isinstance(found, str) else found.figure(level)


def _figure(
    value: float = float("nan"), low: float = float("nan"), high: float = float("nan"), n: int = 0, note: str = ""
) -> Figure:
    label = "wins, for each that was promised"
    return Figure(name="won_to_expected", label=label, unit="", value=value, low=low, high=high, n=n, note=note)
