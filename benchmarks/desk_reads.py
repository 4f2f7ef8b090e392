"""How long a large desk takes to be read, and to find that nothing is due: none of it scans from the beginning."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from benchmarks.desk_filled import POOLED, QUICK_SIZE, REPS, WHOLE_SIZE, Size, filled
from benchmarks.harness import Row, timed

READ_S, IDLE_S, VERIFY_S = 0.1, 0.05, 10.0


def rows(size: Size = WHOLE_SIZE) -> Iterator[Row]:
    large = filled(size)
    n_events = large.desk.checkpoint().seq
    note = f"{size}; filled in {large.filled_s:.0f} s"
    yield Row(instance="rebuild the tables", seconds=large.rebuilt_s, note=note)
    seconds, found = timed(large.desk.verify)
    assert found.ok and found.n_records == n_events, found.summary()
    yield Row(instance="verify the whole log", seconds=seconds)
    large.send()
    large.now += timedelta(hours=1)
    large.desk.run_due()  # the day's first run
    desk, lead, given = large.desk, large.first, large.first_given
    pooled = size.held // POOLED
    yield row("run_due, nothing due", desk.run_due, IDLE_S, lambda found: len(found) == 0)
    yield row("lead", lambda: desk.lead(lead), READ_S, lambda found: found.stage == "working")
    yield row("lead as it was", lambda: desk.at(given).lead(lead), READ_S, lambda found: len(found.history) == 3)
    yield row("pool", lambda: desk.pool(by="rep 1"), READ_S, lambda found: found.total == pooled)
    yield row("overdue", desk.overdue, READ_S, lambda found: len(found) == 0)
    yield row("messages", lambda: desk.messages(most=100), READ_S, lambda found: len(found) == 100)
    yield row("reviews", desk.reviews, READ_S, lambda found: len(found) == 0)
    yield row("why", lambda: desk.why(n_events // 2), READ_S, lambda found: found.seq == n_events // 2)
    yield row(f"rep with {size.held // REPS:,} leads", lambda: desk.rep("rep 1"), READ_S, lambda found: found.open > 0)
    mark = large.checkpoint
    yield row("verify from a checkpoint 20,000 events old", lambda: desk.verify(mark), VERIFY_S, lambda found: found.ok)


def row(name: str, read: Callable[[], Any], goal: float, right: Callable[[Any], bool]) -> Row:
    """Return the time of the second read, as a desk that runs has it; the answer must be right."""
    assert right(read()), name
    seconds, found = timed(read)
    assert right(found), name
    return Row(instance=name, seconds=seconds, goal=goal)


def quick_rows() -> Iterator[Row]:
    yield from rows(QUICK_SIZE)
