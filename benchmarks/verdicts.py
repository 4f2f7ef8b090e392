"""Whether verdicts are right: histories whose truth is known, small and large."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from leadopt.learning.effects.logistic import sigmoid

HISTORIES = {300: 100, 3000: 100}  # of each kind, by their outcomes
N_REPS, N_SEGMENTS = 12, 5
WORLDS = {
    "nobody matters": (0.0, 0.0),
    "nobody matters, rows are copied": (0.0, 0.0),
    "nobody matters, a column tells the outcome": (0.0, 0.0),
    "the level jumps, reps come and go": (0.0, 0.0),
    "nobody matters, shifts go with the season": (0.0, 0.0),
    "nobody matters, rows of an account are alike": (0.0, 0.0),
    "equal reps, given other leads": (0.0, 0.0),
    "reps differ": (0.3, 0.0),
    "reps and pairs differ": (0.3, 0.5),
}
DECISIONS = ("use it", "reps alone", "fairness is free", "cannot tell yet")
REFUSED = "refused"
MOST_WRONG = 0.03
WRONG = {
    "nobody matters": ("use it", "reps alone"),
    "nobody matters, rows are copied": ("use it", "reps alone"),
    "nobody matters, a column tells the outcome": ("use it", "reps alone"),
    "the level jumps, reps come and go": ("use it", "reps alone"),
    "nobody matters, shifts go with the season": ("use it", "reps alone"),
    "nobody matters, rows of an account are alike": ("use it", "reps alone"),
    "equal reps, given other leads": ("use it", "fairness is free"),  # "reps alone" with its caveat, else it is counted
    "reps differ": ("use it", "fairness is free"),
    "reps and pairs differ": ("fairness is free",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How often each verdict was given."""

    TITLE: ClassVar[str] = "Verdicts of backtests"
    INTRO: ClassVar[str] = (
        "Simulated histories: 12 reps, 5 segments (sd 0.8 on the logit); where they differ, reps of sd 0.3 and pairs\n"
        'of sd 0.5. How often `backtest` says what. Wrong is "use it" or "reps alone" where nobody matters, whether\n'
        "or not rows are copied (up to three times, with ids of their own), a column is named that is filled in after\n"
        "the outcome (backtest refuses it), the level jumps twice a year (sd 0.6) and half of the reps work but a\n"
        "part, half of the reps work in months whose level is 1 higher on the logit and the others in the months\n"
        "between, or ten rows each are of one account (sd 1), which has one rep for nine of them, and `group` is not\n"
        "told of it;\n"
        '"use it" where only reps differ, and "fairness is free" where anything does. Where reps are equal and\n'
        'some were given better leads by a quality that history does not show (sd 0.8), nobody can know, so "reps\n'
        'alone" is wrong without saying how strong such a quality would have to be. Goal: at most 3%, over all sizes\n'
        "of a kind."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("truth", "outcomes:", "histories:", *(f"{one}:" for one in (*DECISIONS, REFUSED)), "wrong:", "met?"),
    )

    world: str
    n: str
    said: Counter[str]
    silent: int = 0
    judged: bool = False

    @property
    def wrong(self) -> int:
        """How many verdicts are, or claim something without saying what may be behind it."""
        return sum(self.said[one] for one in WRONG[self.world]) + self.silent

    @property
    def cells(self) -> tuple[str, ...]:
        total = self.said.total()
        shares = (f"{self.said[one] / total:.0%}" for one in (*DECISIONS, REFUSED))
        met = verdict(self.wrong <= MOST_WRONG * total) if self.judged else ""
        return self.world, self.n, str(total), *shares, str(self.wrong), met


def rows() -> Iterator[Line]:
    """Return a line for each world and size, and one for all sizes of a world."""
    for world in WORLDS:
        found = [said(world, n, histories) for n, histories in HISTORIES.items()]
        yield from found
        total = sum((one.said for one in found), Counter[str]())
        yield Said(world=world, n="all", said=total, silent=sum(one.silent for one in found), judged=True)


def said(world: str, n: int, histories: int) -> Said:
    """Return what backtests say of a world."""
    from leadopt.errors import InvalidInput
    from leadopt.evaluate import backtest

    found, silent = Counter[str](), 0
    for seed in range(histories):
        table = history(world, n, seed)
        try:
            one = backtest(table, segment_by=[name for name in ("source", "stage") if name in table]).verdict
        except InvalidInput as error:
            if "filled in after the outcome" not in str(error):
                raise
            found[REFUSED] += 1
            continue
        found[one.decision] += 1
        silent += one.decision in DECISIONS[:2] and "A quality of leads" not in one.caveat
    return Said(world=world, n=f"{n:,}", said=found, silent=silent)


def history(world: str, n: int, seed: int) -> dict[str, list[Any]]:
    """Return a history of a year."""
    rep_sd, pair_sd = WORLDS[world]
    rng = np.random.default_rng(seed)
    rep, segment = rng.integers(N_REPS, size=n), rng.integers(N_SEGMENTS, size=n)
    logit = -1.4 + rng.normal(0, 0.8, N_SEGMENTS)[segment] + rep_sd * rng.normal(size=N_REPS)[rep]
    logit += pair_sd * rng.normal(size=(N_REPS, N_SEGMENTS))[rep, segment]
    if world.startswith("the level"):
        day = np.arange(n) * 365 // n
        begin, end = rng.uniform(0.0, 250.0, N_REPS), rng.uniform(120.0, 400.0, N_REPS)
        whole = rng.random(N_REPS) < 0.5
        begin, end = np.where(whole, 0.0, begin), np.where(whole, 365.0, begin + end)
        begin[0], end[0] = 0.0, 365.0
        there = (begin[:, None] <= day) & (day <= end[:, None])
        rep = (rng.random((N_REPS, n)) * there).argmax(axis=0)
        logit += rng.normal(0, 0.6, 3)[np.searchsorted(np.sort(rng.uniform(40.0, 340.0, 2)), day)]
    if world.endswith("season"):
        high = np.arange(n) * 365 // n // 30 % 2
        rep, logit = rep % (N_REPS // 2) + N_REPS // 2 * high, logit + high - 0.5
    account = rng.integers(max(1, n // 10), size=n) if world.endswith("are alike") else None
    if account is not None:
        rep = np.where(rng.random(n) < 0.9, rng.integers(N_REPS, size=n)[account], rep)
        logit += rng.normal(size=n)[account]
    if world.startswith("equal"):
        quality = rng.normal(0, 0.8, n)
        rep[np.argsort(quality + rng.normal(0, 0.8, n))] = np.arange(n) * N_REPS // n
        logit += quality
    won = rng.random(n) < sigmoid(logit)
    if world.endswith("copied"):
        row = np.sort(np.repeat(np.arange(n), rng.integers(1, 4, n))[:n])
        rep, segment, won = rep[row], segment[row], won[row]
    table = as_table(rep, segment, won)
    if account is not None:
        table["account_id"] = [f"A{one}" for one in account]
    if world.endswith("the outcome"):
        stage = np.where(won, "closed won", np.where(rng.random(n) < 0.7, "closed lost", "no answer"))
        table["stage"] = np.where(rng.random(n) < 0.05, "new", stage).tolist()
    return table


def as_table(rep: Any, segment: Any, won: Any) -> dict[str, list[Any]]:
    first = np.datetime64("2025-01-01")
    return {
        "rep_id": [f"r{one}" for one in rep],
        "source": [f"s{one}" for one in segment],
        "converted": won.astype(int).tolist(),
        "at": [str(first + int(day)) for day in np.arange(len(rep)) * 365 // len(rep)],
    }
