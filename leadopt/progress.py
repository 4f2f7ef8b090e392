"""How long work tells where it is, and knows when to stop: one frozen record, handed to the caller's function.

Long calls into compiled code hear neither Ctrl-C nor a listener. They run `apart`: in a thread of their own, while the
one that called waits and hears both.
"""

import atexit
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from math import isfinite
from time import perf_counter
from typing import TypeVar

from leadopt.errors import InvalidInput

T = TypeVar("T")

LATE_S = 0.05
"""Seconds by which backends may be late: they look at the clock seldom, and some steps not at all."""
# Part of a time limit, and seconds, by which an answer may be late together where there is none in time, and at most.
_LATE, _GRACE_S, _LATEST_S = 0.1, 0.1, 1.0
_SELDOM_S = 0.5  # between reports of a stage that goes on
_HEARD_S = 0.1  # between looks at what goes on beside a call that runs apart
_LET_END_S = 5.0  # that a process waits at its end for calls that were left: most end within one
_APART = "leadopt: a call that is waited for"  # name of its thread


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
        self._stage = ""
        self._limit_s = float("inf") if time_limit_s is None else time_limit_s
        self._capped = capped

    def enter(self, stage: str, objective: float | None = None, bound: float | None = None) -> None:
        """Report that a stage begins."""
        self._last, self._stage = perf_counter(), stage
        if self._listener is not None:
            elapsed = self._last - self._start
            self._listener(
                Progress(stage=stage, iteration=self._iteration, elapsed_s=elapsed, objective=objective, bound=bound)
            )
        self._iteration += 1

    def still(self, stage: str | None = None) -> None:
        """Report that a stage goes on, None = the last one that was reported, if that was a while ago."""
        if perf_counter() - self._last >= _SELDOM_S:
            self.enter(self._stage if stage is None else stage)

    @property
    def relay(self) -> OnProgress | None:
        """What reports a stage of a part of this work as a stage of its own; None where nobody listens."""
        return None if self._listener is None else lambda inner: self.enter(inner.stage, inner.objective, inner.bound)

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
        return self._limit_s - self.spent_s

    @property
    def spent_s(self) -> float:
        """Seconds since the work began."""
        return perf_counter() - self._start

    def has_spent(self, part: float) -> bool:
        """Return whether such a part of the time limit is over; never where there is none."""
        return self.spent_s >= part * self._limit_s

    @property
    def grace_s(self) -> float:
        """Seconds after the time limit that are left for an answer, if there is none; 0 once they are over."""
        most = min(_LATE * self._limit_s + _GRACE_S, _LATEST_S)
        return max(min(self.left_s + most, most), 0.0)

    def keeping(self, seconds: float) -> "Meter":
        """Return the meter of a part of this work that leaves so many seconds, if time is limited, for the rest."""
        limit_s = self.left_s - seconds if isfinite(self._limit_s) else None
        return Meter(self.relay, limit_s, capped=self._capped)

    def check(self, seconds: float = 0.0) -> None:
        """Raise `OutOfTime` unless more than so many seconds are left."""
        if self.left_s <= seconds:
            raise OutOfTime


_waiting: ContextVar[Callable[[], None] | None] = ContextVar("leadopt_waiting", default=None)


@contextmanager
def telling(meter: Meter) -> Iterator[None]:
    """Let a meter tell that its stage goes on while calls within are waited for, or say so, however deep they are."""
    token = _waiting.set(meter.still)
    try:
        yield
    finally:
        _waiting.reset(token)


def going_on() -> None:
    """Tell that the stage of whoever is `telling` goes on, from work that is deep below it and may be long."""
    if (told := _waiting.get()) is not None:
        told()


def apart(work: Callable[[], T], stop: Callable[[], object] | None = None, left_s: float = float("inf")) -> T:
    """Return what some long work returns, done in a thread of its own: the caller's hears Ctrl-C, and tells progress.

    Parameters
    ----------
    work
        a call that lets go of the interpreter's lock, as compiled solvers do
    stop
        tells it to end soon, where it can be told. Who cannot goes on unheard to its end, and does no harm but take
        time of a core
    left_s
        seconds after which nobody waits for it any more: for work that keeps a time limit, but not always

    Raises
    ------
    OutOfTime
        it has not come to an end by then

    Notes
    -----
    Takes about a tenth of a millisecond. What `work` raises is raised here.

    Examples
    --------
    >>> apart(lambda: sum(range(10)))
    45
    """
    found: list[T] = []
    failed: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    until = perf_counter() + left_s
    try:
        threading.Thread(target=run, name=_APART, daemon=True).start()
        while not ended.wait(min(_HEARD_S, max(until - perf_counter(), 0.0))):
            going_on()
            if perf_counter() >= until and not ended.is_set():
                raise OutOfTime
    except BaseException:
        if stop is not None:
            stop()
        atexit.register(_let_end)
        raise
    if failed:
        raise failed[0]
    return found[0]


_come: set[str] = set()  # modules that were waited for
_coming = threading.Lock()  # one at a time: who imports beside another may be given what is half there


def loaded(module: str, left_s: float = float("inf")) -> None:
    """Import a compiled library's module apart, before who needs it imports from it: some tenths of a second, once.

    Ctrl-C in the middle of such an import would break it for good, as compiled modules cannot be begun anew. Apart, it
    goes on to its end, and only the caller hears.

    Raises
    ------
    OutOfTime
        it has not come in `left_s` seconds
    """
    if module not in _come:  # one that is still on its way is among sys.modules, too
        apart(partial(_come_in_turn, module), left_s=left_s)
        _come.add(module)


def _come_in_turn(module: str) -> None:
    with _coming:
        import_module(module)


def is_left_running() -> bool:
    """Return whether a call runs apart that nobody waits for any more."""
    return bool(_left_running())


def _left_running() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == _APART]


def _let_end() -> None:
    """Wait for calls that nobody waits for: what comes back to an interpreter that is gone would abort the process."""
    until = perf_counter() + _LET_END_S
    for thread in _left_running():
        thread.join(max(until - perf_counter(), 0.0))
