"""Whatever people and plans do, what reps are owed adds up to nothing, of everything that is shared."""

from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Policy
from leadopt.lifecycle import commands, credit
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.records import Credit, Lead, Rep
from tests.desk.planning.floors import DAY, Floor
from tests.strategies import examples

KINDS = ("leads", "value", "hot")
REPS = ("R-a", "R-b", "R-c", "R-out")


class Acts:
    """A floor on which somebody does something at random."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        fairness = tuple(Fairness(of=of, low=0.5, high=1.6, weight=1.0, entitlement="equal") for of in KINDS)
        half_life = str(self.rng.choice(["off", "5 days"]))
        settings = {"time": {"zone": "UTC"}, "credit": {"half_life": half_life}, "claim": {"embargo": 0}}
        self.floor = Floor(policy=Policy(segment_by=("industry",), fairness=fairness), settings=settings)
        for rep in REPS:
            self.floor.rep(rep, max_open=5, columns={} if rep != "R-out" else {"in_fairness": False})
        self.done: dict[str, int] = {}
        self.n_leads = 0

    def step(self) -> None:
        """Do something; what is denied is not done."""
        name = str(self.rng.choice(list(self.asks)))
        self.floor.now += int(self.rng.choice([0, 3_600_000_000, DAY]))
        with suppress(Denied):
            self.asks[name](self)
            self.done[name] = self.done.get(name, 0) + 1

    def receive(self) -> None:
        for _ in range(int(self.rng.integers(1, 5))):
            self.n_leads += 1
            known = {"industry": str(self.rng.choice(["steel", "wood"])), "value": float(self.rng.integers(1, 50))}
            self.floor.receive(f"L-{self.n_leads}", **known, tier="key" if self.rng.random() < 0.3 else "c")

    def plan(self) -> None:
        if self.rng.random() < 0.2:
            self.floor.learn()
        self.floor.apply(self.floor.plan())

    def place(self) -> None:
        self.floor.act(commands.Place, leads=tuple(lead.id for lead in self._all(lambda one: not one.is_held))[:3])

    def refuse(self) -> None:
        lead = self._held()
        self.floor.act(commands.Refuse, lead=lead.id, by=lead.owner, reason=str(self.rng.choice(["spam", "other"])))

    def release(self) -> None:
        lead = self._held()
        self.floor.act(commands.Release, lead=lead.id, by=lead.owner, reason=str(self.rng.choice(["spam", "other"])))

    def claim(self) -> None:
        self.floor.act(commands.Claim, lead=self._any(lambda one: one.pool is not None).id, by=self._rep())

    def transfer(self) -> None:
        self.floor.act(commands.Transfer, lead=self._held().id, to=self._rep())

    def approve(self) -> None:
        to = self._rep() if self.rng.random() < 0.5 else None
        self.floor.act(commands.Approve, lead=self._any(lambda one: one.review is not None).id, to=to)

    def close(self) -> None:
        self.floor.act(commands.Close, lead=self._any(lambda one: one.is_open).id, reason="spam")

    def win(self) -> None:
        self.floor.act(commands.Win, lead=self._held().id, value=5.0)

    def lose(self) -> None:
        self.floor.act(commands.Lose, lead=self._held().id)

    def merge(self) -> None:
        one, other = self._any(lambda one: one.is_open), self._any(lambda one: one.is_open)
        self.floor.act(commands.Merge, lead=one.id, into=other.id)

    def adjust(self) -> None:
        of = str(self.rng.choice(KINDS))
        self.floor.act(commands.AdjustCredit, rep=self._rep(), amount=2.5, reason="agreed", of=of)

    def leave(self) -> None:
        self.floor.act(commands.RepLeaves, rep=self._rep())

    def come_back(self) -> None:
        self.floor.act(commands.RepReturns, rep=self._rep())

    def join(self) -> None:
        self.floor.rep(f"R-new-{self.n_leads}", max_open=2)

    def be_away(self) -> None:
        end, name = self.floor.now + 8 * DAY, f"V-{self.floor.now}"
        self.floor.act(commands.SetAbsence, rep=self._rep(), absence=name, start=self.floor.now, end=end)
        self.floor.act(commands.BeginAbsence, absence=name)

    def fall_due(self) -> None:
        self.floor.act(commands.FireAll, leads=tuple(lead.id for lead in self._all(lambda one: one.is_open)))

    def undo(self) -> None:
        lead = self._any(lambda one: True)
        self.floor.act(commands.Undo, lead=lead.id, of=lead.seq)

    asks: ClassVar[dict[str, Callable[["Acts"], None]]] = {
        name: act
        for name, act in list(locals().items())
        if callable(act) and not name.startswith("_") and name != "step"
    }

    def _rep(self) -> str:
        return str(self.rng.choice([rep.id for rep in self.floor.book.find(Rep, Where())]))

    def _held(self) -> Lead:
        return self._any(lambda one: one.is_held)

    def _any(self, holds: Callable[[Lead], bool]) -> Lead:
        found = self._all(holds)
        if not found:
            raise Denied("nothing", "there is no such lead")
        return found[int(self.rng.integers(len(found)))]

    def _all(self, holds: Callable[[Lead], bool]) -> list[Lead]:
        return [lead for lead in self.floor.book.find(Lead, Where()) if holds(lead)]


def check(acts: Acts) -> None:
    """Every kind adds up to nothing, the house included; and who stays out is owed what managers adjusted alone."""
    book, now = acts.floor.book, acts.floor.now
    accounts = book.find(Credit, Where())
    for of in KINDS:
        total = sum(credit.balance(book, one.rep, of, now) for one in accounts if one.of == of)
        assert total == pytest.approx(0.0, abs=1e-9)
    if "adjust" not in acts.done:
        assert all(one.amount == 0.0 for one in accounts if one.rep == "R-out")


@given(st.integers(0, 10**9))
@examples(5)
def test_credit_adds_up_to_nothing_after_every_act(seed: int) -> None:
    acts = Acts(seed)
    acts.receive()
    for _ in range(40):
        acts.step()
        check(acts)


def test_every_act_happens_on_some_day() -> None:
    done: dict[str, int] = {}
    for seed in range(12):
        acts = Acts(seed)
        for _ in range(60):
            acts.step()
        done = {name: done.get(name, 0) + acts.done.get(name, 0) for name in Acts.asks}
    assert min(done.values()) > 0, done
