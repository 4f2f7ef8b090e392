"""What history costs before anything is learned: the group-by of ten million rows in polars."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, fresh, median, peak_mb, timed
from benchmarks.instances import N_INDUSTRIES, N_SOURCES

N_ROWS, N_REPS = 10_000_000, 1_000


def write(path: str) -> int:
    """Write the history to a file, so that the process that is measured need not make it; return how many won."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)

    def pick(names: list[str]) -> Any:
        return pl.Series(names).gather(rng.integers(len(names), size=N_ROWS))

    won = rng.random(N_ROWS) < 0.2
    days = pl.Series(np.datetime64("2024-01-01") + rng.integers(730, size=N_ROWS)).cast(pl.Date)
    pl.DataFrame(
        {
            "rep_id": pick([f"R{number:04}" for number in range(N_REPS)]),
            "source": pick([f"source {number}" for number in range(N_SOURCES)]),
            "industry": pick([f"industry {number}" for number in range(N_INDUSTRIES)]),
            "converted": won,
            "at": days,
        }
    ).write_parquet(path)
    return int(won.sum())


def count(path: str, won: int, at: str | None) -> dict[str, float]:
    import polars as pl

    from leadopt.learning.history.outcomes import count_outcomes
    from leadopt.tables import Table

    history = pl.read_parquet(path)
    if at:  # by day, ten million rows would be nearly as many groups: few reps, as many days
        history = history.filter(pl.col("rep_id") < "R0050").sample(N_ROWS, with_replacement=True, seed=0)
        won = int(history["converted"].sum())
    before = peak_mb()
    seconds, counts = timed(
        lambda: count_outcomes(Table(history, "history"), "rep_id", ["source", "industry"], "converted", at)
    )
    peak = peak_mb()
    assert int(counts.count.sum()) == counts.n_rows == len(history)
    assert int(counts.count @ counts.converted) == won
    return {"seconds": seconds, "peak": peak, "before": before, "groups": len(counts.count)}


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "history.parquet")
        won = fresh("history_counts", "write", path=path)
        for at, name in ((None, "1,000 reps x 60 segments"), ("at", "50 reps x 60 segments x 730 days (half-life)")):
            runs = [fresh("history_counts", "count", path=path, won=won, at=at) for _ in range(3)]
            groups, before = runs[0]["groups"], max(run["before"] for run in runs)
            yield Row(
                instance=f"count outcomes of 10,000,000 rows, polars, {name}",
                seconds=median(run["seconds"] for run in runs),
                peak_mb=max(run["peak"] for run in runs),
                note=f"{groups:,} groups; totals = polars' own; {before:,.0f} MB before the call",
            )
