"""The time that all searches of one call have together, and what is said where it ends one."""

from math import inf, isfinite
from time import perf_counter

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.matching import Match, Status, solve
from leadopt.problem.presolved.in_leads import in_leads
from leadopt.problem.problem import Problem
from leadopt.problem.together import contraction_of
from leadopt.progress import Meter
from leadopt.solvers import MinCostFlow, Near
from leadopt.solvers.base import checked_time_limit
from leadopt.tables.text import number

LIMIT_S = 10.0  # of a call that names none
SEARCH = "search for"  # how the stage begins that says what is searched for, and for how long
_MOMENT_S = 0.02  # that a search gets where no time is left: for a draft, and bounds by the prices that are known
_LONGER = "time_limit_s=60 (--time-limit 60)"
_NEARLY = 0.85  # of its time: a search that took so much and proved nothing was ended by it, as some is kept for bounds


class Clock:
    """What is left of the time of one call: for its total value, its fair shares, its plan, and why there is none.

    Only searches take time from it: a flow is exact, and as quick as it is.

    Parameters
    ----------
    time_limit_s
        seconds that a search may use to find something better; inf = that for the plan ends by itself; None = the same,
        and after `LIMIT_S` seconds at the latest
    meter
        is told what is searched for, and of every stage

    Attributes
    ----------
    ended
        whether time ended the last search
    gave_up
        whether the last search ended by itself and did not prove its answer the best
    """

    def __init__(self, time_limit_s: float | None = None, meter: Meter | None = None) -> None:
        self.limit_s = LIMIT_S if time_limit_s is None else _checked(time_limit_s)
        self.meter = meter or Meter()
        self.ended = self.gave_up = False
        self._capped = time_limit_s is None
        self._start = perf_counter()

    @property
    def left_s(self) -> float:
        """Seconds that are left, at least a moment; inf where there is no limit."""
        return max(self.limit_s - (perf_counter() - self._start), _MOMENT_S)

    @property
    def is_over(self) -> bool:
        """Whether there is none left."""
        return perf_counter() - self._start >= self.limit_s

    def searching(self, what: str, seconds: float) -> Meter:
        """Say what is searched for, and return the meter of that search."""
        most = f", {number(seconds)} s at most" if isfinite(seconds) else ""
        self.meter.enter(f"{SEARCH} {what}{most}")
        return Meter(self.meter.relay, seconds if isfinite(seconds) else None, capped=True)

    def solve(
        self,
        problem: Problem,
        what: str = "the plan",
        *,
        part: float = 1.0,
        capped: bool = False,
        rng: "int | np.random.Generator" = 0,
        near: Near | None = None,
    ) -> Match:
        """Return what `matching.solve` does, within a part of the time that is left.

        Parameters
        ----------
        what
            is searched for, for who listens
        part
            of the time left
        capped
            whether to end as soon as a search without a limit would, though there may be time to find something better
        """
        self.ended = self.gave_up = False
        smaller = contraction_of(problem)
        if MinCostFlow().refuses(in_leads(problem if smaller is None else smaller.problem)) is None:
            return solve(problem, rng=rng, near=near, on_progress=self.meter.relay)
        if not isfinite(self.limit_s) and not capped:
            self.searching(what, self.limit_s)
            found = solve(problem, rng=rng, near=near, on_progress=self.meter.relay)
            self.gave_up = found.status is Status.FEASIBLE
            return found
        # What is only asked on the way to a plan need not be the best: with inf, it has as long as with None.
        seconds, start = part * (self.left_s if isfinite(self.limit_s) else LIMIT_S), perf_counter()
        self.searching(what, seconds)
        found = solve(
            problem,
            rng=rng,
            near=near,
            time_limit_s=seconds,
            capped=capped or self._capped,
            on_progress=self.meter.relay,
        )
        cut_short = "stopped" in found.stats or perf_counter() - start >= _NEARLY * seconds
        unproven = found.status is Status.FEASIBLE
        self.ended, self.gave_up = unproven and cut_short, unproven and not cut_short
        return found

    def ending(self, found: Match) -> str | None:
        """Return how the last search ended, in words, where it proved nothing; None where there is nothing to say."""
        if self.ended:
            return ended_in_words(self.limit_s, found.gap)
        if not self.gave_up:
            return None
        # In a time of its own, a search of few leads goes on as long as that lasts.
        longer = f"; in a time of its own it may find a better one: {_LONGER}" if self._capped else ""
        return f"the search ended by itself before it proved its plan the best, {_below(found.gap)}{longer}"


def ended_in_words(limit_s: float, gap: float) -> str:
    """Return that time ended a search, how far from the best that may be, and how to find out."""
    return f"the search ended after its {number(limit_s)} s, {_below(gap)}; to find out, {allow_more(limit_s)}"


def _below(gap: float) -> str:
    return f"at most {100.0 * gap:.2g}% below the best"


def allow_more(limit_s: float) -> str:
    """Return how to allow more time than a limit, in words.

    >>> allow_more(10.0)
    'allow more time: time_limit_s=60 (--time-limit 60), inf = no limit'
    """
    more = number(max(1.0, 6.0 * limit_s))
    return f"allow more time: time_limit_s={more} (--time-limit {more}), inf = no limit"


def _checked(time_limit_s: float) -> float:
    try:
        return checked_time_limit(time_limit_s) or inf
    except InvalidInput:
        raise InvalidInput(
            f"time_limit_s: must be a positive number of seconds, inf for no limit, or None for {LIMIT_S:g}; "
            f"found {time_limit_s!r}"
        ) from None
