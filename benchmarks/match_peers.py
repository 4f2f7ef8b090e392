"""`match` beside the solvers others would use, on the same instances in the same run, with equal objectives."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar

from benchmarks.harness import Line, Ratio, TooSlow, agree, fresh, verdict
from benchmarks.measure import LIMIT_S, OURS, measured

FLOWS = ("OR-Tools", "POT")
SMALL = ("HiGHS", "networkx", "SciPy", "lapx", *reversed(FLOWS))
TEN_K, FIFTY_K = {"n": 10_000, "m": 100}, {"n": 50_000, "m": 200}
GB = 1024.0  # in the unit of `peak_mb`
READ_GOAL, HARD_GOAL = 20.0, 20.0
EXPANDED = "a column per slot would take {gb:,.0f} GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is wanted of `match` as it comes, that is with `Auto`; what is None or absent is not asked.

    Parameters
    ----------
    times
        how many times faster than each peer, at least
    seconds, peak_mb, above_input_mb, gap
        upper limits; the third is on peak memory less that of the input
    """

    times: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    peak_mb: float | None = None
    above_input_mb: float | None = None
    gap: float | None = None

    def parts(self, found: Mapping[str, Any], peers: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, bool]]:
        """Return each goal in words, and whether it is met; a peer that was too slow is beaten at its limit."""
        beaten = [
            (f"{times:g}x {name}", times * found["seconds"] <= peers[name].get("seconds", LIMIT_S))
            for name, times in self.times.items()
        ]
        upper = [
            (self.seconds, found["seconds"], f"{self.seconds} s"),
            (self.peak_mb, found["peak"], f"{self.peak_mb or 0:,.0f} MB"),
            (
                self.above_input_mb,
                found["peak"] - found["input_mb"],
                f"input of {found['input_mb']:,.0f} MB + {self.above_input_mb or 0:,.0f} MB",
            ),
            (self.gap, abs(found["gap"]), f"gap {self.gap}"),
        ]
        return beaten + [(text, value <= most) for most, value, text in upper if most is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One solver on one instance; `ratio` is the time of the best peer by its own, `told` stands where it has none."""

    TITLE: ClassVar[str] = "Beside other solvers"
    INTRO: ClassVar[str] = (
        "Every solver runs in a process of its own, loads the instance from a file and has solved something tiny\n"
        "before. Ours is timed from arrays to a certified `Match` with ties shared out; a peer from a dense matrix of\n"
        "gains to the rep of each lead, with a row per lead even where leads are alike. The ratio is the time of the\n"
        "fastest peer by that of the solver: above 1 is faster than all of them. Goals are those of `match` as it\n"
        "comes, the solver that `Auto` chose. Peak memory includes the input.\n\n"
        "![Seconds against the number of leads](benchmarks.png)"
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("instance", "solver", "seconds:", "peak MB:", "gap:", "ratio to the best peer:", "goal", "met?"),
    )

    instance: str
    solver: str
    seconds: float | None = None
    peak_mb: float | None = None
    gap: float | None = None
    ratio: float | None = None
    goals: Sequence[tuple[str, bool]] = ()
    told: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.instance,
            self.solver,
            self.told if self.seconds is None else f"{self.seconds:.3f}",
            "" if self.peak_mb is None else f"{self.peak_mb:,.0f}",
            "" if self.gap is None else f"{self.gap:.0e}" if self.gap else "0",
            "" if self.ratio is None else f"{self.ratio:.3g}",
            ", ".join(text if met else f"{text} (**no**)" for text, met in self.goals),
            verdict(all(met for _, met in self.goals) if self.goals else None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An instance with who is measured on it.

    Parameters
    ----------
    maker, settings
        how `matrices` makes it
    ours, peers
        names of solvers; `Auto` comes first
    left_out
        why a peer does not run
    like
        settings of the uniform instance that its time is compared with, for a hard one
    """

    name: str
    maker: str
    settings: Mapping[str, Any]
    ours: Sequence[str] = ("Auto",)
    peers: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    goal: Goal = field(default_factory=Goal)
    like: Mapping[str, Any] | None = None


DENSE = (
    *(
        Case(
            name=f"dense {n:,} x {m}",
            maker="dense",
            settings={"n": n, "m": m},
            ours=("Auto", "Auction", "MinCostFlow"),
            peers=SMALL,
        )
        for n, m in ((1_000, 10), (2_000, 20))
    ),
    Case(
        name="dense 10,000 x 100",
        maker="dense",
        settings=TEN_K,
        ours=("Auto", "Auction", "MinCostFlow"),
        peers=FLOWS,
        left_out={
            "SciPy": "a column per slot; 91 s and 2.6 GB when tried once",
            "lapx": "a column per slot; 133 s and 1.8 GB when tried once",
            "HiGHS": "over 200 s when tried once",
            "networkx": "68 s when tried once",
        },
        goal=Goal(times={"OR-Tools": 15, "POT": 15}),
    ),
    Case(
        name="dense 50,000 x 200",
        maker="dense",
        settings=FIFTY_K,
        ours=("Auto", "MinCostFlow"),
        peers=FLOWS,
        left_out={"SciPy, lapx": EXPANDED.format(gb=50_000 * 55_000 * 8 / 1e9)},
        goal=Goal(times={"OR-Tools": 25, "POT": 40}),
    ),
    Case(
        name="dense 200,000 x 500",
        maker="dense",
        settings={"n": 200_000, "m": 500},
        peers=("OR-Tools",),
        left_out={"POT": "over 200 s when tried once"},
        goal=Goal(times={"OR-Tools": 50}, above_input_mb=0.5 * GB),
    ),
)
READ = DENSE[2:]  # smaller ones are read in less time than any call takes
LARGE = tuple(
    Case(name=f"{name} 50,000 x 200", maker="dense", settings={**FIFTY_K, "slots": slots}, peers=FLOWS)
    for name, slots in (("tight", 1.0), ("scarce", 0.7))
)
SQUARE = tuple(
    Case(
        name=f"one-to-one 3,000 x 3,000, {name}",
        maker=maker,
        settings={"n": 3_000, "m": 3_000, **settings},
        ours=("Auto", "Auction", "Hungarian"),
        peers=("SciPy", "lapx", *FLOWS),
        goal=Goal(times={"SciPy": 1, "lapx": 1}),
    )
    for name, maker, settings in (
        ("uniform", "each", {"capacity": 1}),
        ("low rank", "dense", {"slots": 1.0, "even": True}),
    )
)
FACTORED = (
    Case(
        name="factored 50,000 x 200",
        maker="factored",
        settings=FIFTY_K,
        ours=("Auto", "Envelope", "Auction", "MinCostFlow"),
        peers=FLOWS,
    ),
    Case(
        name="factored 1,000,000 x 1,000",
        maker="factored",
        settings={"n": 1_000_000, "m": 1_000},
        ours=("Auto", "Envelope"),
        left_out={"all peers": "the matrix alone is 8 GB, OR-Tools' network over 100 GB"},
        goal=Goal(seconds=3.0, peak_mb=0.6 * GB),
    ),
    Case(
        name="factored 10,000,000 x 1,000",
        maker="factored",
        settings={"n": 10_000_000, "m": 1_000},
        ours=("Auto", "Envelope"),
        left_out={"all peers": "the matrix alone is 80 GB"},
        goal=Goal(seconds=15.0, peak_mb=2.5 * GB, gap=1e-9),
    ),
    Case(
        name="identical: 50,000 leads of 60 kinds x 200",
        maker="identical",
        settings=FIFTY_K,
        ours=("Auto", "Envelope", "MinCostFlow"),
        peers=("POT",),
        left_out={"OR-Tools": "49 s when tried once"},
        goal=Goal(seconds=0.1),
    ),
)


def _hard(name: str, maker: str, n: int, m: int, peers: Sequence[str] = FLOWS, **settings: Any) -> Case:
    """Return a case whose time is also compared with uniform gains of its size; one rep alone has no choice: two."""
    return Case(
        name=f"{name}, {n:,} x {m}",
        maker=maker,
        settings={"n": n, "m": m, **settings},
        ours=("Auto", "Auction"),
        peers=peers,
        like={"n": n, "m": max(2, m)},
    )


HARD = (
    _hard("ties: whole gains 0 to 9", "whole", 10_000, 100, most=9),
    _hard("scarce ties: whole gains 0 to 9", "whole", 10_000, 100, most=9, slots=0.7),
    _hard("binary gains", "whole", 10_000, 100, most=1),
    _hard("rank one: rate times value", "rank_one", 10_000, 100),
    _hard("all equal", "whole", 10_000, 100, most=0),
    _hard("tight", "dense", 10_000, 100, slots=1.0),
    _hard("scarce", "dense", 10_000, 100, slots=0.7),
    _hard("territories, one rep in ten everywhere", "territories", 20_000, 200),
    _hard("wide: 1e-12 to 1e12", "wide", 5_000, 50),
    _hard("negative gains, reserve -0.5", "signed", 10_000, 100),
    _hard("one rep", "each", 100_000, 1, capacity=50_000),
    _hard("capacity 0", "each", 10_000, 100, capacity=0),
    _hard("capacity 1", "each", 10_000, 100, capacity=1),
    _hard("factored ties: whole rates and scales", "tied_kinds", 10_000, 100),
)
ORLIB = (100, 200, 300, 400)
SIZE_OF_QUICK = 1_000_000


def rows() -> Iterator[Line]:
    yield from _rows(lambda case: True)


def quick_rows() -> Iterator[Line]:
    """Yield the instances up to a million pairs."""
    yield from _rows(lambda case: case.settings["n"] * case.settings["m"] <= SIZE_OF_QUICK)


def _rows(wanted: Callable[[Case], bool]) -> Iterator[Line]:
    for case in chain(DENSE, LARGE, SQUARE, FACTORED, HARD):
        if wanted(case):
            results = measured(case.maker, case.settings, [*case.ours, *case.peers])
            yield from _beside(case, results)
            yield from _ratios(case, results)
    yield from _orlib_rows()
    yield from _first_calls(case for case in (DENSE[2], FACTORED[0]) if wanted(case))


def _beside(case: Case, results: Mapping[str, dict[str, Any]]) -> Iterator[Beside]:
    peers = {name: result for name, result in results.items() if name not in OURS}
    best = min((result["seconds"] for result in peers.values() if "seconds" in result), default=None)
    auto = results["Auto"].get("solver")
    for name, result in results.items():
        if name != auto:  # its row is that of Auto
            yield _line(case, name, result, peers, best)
    for name, why in case.left_out.items():
        yield Beside(instance=case.name, solver=name, told=f"not run: {why}")


def _line(
    case: Case, name: str, result: dict[str, Any], peers: Mapping[str, dict[str, Any]], best: float | None
) -> Beside:
    label = f"leadopt {name}" if name in OURS else name
    if "seconds" not in result:
        unmet = [("to end", False)] if name == "Auto" else []
        return Beside(instance=case.name, solver=label, told=result["why"], goals=unmet)
    return Beside(
        instance=case.name,
        solver=f"**leadopt** ({result['solver']}, by Auto)" if name == "Auto" else label,
        seconds=result["seconds"],
        peak_mb=result["peak"],
        gap=result.get("gap"),
        ratio=None if best is None else best / result["seconds"],
        goals=case.goal.parts(result, peers) if name == "Auto" else (),
    )


def _ratios(case: Case, results: Mapping[str, dict[str, Any]]) -> Iterator[Ratio]:
    if case in READ and "seconds" in results["Auto"]:
        found = results["Auto"]
        yield Ratio(
            instance=case.name,
            solver=f"{found['solver']} (Auto)",
            seconds=found["seconds"],
            beside="reading the matrix once",
            its_seconds=found["read"],
            goal=READ_GOAL,
        )
    if case.like:
        yield from _hardness(case, case.like, results)


def _hardness(case: Case, like: Mapping[str, Any], results: Mapping[str, dict[str, Any]]) -> Iterator[Ratio]:
    names = [name for name in results if name in OURS]
    plain = measured("uniform", like, [*names, "OR-Tools"])
    auto = results["Auto"].get("solver")
    for name in names:
        if name != auto:
            yield Ratio(
                instance=case.name,
                solver=f"{auto} (Auto)" if name == "Auto" else name,
                seconds=results[name].get("seconds"),
                beside=f"uniform gains, {like['n']:,} x {like['m']}",
                its_seconds=plain[name].get("seconds"),
                goal=HARD_GOAL,
            )


def _orlib_rows() -> Iterator[Beside]:
    optima = fresh("match_peers", "orlib_optima")
    if not optima:
        yield Beside(instance="OR-Library assign100 to assign400", solver="", told="skipped: no $LEADOPT_DATA here")
    for size in ORLIB if optima else ():
        results = measured("orlib", {"n": size}, ["Auto", "lapx", "SciPy"])
        case = Case(
            name=f"OR-Library assign{size}, all placed = published optimum", maker="orlib", settings={"n": size}
        )
        agree(results["Auto"]["objective"], optima[str(size)], case.name)
        yield from _beside(case, results)


def orlib_optima() -> dict[str, float]:
    """Return the published optima as gains; nothing where the data are absent."""
    from benchmarks.matrices import data_folder, orlib_optimum

    there = (data_folder() / "orlib-assign" / "optima.txt").exists()
    return {str(size): orlib_optimum(size) for size in ORLIB} if there else {}


def _first_calls(cases: Iterable[Case]) -> Iterator[Ratio]:
    """Yield what the very first `match` of a process costs beside a later one: libraries are loaded."""
    for case in cases:
        later = measured(case.maker, case.settings, ["Auto"])["Auto"]
        try:
            cold = fresh("match_peers", "first_call", maker=case.maker, settings=dict(case.settings))
        except TooSlow:
            cold = {"seconds": None}
        yield Ratio(
            instance=f"{case.name}, first call of a process",
            solver=f"{later['solver']} (Auto)",
            seconds=cold["seconds"],
            beside="a later call",
            its_seconds=later["seconds"],
        )


def first_call(maker: str, settings: Mapping[str, Any]) -> dict[str, float]:
    import leadopt
    from benchmarks.harness import timed
    from benchmarks.matrices import MAKERS

    instance = MAKERS[maker](**settings)
    affinity = instance.affinity()
    return {"seconds": timed(lambda: leadopt.match(affinity, instance.capacity))[0]}
