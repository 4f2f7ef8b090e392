"""How long work tells where it is: one frozen record, handed to the caller's function."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One report of work under way.

    Parameters
    ----------
    stage
        what is being done, in words: "read", "learn", "limits", "build", "solve", "certify", "spread ties", "done"
    iteration
        how many stages are behind
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


class Meter:
    """Counts stages and seconds for one piece of work and passes them on, if anybody listens."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._listener = on_progress
        self._start = perf_counter()
        self._iteration = 0

    def enter(self, stage: str, objective: float | None = None, bound: float | None = None) -> None:
        """Report that a stage begins."""
        if self._listener is not None:
            elapsed = perf_counter() - self._start
            self._listener(
                Progress(stage=stage, iteration=self._iteration, elapsed_s=elapsed, objective=objective, bound=bound)
            )
        self._iteration += 1

    def relay(self, inner: Progress) -> None:
        """Report a stage of a part of this work as a stage of its own."""
        self.enter(inner.stage, inner.objective, inner.bound)
