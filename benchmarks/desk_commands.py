"""What a whole command costs beside a bare insert: decided, hashed, written with the tables that follow, and answered.

In turns with the same bare insert as `desk_log`, one row a command. Each follow-up is of another lead, as at a desk.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.desk_log import THREADS, Bare, Written, spread
from benchmarks.harness import timed
from leadopt.desk.desk import Desk

REPS = 50
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Following:
    """A desk whose leads are followed up, one after the other."""

    def __init__(self, folder: str, n_leads: int) -> None:
        self._moments = 0
        rules = {"time": {"zone": "Europe/Berlin"}, "review": []}
        self._desk = Desk.open(f"sqlite:///{folder}/desk.db", rules=rules, clock=self._clock, rng=0)
        self._desk.reps([{"rep_id": f"r{n}", "max_open": n_leads} for n in range(REPS)])
        self._desk.receive([{"lead_id": n, "email": f"n{n}@example.com", "note": "call"} for n in range(n_leads)])
        for first in range(0, n_leads, 500):
            self._desk.place(list(range(first, min(first + 500, n_leads))))
        reps = (self._desk.rep(f"r{n}", most=n_leads) for n in range(REPS))
        self._owner = {row["lead"]: view.id for view in reps for row in view.leads}
        self._leads = list(self._owner)
        self.begun = self._desk.checkpoint().seq
        self.count = 0

    def _clock(self) -> datetime:
        self._moments += 1
        return START + timedelta(milliseconds=self._moments)

    def write(self, count: int, threads: int) -> None:
        """Follow so many leads up; with one thread in this one, without another."""
        self.count += spread(self._follow_up, self.count, count, threads)

    def _follow_up(self, numbers: range) -> None:
        for number in numbers:
            lead = self._leads[number % len(self._leads)]
            assert self._desk.follow_up(lead, by=self._owner[lead]).code == "done"

    def close(self) -> None:
        assert self._desk.checkpoint().seq == self.begun + self.count
        assert self._desk.rebuild().ok
        assert self._desk.verify().ok
        self._desk.close()


def followed(name: str, threads: int, count: int, rounds: int) -> Written:
    with tempfile.TemporaryDirectory() as folder:
        ours, bare, pairs = Following(folder, count), Bare(folder), []
        ours.write(threads, threads)
        bare.write(threads, threads)
        for k in range(rounds):
            first, second = (ours, bare) if k % 2 else (bare, ours)
            took = {each: timed(lambda each=each: each.write(count, threads))[0] for each in (first, second)}
            pairs.append((count / took[ours], count / took[bare]))
        ours.close()
        bare.close()
    return Written(events=name, group=threads, pairs=pairs)


def rows(count: int = 320, rounds: int = 5) -> Iterator[Written]:
    yield followed("follow-ups, one thread", 1, count, rounds)
    yield followed(f"follow-ups, {THREADS} threads", THREADS, count * 5, rounds)


def quick_rows() -> Iterator[Written]:
    yield from rows(count=64, rounds=3)
