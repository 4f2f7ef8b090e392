"""What prices of the last match save: one rep goes away and one lead in a hundred is new, with and without them."""

from collections.abc import Iterator

from benchmarks.harness import Line, Ratio, agree, fresh, median, timed

N_LEADS, N_REPS = 50_000, 200


def again(n: int, m: int) -> dict[str, float | str]:
    """Return the seconds of solving anew, and of solving with `prices`; both are proved best."""
    import leadopt
    from benchmarks.matrices import dense

    leadopt.match(dense(300, 6).rates, 40)
    instance = dense(n, m)
    last = leadopt.match(instance.rates, instance.capacity)
    gains, capacity = instance.rates.copy(), instance.capacity.copy()
    capacity[0] = 0
    gains[::100] = dense(len(gains[::100]), m, seed=1).rates
    cold, warm = [], []
    for _ in range(3):
        seconds, anew = timed(lambda: leadopt.match(gains, capacity))
        cold.append(seconds)
        seconds, found = timed(lambda: leadopt.match(gains, capacity, prices=last.prices))
        warm.append(seconds)
        assert anew.status is found.status is leadopt.Status.OPTIMAL
        agree(found.objective, anew.objective, "match with prices beside without")
    return {"cold": median(cold), "warm": median(warm), "solver": found.solver}


def rows() -> Iterator[Line]:
    yield from _rows(N_LEADS, N_REPS)


def quick_rows() -> Iterator[Line]:
    yield from _rows(5_000, 50)


def _rows(n: int, m: int) -> Iterator[Line]:
    run = fresh("warm_start", "again", n=n, m=m)
    yield Ratio(
        instance=f"dense {n:,} x {m}, one rep away, 1% new leads, with `prices=` of the match before",
        solver=f"{run['solver']} (Auto)",
        seconds=run["warm"],
        beside="without `prices`",
        its_seconds=run["cold"],
    )
