"""What our network simplex saves whole matches beside OR-Tools: in cores, in ties that are shared out, and in both."""

from collections.abc import Iterator
from functools import partial
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
)
SIZES = ((10_000, 100), (50_000, 200))
REPEATS = 4
LONG_S = 6.0  # all ways together; what takes longer is run twice
WAYS = {"cores": (False, True), "ties": (True, False), "cores and ties": (False, False)}  # by the simplex: cores, ties


def beside(kind: str, **settings: Any) -> dict[str, Any]:
    """Return the least seconds of the processor that a match takes by each way, in turns, and by the simplex alone.

    Seconds of the processor, and the least of them, as other work on the machine changes these little.
    """
    import warnings
    from time import process_time

    import leadopt
    from benchmarks.matrices import MAKERS

    warnings.simplefilter("ignore")
    instance = MAKERS[kind](**settings)
    solver = leadopt.solvers.Auction() if instance.row is None else leadopt.solvers.Envelope()
    ways = {"simplex": (True, True), **WAYS}
    least: dict[str, Any] = dict.fromkeys(ways, float("inf"))
    for turn in range(REPEATS):
        objectives = []
        for name, way in ways.items():
            _by(*way)
            start = process_time()
            found = leadopt.match(instance.affinity(), instance.capacity, solver=solver)
            seconds = process_time() - start
            assert found.status is leadopt.Status.OPTIMAL
            agree(found.objective, objectives[0] if objectives else found.objective, f"{kind} {settings}, {name}")
            objectives.append(found.objective)
            if turn:  # the first loads libraries
                least[name] = min(least[name], seconds)
        if turn and sum(least.values()) > LONG_S:
            break
    return {**least, "solver": found.solver}


def _by(cores: bool, ties: bool) -> None:
    """Let matches from now on solve cores and share out ties by the simplex, or by OR-Tools."""
    from leadopt.solvers.capacities import finish
    from leadopt.solvers.optimal import ties as sharing

    modules: list[tuple[Any, bool]] = [(finish, cores), (sharing, ties)]
    for module, simplex in modules:
        module.compiled = partial(bool, simplex)


def rows() -> Iterator[Line]:
    for n, m in SIZES:
        yield from _rows(n, m)


def quick_rows() -> Iterator[Line]:
    yield from _rows(1_000, 20)


def _rows(n: int, m: int) -> Iterator[Line]:
    for name, kind, settings in CASES:
        run = fresh("cores", "beside", kind=kind, n=n, m=m, **settings)
        for way in WAYS:
            yield Ratio(
                instance=f"{name}, {n:,} x {m}",
                solver=f"{run['solver']}, network simplex",
                seconds=run["simplex"],
                beside=f"{way} by OR-Tools",
                its_seconds=run[way],
            )
