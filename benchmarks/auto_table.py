"""Which solver is fastest where: the figures that the table in the docstring of `Auto` is written from.

`python -m benchmarks auto_table` prints them; `GRID` holds the sizes of each form.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from benchmarks.harness import Line, agree, fresh, median, timed, verdict
from benchmarks.measure import solver_named

SOLVERS = ("Hungarian", "MinCostFlow", "Auction", "Envelope")
LONG_S = 5.0  # a solver that is bound to take longer is not tried: time grows with the pairs, to the power 1.5
SMALL = 100_000  # pairs
NEAR = 1.5  # how many times the fastest is near enough
NOTHING_S = 0.003  # differences below matter to nobody
GRID: dict[str, tuple[str, dict[str, Any], tuple[tuple[int, int], ...]]] = {
    "one-to-one, dense": (
        "each",
        {"capacity": 1},
        ((10, 10), (30, 30), (100, 100), (300, 300), (1_000, 1_000), (3_000, 3_000)),
    ),
    "one-to-one, many leads": ("each", {"capacity": 1}, ((100, 10), (1_000, 30), (10_000, 100), (100_000, 100))),
    "capacities, dense": (
        "dense",
        {},
        ((10, 3), (30, 5), (100, 5), (300, 10), (1_000, 20), (3_000, 50), (10_000, 100), (50_000, 200)),
    ),
    "capacities, dense, scarce": ("dense", {"slots": 0.7}, ((100, 5), (1_000, 20), (10_000, 100))),
    "capacities, dense, whole gains 0 to 9": ("whole", {"most": 9, "slots": 0.9}, ((100, 5), (1_000, 20), (5_000, 50))),
    "few kinds of leads": ("identical", {}, ((100, 5), (1_000, 20), (10_000, 100), (50_000, 200), (500_000, 200))),
    "factored, own values": (
        "factored",
        {},
        ((100, 5), (300, 10), (1_000, 20), (3_000, 50), (10_000, 100), (100_000, 200), (1_000_000, 200)),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Seconds of every solver on one instance, and which one `Auto` takes."""

    TITLE: ClassVar[str] = "Which solver is fastest where"
    INTRO: ClassVar[str] = (
        "What `Auto` chooses by. A solver bound to take over five seconds, judging by the next smaller instance of\n"
        "the form, is not tried (-). Auto is right if its choice takes at most 1.5 times the fastest, or three\n"
        "milliseconds more."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("form", "leads x reps:", "pairs:", *(f"{name}:" for name in SOLVERS), "fastest", "Auto takes", "right?"),
    )

    form: str
    n: int
    m: int
    seconds: Mapping[str, float]
    auto: str
    refused: Sequence[str] = field(default_factory=tuple)

    @property
    def cells(self) -> tuple[str, ...]:
        fastest = min(self.seconds, key=self.seconds.__getitem__)
        return (
            self.form,
            f"{self.n:,} x {self.m:,}",
            f"{self.n * self.m:,}",
            *(self._cell(name) for name in SOLVERS),
            fastest,
            self.auto,
            verdict(self.right(self.seconds[fastest])),
        )

    def right(self, least: float) -> bool:
        taken = self.seconds.get(self.auto)
        return taken is not None and (taken <= NEAR * least or taken <= least + NOTHING_S)

    def _cell(self, name: str) -> str:
        if name in self.seconds:
            return f"{self.seconds[name]:.4f}"
        return "refuses" if name in self.refused else "-"


def rows() -> Iterator[Line]:
    yield from _rows(10**9)


def quick_rows() -> Iterator[Line]:
    """Yield instances up to a million pairs."""
    yield from _rows(10**6)


def _rows(most: int) -> Iterator[Line]:
    for form, (maker, settings, sizes) in GRID.items():
        smaller: dict[str, tuple[int, float]] = {}
        tried = list(SOLVERS)
        for n, m in (size for size in sizes if size[0] * size[1] <= most):
            tried = [name for name in tried if _expected(n * m, *smaller.get(name, (1, 0.0))) <= LONG_S]
            run = fresh("auto_table", "seconds", maker=maker, settings={"n": n, "m": m, **settings}, solvers=tried)
            if not run["seconds"]:  # every solver is bound to take too long, here and at all larger sizes
                break
            yield BreakEven(form=form, n=n, m=m, **run)
            smaller |= {name: (n * m, took) for name, took in run["seconds"].items()}


def _expected(pairs: int, smaller: int, took: float) -> float:
    return float(took * (pairs / smaller) ** 1.5)


def seconds(maker: str, settings: Mapping[str, Any], solvers: Sequence[str]) -> dict[str, Any]:
    """Return what each solver takes in one process, after a first run that also loads what it needs."""
    import warnings

    import leadopt
    from benchmarks.matrices import MAKERS

    warnings.simplefilter("ignore")
    instance = MAKERS[maker](**settings)
    problem = leadopt.Problem(affinity=instance.affinity(), capacity=instance.capacity)
    found: dict[str, float] = {}
    objectives: list[float] = []
    refused = [name for name in solvers if solver_named(name).refuses(problem)]
    for name in solvers:
        if name not in refused:
            solver = solver_named(name)

            def work(solver: Any = solver) -> Any:
                return leadopt.match(instance.affinity(), instance.capacity, solver=solver)

            took, match = timed(work)
            if took <= LONG_S or problem.n_leads * problem.n_reps <= SMALL:  # the first loads libraries
                took = median(timed(work)[0] for _ in range(9 if took < 0.05 else 3))
            found[name] = took
            objectives.append(match.objective)
            agree(match.objective, objectives[0], f"{name} on {maker} {settings}")
            assert match.status is leadopt.Status.OPTIMAL
    return {"seconds": found, "refused": refused, "auto": leadopt.Auto().choose(problem).name}
