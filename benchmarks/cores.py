"""What our network simplex saves whole matches beside OR-Tools, which cores and ties would be solved by without it."""

from collections.abc import Iterator
from typing import Any

from benchmarks.harness import Line, Ratio, agree, fresh

CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("random", "uniform", {}),
    ("dense", "dense", {}),
    ("tight", "dense", {"slots": 1.0}),
    ("scarce", "dense", {"slots": 0.7}),
    ("ties: whole gains 0 to 9", "whole", {"most": 9}),
    ("scarce ties", "whole", {"most": 9, "slots": 0.7}),
    ("tenths: whole gains 0 to 10", "whole", {"most": 10}),
    ("binary", "whole", {"most": 1}),
    ("rank one", "rank_one", {}),
    ("factored", "factored", {}),
    ("factored ties", "tied_kinds", {}),
)
SIZES = ((10_000, 100), (50_000, 200))
REPEATS = 5
LONG_S = 3.0  # what takes longer is run twice


def beside(kind: str, **settings: Any) -> dict[str, float | str]:
    """Return the least seconds of the processor that a match takes, with the simplex and without, taken in turns.

    Seconds of the processor and the least of them, as other work on the machine changes these little.
    """
    import warnings
    from functools import partial
    from time import process_time

    import leadopt
    from benchmarks.matrices import MAKERS
    from leadopt.solvers import auction, envelope
    from leadopt.solvers.capacities import finish

    warnings.simplefilter("ignore")
    instance = MAKERS[kind](**settings)
    ways = {"simplex": finish.finish, "flow": partial(_without, finish.finish)}
    least, found = dict.fromkeys(ways, float("inf")), {}
    for turn in range(REPEATS + 1):
        for name, way in ways.items():
            auction.finish = envelope.finish = way  # type: ignore[attr-defined, assignment]
            start = process_time()
            found[name] = leadopt.match(instance.affinity(), instance.capacity)
            seconds = process_time() - start
            if turn:  # the first loads libraries
                least[name] = min(least[name], seconds)
        if turn and sum(least.values()) > LONG_S:
            break
    for one in found.values():
        assert one.status is leadopt.Status.OPTIMAL
    agree(found["simplex"].objective, found["flow"].objective, f"{kind} {settings} with and without the simplex")
    return {**least, "solver": found["simplex"].solver}


def _without(finish: Any, *args: Any, compiled: bool, **more: Any) -> Any:
    return finish(*args, **more, compiled=False)


def rows() -> Iterator[Line]:
    for n, m in SIZES:
        yield from _rows(n, m)


def quick_rows() -> Iterator[Line]:
    yield from _rows(*SIZES[0])


def _rows(n: int, m: int) -> Iterator[Line]:
    for name, kind, settings in CASES:
        run = fresh("cores", "beside", kind=kind, n=n, m=m, **settings)
        yield Ratio(
            instance=f"{name}, {n:,} x {m}",
            solver=f"{run['solver']}, cores by network simplex",
            seconds=run["simplex"],
            beside="cores by OR-Tools",
            its_seconds=run["flow"],
        )
