"""What the desk's event log costs beside a bare insert, and how fast it is checked.

Both write rows of the same size with the same PRAGMAs and as many to a commit, in turns in one run, so that the disk
matters little. The bare insert is Python's driver and a table without an index; ours has three, hashes, a savepoint for
each work and an answer for each thread.
"""

import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa

from benchmarks.harness import Row, timed, verdict
from leadopt.desk.database.engine import open_engine, reading, writing
from leadopt.desk.log import store
from leadopt.desk.log.moments import system_clock
from leadopt.desk.log.records import Envelope, Record, chained
from leadopt.desk.log.transaction import Transaction
from leadopt.desk.log.verify import verify
from leadopt.desk.log.writer import Writer

THREADS, ROUNDS, LEAST = 16, 9, 0.5
VERIFIED, MOST_S = 20_000, 10.0
BODY = b'{"choice":{"chance":"0.31","gain":"3875.2","price":"2210.4","rep":"R-03"},"text":"' + b"x" * 210 + b'"}'
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000", "foreign_keys = ON", "secure_delete = ON")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Events a second of the log and of a bare insert; the goal is a lower limit on their ratio."""

    TITLE: ClassVar[str] = "The desk's log beside a bare insert"
    SHARED: ClassVar[bool] = True
    INTRO: ClassVar[str] = (
        "Durable events a second (WAL, `synchronous=FULL`), in turns on one disk: medians, and the median of the\n"
        "ratios. Every event is counted afterwards, and the chain verified."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("events", "group:", "log /s:", "bare insert /s:", "ratio:", "goal:", "met?")

    events: str
    group: float
    pairs: list[tuple[float, float]]  # events a second of ours and of the bare insert, one after the other

    @property
    def ratio(self) -> float:
        return middle([ours / bare for ours, bare in self.pairs])

    @property
    def cells(self) -> tuple[str, ...]:
        ours, bare = (middle(list(column)) for column in zip(*self.pairs, strict=True))
        figures = (f"{self.group:.1f}", f"{ours:,.0f}", f"{bare:,.0f}", f"{self.ratio:.2f}", f"{LEAST:g}")
        return (self.events, *figures, verdict(self.ratio >= LEAST))


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def event(number: int) -> Envelope:
    return Envelope(
        kind="lead.assigned",
        subject=f"L-{number * 7919 % 1_000_003:08x}",
        actor=f"R-{number % 50:04}",
        cause=1 if number >= THREADS else None,
        request=f"{number:032x}",
        rules="5be1" * 16,
        body=BODY,
    )


def spread(write: Callable[[range], None], first: int, count: int, threads: int) -> int:
    """Have threads write so many numbers from the first on, each as many, and return how many that were.

    One thread is this one, without another.
    """
    each = count // threads
    spans = [range(first + k * each, first + (k + 1) * each) for k in range(threads)]
    if threads == 1:
        write(spans[0])
        return each
    started = [threading.Thread(target=write, args=(span,)) for span in spans]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return each * threads


class Bare:
    """A table and nothing else."""

    def __init__(self, folder: str) -> None:
        self._connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        columns = ", ".join(Record._fields).replace("seq", "seq integer primary key")
        self._connection.execute(f"create table log ({columns})")
        self.count = 0

    def write(self, count: int, group: int) -> None:
        """Insert so many rows, a group to a commit; the rows are made before, with hashes that cost nothing here."""
        for first in range(self.count, self.count + count, group):
            rows = [_row(number) for number in range(first, min(first + group, self.count + count))]
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("insert into log values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        self.count += count

    def close(self) -> None:
        assert self._connection.execute("select count(*), max(seq) from log").fetchone() == (self.count, self.count)
        self._connection.close()


def _row(number: int) -> tuple[object, ...]:
    told = event(number)
    fields = (told.kind, told.v, told.subject, told.actor, told.cause, told.request, told.rules, told.body)
    return (number + 1, 1_795_857_600_000_000 + number, *fields, bytes(32), bytes(32))


class Log:
    """The desk's log, and how many transactions it took."""

    def __init__(self, folder: str) -> None:
        self.engine = open_engine(f"sqlite:///{folder}/desk.db")
        self._writer = Writer(self.engine, system_clock)
        self.count = self.commits = 0
        sa.event.listen(self.engine, "commit", self._committed)

    def _committed(self, _: sa.Connection) -> None:
        self.commits += 1

    def write(self, count: int, threads: int) -> None:
        """Write so many events, each a work of its own; with one thread in this one, without another."""
        self.count += spread(self._write, self.count, count, threads)

    def _write(self, numbers: range) -> None:
        for number in numbers:
            self._writer.run(_appending(event(number)))

    def close(self) -> None:
        with reading(self.engine) as connection:
            found = verify(connection)
        assert found.ok and found.n_records == self.count, found.summary()
        self._writer.close()
        self.engine.dispose()


def _appending(told: Envelope) -> Callable[[Transaction], list[Record]]:
    def work(transaction: Transaction) -> list[Record]:
        return transaction.append(told)

    return work


def written(name: str, threads: int, count: int, rounds: int) -> Written:
    with tempfile.TemporaryDirectory() as folder:
        ours, bare, pairs = Log(folder), Bare(folder), []
        ours.write(threads, threads)
        bare.write(threads, threads)
        for k in range(rounds):
            first, second = (ours, bare) if k % 2 else (bare, ours)
            took = {each: timed(lambda each=each: each.write(count, threads))[0] for each in (first, second)}
            pairs.append((count / took[ours], count / took[bare]))
        group = ours.count / ours.commits
        ours.close()
        bare.close()
    return Written(events=name, group=group, pairs=pairs)


def checked(count: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/desk.db")
        with writing(engine).begin() as connection:
            for first in range(0, count, 1_000):
                events = [event(number) for number in range(first, first + 1_000)]
                store.insert(connection, chained(store.head(connection), events, first))
        with reading(engine) as connection:
            seconds, found = timed(lambda: verify(connection))
        engine.dispose()
    assert found.ok and found.n_records == count, found.summary()
    return Row(instance=f"verify {count:,} records", seconds=seconds, goal=MOST_S, note="every hash and link")


def rows(count: int = 320, rounds: int = ROUNDS) -> Iterator[Written | Row]:
    yield written("single, one thread", 1, count, rounds)
    yield written(f"{THREADS} threads", THREADS, count * 5, rounds)
    yield checked(VERIFIED)


def quick_rows() -> Iterator[Written | Row]:
    yield from rows(count=64, rounds=3)
