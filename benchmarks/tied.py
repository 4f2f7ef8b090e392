"""Ties and structure: instances on which solvers stumble, beside the best peer and beside uniform gains of their size.

Ties are usual, as segments are few and rates are rounded: exact ones, near ones, and gains of little structure else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks.harness import Line, verdict
from benchmarks.measure import OURS, measured

PEER_GOAL, UNIFORM_GOAL = 2.0, 20.0
FLOWS = ("OR-Tools", "POT")
DENSE, LARGE = {"n": 10_000, "m": 100}, {"n": 100_000, "m": 200}
SQUARE = {"n": 1_500, "m": 1_500, "capacity": 1}
SIZE_OF_QUICK = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """What `match` takes on one instance, by the best peer and by uniform gains; a row says what it could not do."""

    TITLE: ClassVar[str] = "Ties and structure"
    INTRO: ClassVar[str] = (
        "`match` as it comes on gains that tie, exactly or nearly, or that have another structure than chance: beside\n"
        "the fastest peer, at most twice its time is the goal, and beside uniform gains of the same size with slots\n"
        "for 1.1 as many leads, at most 20 times. Every answer is certified, and its objective equals that of each\n"
        "peer that ended; POT is not tried at 100,000 x 200. Seconds are wall time, of a process each."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("instance", "solver", "seconds:", "best peer", "its seconds:", "by the peer:", "uniform, seconds:"),
        *("by uniform:", "met?"),
    )

    instance: str
    solver: str
    seconds: float | None
    peer: str
    its_seconds: float | None
    uniform: float | None

    @property
    def ratios(self) -> tuple[float | None, float | None]:
        """Return the seconds by those of the best peer, and by those of uniform gains."""
        by_peer, by_uniform = (
            self.seconds / other if self.seconds and other else None for other in (self.its_seconds, self.uniform)
        )
        return by_peer, by_uniform

    @property
    def is_met(self) -> bool:
        """Whether the instance ended, and takes no longer than the goals say."""
        limits = zip(self.ratios, (PEER_GOAL, UNIFORM_GOAL), strict=True)
        return self.seconds is not None and all(ratio is None or ratio <= most for ratio, most in limits)

    @property
    def cells(self) -> tuple[str, ...]:
        def told(value: float | None, form: str) -> str:
            return "" if value is None else format(value, form)

        by_peer, by_uniform = self.ratios
        return (
            *(self.instance, self.solver, "too slow" if self.seconds is None else told(self.seconds, ".3f")),
            *(self.peer, told(self.its_seconds, ".3f"), told(by_peer, ".2f"), told(self.uniform, ".3f")),
            *(told(by_uniform, ".1f"), verdict(self.is_met)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An instance, who else solves it, and the uniform one of its size (None = it is compared with none)."""

    name: str
    maker: str
    settings: Mapping[str, Any]
    peers: Sequence[str] = FLOWS
    like: tuple[str, Mapping[str, Any]] | None = None


def _dense(name: str, maker: str, **settings: Any) -> Case:
    return Case(name=f"{name}, 10,000 x 100", maker=maker, settings={**DENSE, **settings}, like=("uniform", DENSE))


def _large(name: str, maker: str, **settings: Any) -> Case:
    return Case(
        name=f"{name}, 100,000 x 200",
        maker=maker,
        settings={**LARGE, **settings},
        like=("uniform", LARGE),
        peers=("OR-Tools",),
    )


def _one_to_one(name: str, maker: str) -> Case:
    settings = {"n": SQUARE["n"]}
    return Case(
        name=f"{name}, one to one, 1,500 x 1,500",
        maker=maker,
        settings=settings,
        peers=("SciPy", "lapx", "POT"),
        like=("each", SQUARE),
    )


CASES = (
    _dense("whole gains 0 to 9, scarce", "whole", most=9, slots=0.9),
    _dense("ones and noughts, scarce", "whole", most=1, slots=0.7),
    _dense("two decimals", "rounded", decimals=2),
    _dense("reps alike to 1e-6, scarce", "near_ties", slots=0.9),
    _dense("rank one", "rank_one"),
    _dense("97% ineligible", "ineligible"),
    _dense("ten blocks", "diagonal"),
    _one_to_one("squared distances on a line", "line"),
    _one_to_one("Machol and Wien", "machol_wien"),
    Case(name="one lead, 10,000 reps", maker="each", settings={"n": 1, "m": 10_000, "capacity": 1},
         peers=("SciPy", *FLOWS)),
    Case(name="two leads, 100,000 reps", maker="each", settings={"n": 2, "m": 100_000, "capacity": 1},
         peers=("SciPy", *FLOWS)),
    _large("whole gains 0 to 9", "whole", most=9),
    _large("whole gains 0 to 9, scarce", "whole", most=9, slots=0.9),
    _large("ones and noughts, scarce", "whole", most=1, slots=0.7),
    _large("reps alike to 1e-6, scarce", "near_ties", slots=0.9),
    _large("97% ineligible", "ineligible"),
)  # fmt: skip


def rows() -> Iterator[Line]:
    yield from _rows(lambda case: True)


def quick_rows() -> Iterator[Line]:
    """Yield the instances up to a million pairs, which are measured in a minute."""
    yield from _rows(lambda case: case.settings["n"] * case.settings.get("m", case.settings["n"]) <= SIZE_OF_QUICK)


def _rows(wanted: Callable[[Case], bool]) -> Iterator[Line]:
    for case in CASES:
        if not wanted(case):
            continue
        results = measured(case.maker, case.settings, ["Auto", *case.peers])
        ended = {name: found["seconds"] for name, found in results.items() if name not in OURS and "seconds" in found}
        best = min(ended, key=lambda name: ended[name], default="none ended")
        uniform = measured(case.like[0], case.like[1], ["Auto"])["Auto"] if case.like else {}
        yield Tied(
            instance=case.name,
            solver=results["Auto"].get("solver", "Auto"),
            seconds=results["Auto"].get("seconds"),
            peer=best,
            its_seconds=ended.get(best),
            uniform=uniform.get("seconds"),
        )
