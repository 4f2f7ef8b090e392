"""What history costs: group-bys of ten million rows at hand, and a history that stays in an engine.

Rows of DuckDB are made by it while they are counted, so that nothing is stored; what that alone takes is told. By
`make bench` there are ten million of them; ``python -m benchmarks.history_counts 1e8`` measures as many as you like.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, fresh, median, peak_mb, table, timed
from benchmarks.instances import N_INDUSTRIES, N_SOURCES

N_ROWS, N_REPS = 10_000_000, 1_000
MOST_CPU_S, MOST_MB = {None: 20.0, 180: 40.0}, {None: 600.0, 180: 1000.0}  # for 10^8 rows, by half-life
_SAMPLE = 200_000


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
    if at:  # few reps, as many days
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


def relation(n_rows: int) -> Any:
    """Return a history of 1,000 reps, 60 segments and two years that DuckDB makes while it is asked."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(f"create table reps as select range as rep, 'R' || range as rep_id from range({N_REPS})")
    connection.execute(
        f"create table segments as select range as segment, 'source ' || (range % {N_SOURCES}) as source, "
        f"'industry ' || (range // {N_SOURCES}) as industry from range({N_SOURCES * N_INDUSTRIES})"
    )
    return connection.sql(
        f"""select rep_id, source, industry, h % 1000 < 150 + (h >> 40) % {N_SOURCES * N_INDUSTRIES} as converted,
            date '2024-01-01' + ((h >> 8) % 730)::int as "at"
        from (select hash(range) as h from range({n_rows}))
        join reps on rep = (h >> 20) % {N_REPS} join segments on segment = (h >> 40) % {N_SOURCES * N_INDUSTRIES}"""
    )


def made(n_rows: int) -> float:
    """Return the seconds of CPU that DuckDB takes to make the rows and look at each column."""
    past, start = relation(n_rows), time.process_time()
    past.aggregate('max(rep_id), max(source), max(industry), max(converted), max("at")').fetchall()
    return time.process_time() - start


def stays(n_rows: int, half_life: float | None) -> dict[str, float]:
    """Return what a model of a history in DuckDB costs: CPU of all threads, and the most memory of the process."""
    from leadopt import AffinityModel

    past, before, start = relation(n_rows), peak_mb(), time.process_time()
    model = AffinityModel(segment_by=["source", "industry"], half_life_days=half_life).fit(past)
    seconds, peak = time.process_time() - start, peak_mb()
    assert model.n_outcomes_ == n_rows
    return {"seconds": seconds, "peak": peak, "before": before, "pairs": len(model.reps_) * len(model.segments_)}


def same(half_life: float | None) -> float:
    """Return by how much chances differ that are learned of a sample in DuckDB and at hand."""
    from leadopt import AffinityModel

    past = relation(_SAMPLE)
    rows = {"rep_id": ["R1", "R2"] * 30, "source": [f"source {k % 6}" for k in range(60)]}
    models = [
        AffinityModel(segment_by=["source"], half_life_days=half_life).fit(each)
        for each in (past, past.to_arrow_table())
    ]
    ours, theirs = (model.probability(rows) for model in models)
    return float(abs(ours - theirs).max())


def rows(n_rows: int = N_ROWS) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "history.parquet")
        won = fresh("history_counts", "write", path=path)
        for at, name in ((None, "1,000 reps x 60 segments"), ("at", "50 reps x 60 segments x 730 days (half-life)")):
            runs = [fresh("history_counts", "count", path=path, won=won, at=at) for _ in range(3)]
            groups, before = runs[0]["groups"], max(run["before"] for run in runs)
            yield Row(
                instance=f"count outcomes of {N_ROWS:,} rows, polars, {name}",
                seconds=median(run["seconds"] for run in runs),
                peak_mb=max(run["peak"] for run in runs),
                note=f"{groups:,} groups; totals = polars' own; {before:,.0f} MB before the call",
            )
    yield from engine_rows(n_rows)


def engine_rows(n_rows: int) -> Iterator[Row]:
    """Yield what a model costs of a history in DuckDB; the goals of 10^8 rows hold for as many, and for fewer."""
    alone = fresh("history_counts", "made", n_rows=n_rows)
    for half_life in (None, 180):
        apart = fresh("history_counts", "same", half_life=half_life)
        assert apart == 0.0, f"chances learned in DuckDB and at hand differ by {apart}"
        run = fresh("history_counts", "stays", n_rows=n_rows, half_life=half_life)
        yield Row(
            instance=f"learn from {n_rows:,} rows that stay in DuckDB, half-life {half_life or 'none'}",
            seconds=run["seconds"],
            peak_mb=run["peak"],
            goal=MOST_CPU_S[half_life],
            met=run["seconds"] <= MOST_CPU_S[half_life] and run["peak"] <= MOST_MB[half_life],
            note=f"CPU ({alone:.1f} s make the rows once); {run['pairs']:,} pairs of rep and segment; chances of a "
            f"sample = those at hand; at most {MOST_MB[half_life]:,.0f} MB, {run['before']:,.0f} before the call",
        )


if __name__ == "__main__":
    print(table(engine_rows(int(float(sys.argv[1])) if sys.argv[1:] else N_ROWS)))
