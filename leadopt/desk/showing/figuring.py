"""The figures of a desk, as its methods."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from leadopt.desk.figures.before_after import BeforeAfter, Told, before_after
from leadopt.desk.figures.facts import Facts
from leadopt.desk.figures.figure import LEVEL
from leadopt.desk.figures.metrics import Metrics, metrics
from leadopt.desk.figures.of_book import facts_of_book
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.reports import Report, monthly, weekly
from leadopt.desk.work.core import Core
from leadopt.errors import InvalidInput

Days = Period | tuple[Any, Any]
"""A period: `Period`, or its first and last day in the time of the desk."""


class Figuring:
    """What a desk tells of a period. All figures of one call are of one moment, whatever others write."""

    _core: Core

    def facts(self, *, mix: Sequence[str] | str | None = None, source: str = "source") -> Facts:
        """Return all that figures are computed from, as of now; see `leadopt.desk.figures`.

        Parameters
        ----------
        mix
            columns that say what a lead is like, by which two periods are made alike; None = none
        source
            column that says where a lead came from
        """
        with self._core.read() as snapshot:
            names = snapshot.names
            found = facts_of_book(snapshot.book, snapshot.now, name_of=names.called, mix=mix, source=source)
            return found if self._core.like is None else replace(found, like=self._core.like)

    def metrics(self, period: Days, *, level: float = LEVEL) -> Metrics:
        """Return the figures of a period: response, conversion by week, use, turnover, evenness; of all and by rep."""
        facts = self.facts()
        return metrics(facts, _period(period, facts, "period"), level=level)

    def weekly(self, period: Days | None = None) -> Report:
        """Return the report of a week; None = the last one from Monday to Sunday that is over."""
        facts = self.facts()
        return weekly(facts, None if period is None else _period(period, facts, "period"))

    def monthly(self, period: Days | None = None) -> Report:
        """Return the report of a month; None = the last calendar month that is over."""
        facts = self.facts()
        return monthly(facts, None if period is None else _period(period, facts, "period"))

    def before_after(
        self,
        before: Days,
        after: Days,
        *,
        earlier: Facts | None = None,
        mix: Sequence[str] | str | None = None,
        trial: Told | None = None,
        level: float = LEVEL,
    ) -> BeforeAfter:
        """Return two periods of whole weeks beside each other; see `leadopt.desk.figures.before_after`.

        Parameters
        ----------
        before, after
            the periods
        earlier
            the facts of a CRM's history (`facts_of_history`), where the time before is from before the desk
        mix
            columns that say what a lead is like, by which leads before are made as those after
        trial
            the result of a trial with a random group
        level
            of the intervals
        """
        facts = self.facts(mix=mix)
        periods = (_period(one, facts, name) for one, name in ((before, "before"), (after, "after")))
        return before_after(facts, *periods, earlier=earlier, trial=trial, level=level)


def _period(days: Any, facts: Facts, name: str) -> Period:
    if isinstance(days, Period):
        return days
    if not (isinstance(days, tuple | list) and len(days) == 2):
        raise InvalidInput(f"{name}: must be a Period, or its first and last day; found {days!r}")
    return Period(first=days[0], last=days[1], zone=facts.zone)
