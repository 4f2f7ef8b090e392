"""How long work tells where it is, and knows when to stop: one frozen record, handed to the caller's function."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from time import perf_counter

from leadopt.errors import InvalidInput

_SELDOM_S = 0.5  # between reports of a stage that goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One report of work under way.

    Parameters
    ----------
    stage
        what is being done, in words: "read", "learn", "limits", "build", "solve", "certify", "spread ties", "done"; a
        solver may tell more of itself after "solve": `Auction` tells "price", "prune" and "core", "price" again and
        again as long as it lasts. `assign` says before a search what it is for and how long it may take: "search for
        the plan, 9 s at most"
    iteration
        how many reports came before
    elapsed_s
        seconds since the work began
    objective, bound
        best answer so far and what no answer can exceed; None while unknown
    """

    stage: str
    iteration: int
    elapsed_s: float
    objective: float | None = None
    bound: float | None = None


OnProgress = Callable[[Progress], None]


class OutOfTime(Exception):
    """The time limit is over; says nothing about the answer."""


class Meter:
    """Counts stages and seconds for one piece of work, tells whoever listens, and knows when time is over."""

    def __init__(
        self, on_progress: OnProgress | None = None, time_limit_s: float | None = None, *, capped: bool = False
    ) -> None:
        if on_progress is not None and not callable(on_progress):
            raise InvalidInput(f"on_progress: must be a function that takes a Progress, or None; found {on_progress!r}")
        self._listener = on_progress
        self._start = self._last = perf_counter()
        self._iteration = 0
        self._limit_s = float("inf") if time_limit_s is None else time_limit_s
        self._capped = capped

    def enter(self, stage: str, objective: float | None = None, bound: float | None = None) -> None:
        """Report that a stage begins."""
        self._last = perf_counter()
        if self._listener is not None:
            elapsed = self._last - self._start
            self._listener(
                Progress(stage=stage, iteration=self._iteration, elapsed_s=elapsed, objective=objective, bound=bound)
            )
        self._iteration += 1

    def still(self, stage: str) -> None:
        """Report that a stage goes on, if the last report was a while ago."""
        if perf_counter() - self._last >= _SELDOM_S:
            self.enter(stage)

    def relay(self, inner: Progress) -> None:
        """Report a stage of a part of this work as a stage of its own."""
        self.enter(inner.stage, inner.objective, inner.bound)

    @property
    def limit_s(self) -> float | None:
        """The time limit in seconds, None where there is none."""
        return self._limit_s if isfinite(self._limit_s) else None

    @property
    def ends_by_itself(self) -> bool:
        """Whether work is to end as it would without a time limit: there is none, or it only caps what takes long.

        Else time that is left may be used to find something better.
        """
        return self._capped or not isfinite(self._limit_s)

    @property
    def left_s(self) -> float:
        """Seconds until the time limit, negative once it is over, inf where there is none."""
        return self._limit_s - (perf_counter() - self._start)

    def check(self, seconds: float = 0.0) -> None:
        """Raise `OutOfTime` unless more than so many seconds are left."""
        if self.left_s <= seconds:
            raise OutOfTime
