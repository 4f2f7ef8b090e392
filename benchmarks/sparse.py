"""Eligible pairs alone: territories and skills leave each lead few reps.

What is asserted: the match is certified OPTIMAL, and its objective is that of each peer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, agree, fresh, peak_mb, timed, verdict

RUNS = 5
KINDS = ("real", "whole", "deals")


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseLine:
    """Ours beside a peer on the same pairs: `ratio` is its time by ours, least of some runs in turn."""

    TITLE: ClassVar[str] = "Eligible pairs alone"
    INTRO: ClassVar[str] = (
        "`match` on a `scipy.sparse` matrix, with validation, certificate and ties shared out, beside peers that are\n"
        "called directly with the same pairs, in turn in one process: the least of five times each. Real gains are\n"
        "uniform, whole ones from 1 to 9, those of deals a log-normal value by a uniform chance; memory is what a\n"
        "process holds at most beyond what it held before (libraries loaded, a small instance solved), the pairs\n"
        "included. A goal is a ratio of 1 at least, and 200 MB at most."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("instance", "gains", "pairs:", "seconds:", "MB:", "beside", "its seconds:", "its MB:", "ratio:", "met?"),
    )

    instance: str
    gains: str
    pairs: int
    seconds: float
    mb: float
    beside: str
    its_seconds: float
    its_mb: float

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = self.its_seconds / self.seconds
        return (
            self.instance,
            self.gains,
            f"{self.pairs:,}",
            f"{self.seconds:.4f}",
            f"{self.mb:.0f}",
            self.beside,
            f"{self.its_seconds:.4f}",
            f"{self.its_mb:.0f}",
            f"{ratio:.2f}",
            verdict(ratio >= 1.0 and self.mb <= 200.0),
        )


def instance(n: int, m: int, share: float, gains: str = "real", tight: float = 1.0, seed: int = 0) -> tuple[Any, Any]:
    """Return gains of so large a share of all pairs, as CSR, and capacities: `tight` times as many slots as leads."""
    from scipy.sparse import csr_array

    rng = np.random.default_rng(seed)
    lead, rep = np.divmod(np.unique(rng.integers(0, n * m, round(n * m * share))), m)
    gain = {
        "real": lambda: rng.random(len(lead)),
        "whole": lambda: rng.integers(1, 10, len(lead)).astype(float),
        "deals": lambda: np.exp(1.5 * rng.normal(size=n))[lead] * rng.random(len(lead)),
    }[gains]()
    capacity = np.full(m, max(1, round(np.ceil(tight * n / m))), dtype=np.int64)
    return csr_array((gain, (lead, rep)), shape=(n, m)), capacity


def ours(gains: Any, capacity: Any) -> Any:
    import leadopt

    found = leadopt.match(gains, capacity)
    if found.status is not leadopt.Status.OPTIMAL:
        raise AssertionError(f"{found.status.name}, gap {found.gap:g}")
    return found.rep_of_lead


def ortools(gains: Any, capacity: Any) -> Any:
    """`SimpleMinCostFlow` on the eligible arcs, as in `peers.ortools`."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    n, m = gains.shape
    pool, sink = n + m, n + m + 1
    scale = 2.0**59 / (n + m + 2) / max(float(gains.data.max(initial=0.0)), 1e-300)
    lead = np.repeat(np.arange(n, dtype=np.int32), np.diff(gains.indptr))
    cost = np.rint(gains.data * -scale).astype(np.int64)
    solver = SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        lead, gains.indices.astype(np.int32) + np.int32(n), np.ones(len(lead), dtype=np.int64), cost
    )
    leads, reps = np.arange(n, dtype=np.int32), np.arange(n, n + m + 1, dtype=np.int32)
    none = np.zeros(n + m + 1, dtype=np.int64)
    solver.add_arcs_with_capacity_and_unit_cost(
        leads, np.full(n, pool, dtype=np.int32), np.ones(n, dtype=np.int64), none[:n]
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        reps, np.full(m + 1, sink, dtype=np.int32), np.append(capacity, n), none[: m + 1]
    )
    solver.set_nodes_supplies(np.append(leads, sink), np.append(np.ones(n, dtype=np.int64), -n))
    if (status := solver.solve()) != solver.OPTIMAL:
        raise AssertionError(f"OR-Tools: {status}")
    used = np.flatnonzero(np.asarray(solver.flows(np.arange(len(lead), dtype=np.int32))))
    found = np.full(n, -1)
    found[lead[used]] = gains.indices[used]
    return found


def scipy(gains: Any, capacity: Any) -> Any:
    """`min_weight_full_bipartite_matching` (LAPJVsp) for one slot a rep; each lead has a pool of its own."""
    from scipy.sparse import csr_array, diags_array, hstack
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    if capacity.max(initial=0) > 1:
        raise AssertionError("one slot a rep")
    n, m = gains.shape
    weights = csr_array((gains.data + 1.0, gains.indices, gains.indptr), shape=gains.shape)  # 0 would be no pair
    lead, rep = min_weight_full_bipartite_matching(hstack([weights, diags_array(np.ones(n))]).tocsr(), maximize=True)
    found = np.full(n, -1)
    found[lead] = np.where(rep < m, rep, -1)
    return found


SOLVERS = {"leadopt": ours, "OR-Tools": ortools, "SciPy": scipy}


def worth(gains: Any, rep_of_lead: Any) -> float:
    placed = np.flatnonzero(rep_of_lead >= 0)
    return float(gains[placed, rep_of_lead[placed]].sum())


def timings(peer: str, **settings: Any) -> dict[str, Any]:
    """Return the least times of `match` and a peer, run in turn, whose objectives agree."""
    gains, capacity = instance(**settings)
    _warm_up()
    SOLVERS[peer](*_small())
    mine, its = [], []
    for _ in range(RUNS):
        seconds, found = timed(lambda: ours(gains, capacity))
        mine.append(seconds)
        seconds, theirs = timed(lambda: SOLVERS[peer](gains, capacity))
        its.append(seconds)
        agree(worth(gains, found), worth(gains, theirs), f"{peer}, {settings}")
    return {"pairs": int(gains.nnz), "seconds": min(mine), "its_seconds": min(its)}


def memory(solver: str, **settings: Any) -> float:
    """Return the most memory in MB that a solve holds beyond what the process held before there was an instance."""
    SOLVERS[solver](*_small())
    before = peak_mb()
    SOLVERS[solver](*instance(**settings))
    return peak_mb() - before


def _small() -> tuple[Any, Any]:
    return instance(40, 40, 0.2)


def _warm_up() -> None:
    ours(*_small())


def line(peer: str, **settings: Any) -> SparseLine:
    measured = fresh("sparse", "timings", peer=peer, **settings)
    mb, its_mb = (fresh("sparse", "memory", solver=solver, **settings) for solver in ("leadopt", peer))
    n, m, share = settings["n"], settings["m"], settings["share"]
    slots = "" if settings.get("tight", 1.0) == 1.0 else f", {settings['tight']:g} slots a lead"
    return SparseLine(
        instance=f"{n:,} x {m:,}, {100 * share:g}% eligible{slots}",
        gains=settings.get("gains", "real"),
        beside=peer,
        mb=mb,
        its_mb=its_mb,
        **measured,
    )


def rows() -> Iterator[Line]:
    for n, m, share in ((10_000, 100, 0.01), (10_000, 100, 0.001), (5_000, 5_000, 0.002), (20_000, 5_000, 0.001)):
        yield line("OR-Tools", n=n, m=m, share=share)
    yield line("SciPy", n=5_000, m=5_000, share=0.002)
    for gains in KINDS[1:]:
        yield line("OR-Tools", n=20_000, m=5_000, share=0.001, gains=gains)
    for gains in KINDS:
        yield line("OR-Tools", n=20_000, m=100, share=0.05, gains=gains, tight=0.5)
    yield line("OR-Tools", n=100_000, m=10_000, share=0.0005)


def quick_rows() -> Iterator[Line]:
    yield line("OR-Tools", n=1_000, m=200, share=0.02)
    yield line("SciPy", n=500, m=500, share=0.01)
