"""A small floor whose leads are handed out by plans: a book in memory, a clock, and a policy that learns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leadopt.desk.planning.applying import start_of, steps_of
from leadopt.desk.planning.history import history_of
from leadopt.desk.planning.learned import Learned, learned_from
from leadopt.desk.planning.plans import DeskPlan, make_plan
from leadopt.desk.planning.worths import LearnedWorths
from leadopt.lifecycle import commands, credit
from leadopt.lifecycle.book import MemoryBook, Where
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.decide import decide
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.records import Lead, Ownership, Rep
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy

DAY = 86_400_000_000  # microseconds
MONDAY = 20_458 * DAY + 9 * 3_600_000_000  # 2026-01-05, 09:00 UTC
NOTHING_FADES: Mapping[str, Any] = {"time": {"zone": "UTC"}, "credit": {"half_life": "off"}}


def called(key: str) -> str:
    """Return what a lead or rep of the floor is called."""
    return f"user's {key}"


@dataclass
class Floor:
    """A floor at work. `now` is its clock, `learned` what it knows: nothing, until `learn` is called."""

    policy: Policy = field(default_factory=Policy)
    settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING_FADES)
    now: int = MONDAY
    book: MemoryBook = field(default_factory=MemoryBook)
    learned: Learned = field(default_factory=Learned)
    n_plans: int = 0
    _worths: tuple[Any, LearnedWorths] | None = None

    def __post_init__(self) -> None:
        """Set the rules."""
        self.do(commands.SetRules(by="boss", role="admin", data=Rules.from_dict(self.settings).to_dict()))

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        return self.book.rules_at(self.now)

    @property
    def worths(self) -> LearnedWorths:
        """What leads are worth with whom now."""
        rules = Rules.from_dict(self.settings) if not self.book.log() else self.rules
        key = (id(self.learned), rules.fingerprint, rules.calendar.day(self.now))
        if self._worths is None or self._worths[0] != key:
            self._worths = key, LearnedWorths(self.policy, self.learned, rules, key[-1], self.book.find(Rep, Where()))
        return self._worths[1]

    def do(self, command: Command) -> Draft:
        """Do a command; one that is denied raises."""
        draft = decide(self.book, command, self.now, self.worths)
        for record in draft.book.changes():
            self.book.put(record)
        self.book.keep(draft.happened)
        return draft

    def reps(self, **max_open: int | None) -> None:
        """Let reps join who may have so many leads open."""
        for rep, most in max_open.items():
            self.rep(rep, max_open=most)

    def rep(self, rep: str, **known: Any) -> None:
        """Let a rep join."""
        self.do(commands.SetRep(by="boss", role="admin", rep=rep, **known))

    def receive(self, lead: str, **columns: Any) -> None:
        """Let a lead come in."""
        self.now += 1
        self.do(commands.Receive(by="feed", role="feed", lead=lead, columns=columns))

    def act(self, kind: type[Any], **given: Any) -> Draft:
        """Do a command of a rep, a manager or a feed, as its role says."""
        role = sorted(kind.roles)[0]
        return self.do(kind(**{"by": "somebody", "role": role, **given}))

    def learn(self) -> None:
        """Learn from what has happened so far."""
        leads, reps = self.book.find(Lead, Where()), self.book.find(Rep, Where())
        history = history_of(leads, called, self.rules.calendar, self.policy.columns)
        self.learned = learned_from(
            history,
            self.policy,
            on=self.rules.calendar.day(self.now),
            called={rep.id: called(rep.id) for rep in reps},
            sample=[lead.columns for lead in sorted(leads, key=lambda lead: lead.received_at)],
        )

    def plan(self, **asked: Any) -> DeskPlan:
        """Plan for all leads that nobody owns."""
        self.n_plans += 1
        given = {"plan_id": f"P-{self.n_plans}", **asked}
        return make_plan(self.book, called, self.policy, self.learned, self.now, **given)

    def apply(self, plan: DeskPlan) -> dict[str, str]:
        """Apply a plan, and return why leads were skipped."""
        self.do(start_of(plan))
        skipped = {}
        for step in steps_of(plan):
            try:
                self.do(step)
            except Denied as denied:
                skipped[step.lead] = denied.code
        self.do(commands.FinishPlan(by="s", role="system", plan=plan.id, applied=0, skipped=len(skipped)))
        return skipped

    def lead(self, lead: str) -> Lead:
        """Return a lead as it stands."""
        found = self.book.get(Lead, lead)
        assert found is not None
        return found

    def owed(self, of: str = "leads") -> dict[str, float]:
        """Return what every rep is owed."""
        return {rep.id: credit.balance(self.book, rep.id, of, self.now) for rep in self.book.find(Rep, Where())}

    def ownerships(self, lead: str) -> list[Ownership]:
        """Return who had a lead."""
        return self.book.find(Ownership, Where(lead=lead))


def end_some(floor: Floor, rng: np.random.Generator, share: float) -> None:
    """Let some of the leads that are held be won or lost."""
    held = [lead for lead in floor.book.find(Lead, Where()) if lead.is_held and rng.random() < share]
    for lead in held:
        if rng.random() < 0.4:
            floor.act(commands.Win, lead=lead.id, value=float(rng.integers(50, 500)))
        else:
            floor.act(commands.Lose, lead=lead.id)
