"""`match` on small and one-to-one problems beside the fastest of the others: all in one process, taken in turns.

A morning's batch, every what-if and every point of a frontier is a match like these: milliseconds, of which a peer
spends none on checking what it is given, on prices, on a proof or on sharing out ties.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar

from benchmarks.harness import Line, agree, fresh, verdict

NAMES = ("POT", "OR-Tools", "SciPy", "lapx")
AT_LEAST, WANTED = 0.5, 1.0
TURNS, LONG_S = 200, 1.0  # at most, of each; and how long all turns of one take at most
SLOW_S = 0.5  # a peer that takes longer at first has no further turn
CALL = "checks, certificate and prices are a fixed part of the call"
TIES = "ties are shared out by lot, which peers do not"
RANK = "all leads want the same reps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An instance: its maker in `instance`, and why a peer may be faster, said only where one is."""

    name: str
    kind: str
    n: int
    m: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    goal_ms: float | None = None
    why: str = ""


def _one_to_one(name: str, kind: str, n: int, m: int, slots: int = 1, why: str = "") -> Case:
    return Case(name=f"one-to-one {name}", kind=kind, n=n, m=m, settings={"slots": slots}, why=why)


CASES = (
    Case(name="10 x 3", kind="uniform", n=10, m=3, goal_ms=0.3, why=CALL),
    Case(name="100 x 10", kind="uniform", n=100, m=10, goal_ms=0.5, why=CALL),
    *(
        Case(name=f"{n:,} x {m}", kind="uniform", n=n, m=m)
        for n, m in ((300, 20), (1_000, 10), (1_000, 50), (3_000, 50))
    ),
    *(Case(name=f"{n:,} x {m}, whole", kind="whole", n=n, m=m, why=TIES) for n, m in ((100, 10), (1_000, 50))),
    *(
        Case(name=f"{n:,} x {m}, rank {rank}", kind="rank", n=n, m=m, settings={"rank": rank}, why=RANK)
        for n, m, rank in ((300, 20, 1), (1_000, 10, 1), (1_000, 50, 1), (1_000, 50, 3))
    ),
    _one_to_one("100 x 100", "uniform", 100, 100, why=CALL),
    _one_to_one("600 x 600", "uniform", 600, 600),
    _one_to_one("1,000 x 400, 2 slots each", "uniform", 1_000, 400, 2),
    _one_to_one("1,000 x 1,000, whole", "whole", 1_000, 1_000, why=TIES),
    _one_to_one("1,000 x 1,000, 1% eligible", "sparse", 1_000, 1_000),
    Case(name="one-to-one 600 x 600, rank 3", kind="rank", n=600, m=600, settings={"slots": 1, "rank": 3}, why=RANK),
    Case(name="one-to-one 600 x 600, rank 1", kind="rank", n=600, m=600, settings={"slots": 1, "rank": 1}, why=RANK),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """Milliseconds of a match, and of each peer; inf where it was too slow."""

    TITLE: ClassVar[str] = "Small and one-to-one problems"
    INTRO: ClassVar[str] = (
        "Least milliseconds of many turns, all solvers in one process: `match` from arrays to a certified `Match`\n"
        "with ties shared out, beside the fastest of POT, OR-Tools, SciPy and lapx, called as in\n"
        "`benchmarks/peers.py`; a peer that takes half a second at first has no further turn. Gains are uniform,\n"
        "whole from 0 to 9, or sums of a few products (rank); slots are a tenth more than leads, unless one-to-one.\n"
        "The ratio is the time of the fastest peer by ours: above 1, ours is the faster. Goals: at least .5; .3 ms\n"
        "for 10 x 3 and .5 ms for 100 x 10. Objectives are equal, or the run fails."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("instance", "solver", "leadopt ms:", "best peer", "its ms:", "ratio:", "met?", "why not 1"),
    )

    case: Case
    solver: str
    seconds: float
    peers: Mapping[str, float]

    @property
    def cells(self) -> tuple[str, ...]:
        peer = min(self.peers, key=lambda name: self.peers[name])
        ratio = self.peers[peer] / self.seconds
        in_time = self.case.goal_ms is None or 1e3 * self.seconds <= self.case.goal_ms
        return (
            self.case.name,
            self.solver,
            f"{1e3 * self.seconds:.3f}",
            peer,
            f"{1e3 * self.peers[peer]:.3f}",
            f"{ratio:.2f}",
            verdict(in_time and ratio >= AT_LEAST),
            self.case.why if ratio < WANTED else "",
        )


def rows() -> Iterator[Line]:
    """Yield every case."""
    yield from _rows(CASES, TURNS)


def quick_rows() -> Iterator[Line]:
    """Yield those of 10,000 pairs or fewer, in few turns."""
    yield from _rows([case for case in CASES if case.n * case.m <= 10_000], 20)


def _rows(cases: Sequence[Case], turns: int) -> Iterator[Line]:
    measured = fresh("small_problems", "measured", names=[case.name for case in cases], turns=turns)
    for case, found in zip(cases, measured, strict=True):
        yield Small(case=case, **found)


def measured(names: Sequence[str], turns: int) -> list[dict[str, Any]]:
    """Return what each case takes, by its name."""
    by_name = {case.name: case for case in CASES}
    return [beside(by_name[name], turns) for name in names]


def instance(case: Case) -> tuple[Any, Any]:
    """Return gains, -inf where ineligible, and slots."""
    import numpy as np

    rng = np.random.default_rng([case.n, case.m])
    shape = case.n, case.m
    if case.kind == "whole":
        gains = rng.integers(0, 10, shape).astype(float)
    elif case.kind == "rank":
        rank = case.settings["rank"]
        gains = rng.random((case.n, rank)) @ rng.random((rank, case.m))
    else:
        gains = rng.random(shape)
    if case.kind == "sparse":
        gains[rng.random(shape) > 0.01] = -np.inf
    return gains, np.full(case.m, case.settings.get("slots", -(-11 * case.n // (10 * case.m))))


def beside(case: Case, turns: int) -> dict[str, Any]:
    """Return the least seconds of a match and of each peer, taken in turns; their objectives are equal."""
    import numpy as np

    import leadopt
    from benchmarks.peers import solve

    gains, slots = instance(case)
    known = np.where(np.isfinite(gains), gains, 0.0)
    least, found = _least({}, "leadopt", lambda: leadopt.match(gains, slots))
    assert found.status is leadopt.Status.OPTIMAL, f"{case.name}: {found.status.name}"
    for name in NAMES:
        if name in ("SciPy", "lapx") and case.n * int(slots.sum()) > 2_000_000:
            continue  # a column per slot: seconds
        least, rep = _least(least, name, lambda name=name: solve(name, known, slots))  # type: ignore[misc]
        worth = float(known[np.arange(case.n), np.maximum(rep, 0)][rep >= 0].sum())
        agree(found.objective, worth, f"{case.name} beside {name}")
    least = {name: seconds for name, seconds in least.items() if name == "leadopt" or seconds <= SLOW_S}
    spent = dict.fromkeys(least, 0.0)
    for _ in range(turns):
        for name in [name for name in least if spent[name] < LONG_S]:
            before = perf_counter()
            if name == "leadopt":
                leadopt.match(gains, slots)
            else:
                solve(name, known, slots)
            seconds = perf_counter() - before
            spent[name] += seconds
            least[name] = min(least[name], seconds)
    return {"solver": found.solver, "seconds": least.pop("leadopt"), "peers": least}


def _least(least: Mapping[str, float], name: str, work: Any) -> tuple[dict[str, float], Any]:
    """Return the seconds of a second call, as the first one loads libraries, and what it returns."""
    work()
    before = perf_counter()
    result = work()
    return {**least, name: perf_counter() - before}, result
