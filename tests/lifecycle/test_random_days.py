"""Random days of a small desk: whatever is asked for, and whenever, what must always hold does."""

import json
import random
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from leadopt.lifecycle import bars, commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.decide import decide
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.due import due_of
from leadopt.lifecycle.events import Assigned
from leadopt.lifecycle.records import Absence, Lead, Rep
from leadopt.lifecycle.stages import OPEN
from tests.lifecycle.moments import DAY, HOUR, MINUTE
from tests.lifecycle.worlds import World
from tests.strategies import examples

REPS = ("ann", "bo", "cy", "dee")
RULES = {
    "review": [{"name": "key", "where": {"tier": "key"}}],
    "pool": [{"name": "main", "default": True}, {"name": "east", "where": {"segment": "y"}}],
    "claim": {"embargo": "1 hour", "per_day": 2},
    "caps": {"per_day": 4},
    "cool_off": "2 days",
    "recall": {"for": [{"where": {"segment": "y"}, "first_within": "1 day", "to": "pool"}]},
    "restrict": [{"when": {"on_time": "< 0.9"}, "until": {"overdue": "<= 0"}, "then": {"new_leads": False}}],
    "reward": [{"when": {"on_time": ">= 0.95"}, "then": {"entitlement": 1.1, "claims_per_day": 1}}],
}
REASONS = ("wrong_segment", "spam", "no_time")


class Days:
    """A world in which somebody asks for something at random."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        gains = {(segment, rep): self.draw.choice([1.0, 2.0, 3.0]) for segment in "xy" for rep in REPS}
        self.world = World(REPS, max_open=3, rules=RULES, gains=gains, never={("y", "dee")}, checked=False)
        self.absences = self.steps = 0

    def step(self):
        world, draw = self.world, self.draw
        world.at += draw.choice([0, MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY, -HOUR])
        command = draw.choice(self.asks)(self)
        with suppress(Denied):
            self.held_against(decide(world.book, command, world.at, world.table), command)
            world.do(command)
        self.steps += 1
        if self.steps % 20 == 0:
            world.check()

    def held_against(self, draft, command):
        """Hold each assignment against the bars as they stood before it."""
        book = self.world.book
        for _, event in draft.happened:
            if isinstance(event, Assigned) and len(draft.happened) < 4:
                rep = book.get(Rep, event.rep)
                assert rep.left_at is None
                assert bars.absence_at(book, rep.id, draft.at) is None
                lead = book.get(Lead, event.lead)
                if lead is not None:
                    assert event.rep not in lead.refused_by | lead.complained_of
                    assert event.override or lead.cooling.get(event.rep, 0) <= draft.at

    # ---- what is asked for

    def lead(self):
        leads = [lead.id for lead in self.world.book.find(Lead, Where())]
        return self.draw.choice(leads) if leads else "L0"

    def rep(self):
        return self.draw.choice(REPS)

    def override(self):
        return self.draw.choice([None, "knows_customer"])

    def receive(self):
        lead = f"L{len(self.world.book.find(Lead, Where())) + 1}"
        columns = {"segment": self.draw.choice("xy"), "tier": self.draw.choice(["key", "other", "other"])}
        twins = (self.lead(),) if self.draw.random() < 0.2 and lead != "L1" else ()
        account = self.draw.choice([None, "acme", "bmw"])
        facts = {"columns": columns, "twins": twins, "account": account}
        return commands.Receive(by="form", role="feed", lead=lead, **facts)

    def change(self):
        columns = {"segment": self.draw.choice("xy")}
        return commands.Change(by="crm", role="feed", lead=self.lead(), columns=columns)

    def complain(self):
        return commands.Complain(by="crm", role="feed", lead=self.lead())

    def by_owner(self):
        lead = self.lead()
        owner = self.world.lead(lead).owner if self.world.lead(lead) else None
        name, facts = self.draw.choice(
            [
                ("FollowUp", {"kind": "call"}),
                ("Refuse", {"reason": self.draw.choice(REASONS)}),
                ("Release", {"reason": self.draw.choice(REASONS)}),
                ("Win", {"value": 10.0}),
                ("Lose", {}),
            ]
        )
        return self.world.by_rep(name, lead, owner or self.rep(), **facts)

    def outcome(self):
        lead, at = self.lead(), self.world.at - self.draw.choice([0, HOUR, 5 * HOUR])
        rep = self.draw.choice([None, self.rep()])
        win = commands.Win(
            by="crm", role="feed", lead=lead, rep=rep, occurred_at=at, value=self.draw.choice([1.0, 2.0])
        )
        return self.draw.choice([win, commands.Lose(by="crm", role="feed", lead=lead, occurred_at=at)])

    def late(self):
        lead, at = self.lead(), self.world.at - self.draw.choice([0, HOUR, 20 * HOUR, 2 * DAY])
        return commands.FollowUp(by="crm", role="feed", lead=lead, kind="email", occurred_at=at)

    def claim(self):
        return self.world.by_rep("Claim", self.lead(), self.rep())

    def by_manager(self):
        world, draw = self.world, self.draw
        later = world.at + draw.choice([HOUR, DAY, 9 * DAY])
        name, facts = draw.choice(
            [
                ("Approve", {"to": draw.choice([None, self.rep()]), "override": self.override()}),
                ("Decline", {"reason": "no"}),
                ("AssignTo", {"to": self.rep(), "override": self.override()}),
                ("Transfer", {"to": self.rep(), "override": self.override()}),
                ("Park", {"until": later, "reason": "not_now"}),
                ("Unpark", {}),
                ("Protect", {"until": later}),
                ("Merge", {"into": self.lead()}),
                ("Close", {"reason": "spam"}),
                ("Reopen", {}),
                ("LiftBar", {"rep": self.rep()}),
                ("Pool", {"pool": draw.choice([None, "east"])}),
            ]
        )
        return world.manager(name, self.lead(), **facts)

    def undo(self):
        lead = self.lead()
        past = list(self.world.book.history(lead))
        of = self.draw.choice(past[-4:])[0].seq if past else 1
        return self.world.manager("Undo", lead, of=of)

    def of_reps(self):
        world, draw, rep = self.world, self.draw, self.rep()
        self.absences += 1
        start = world.at + draw.choice([-DAY, 0, HOUR])
        dates = {"start": start, "end": start + draw.choice([HOUR, DAY, 8 * DAY])}
        admin = {"by": "root", "role": "admin", "rep": rep}
        return draw.choice(
            [
                world.manager("Relieve", rep=rep, most=draw.choice([None, 0, 1])),
                world.manager("AdjustCredit", rep=rep, amount=draw.choice([-2.0, 1.0]), reason="swap"),
                commands.SetAbsence(**admin, absence=f"A{self.absences}", **dates),
                commands.SetAbsence(**{**admin, "rep": "ann"}, absence="A0", **dates, cancelled=draw.random() < 0.5),
                commands.RepLeaves(**admin),
                commands.RepReturns(**admin),
                commands.RepReturns(**admin),
                commands.RenameRep(**admin),
                commands.SetRep(**admin, max_open=draw.choice([2, 3, None])),
            ]
        )

    def system(self):
        world = self.world
        leads = world.book.find(Lead, Where())
        due = tuple(one.id for one in leads if one.look_at is not None and one.look_at <= world.at)
        begun = [one.id for one in world.book.find(Absence, Where()) if not one.begun]
        choices = [
            world.system("FireAll", leads=due),
            world.system("FireAll", leads=due),
            world.system("Place", leads=tuple(one.id for one in leads)),
            world.system("BeginDay"),
            world.system("Resume", last_run=world.at - self.draw.choice([HOUR, 4 * DAY])),
            *(world.system("BeginAbsence", absence=absence) for absence in begun[:2]),
        ]
        return self.draw.choice(choices)

    def plan(self):
        lead = self.lead()
        found = self.world.lead(lead)
        rep = self.draw.choice([None, *REPS])
        facts = {"plan": "P1", "rep": rep, "why": self.draw.choice([None, "no_room"])}
        return self.world.system("ApplyPlanned", lead=lead, expect=found.version if found else None, **facts)

    asks = (
        *(receive, receive, receive, change, complain, by_owner, by_owner, by_owner, outcome, late, claim, claim),
        *(by_manager, by_manager, by_manager, undo, undo, of_reps, system, system, system, plan, plan),
    )


@examples(15)
@given(st.integers(0, 10**9))
def test_what_must_hold_holds_after_every_step(seed):
    days = Days(seed)
    for _ in range(60):
        loads = {rep.id: rep.open + rep.kept for rep in days.world.book.find(Rep, Where())}
        begun = len(days.world.book.log())
        days.step()
        happened = days.world.book.log()[begun:]
        freed = {event.kind for _, event in happened} & {"undone", "imported"}
        overridden = {event.rep for _, event in happened if getattr(event, "override", None)}
        for rep in days.world.book.find(Rep, Where()):
            over = rep.max_open is not None and rep.open + rep.kept > rep.max_open
            assert not over or rep.open + rep.kept <= loads[rep.id] or freed or rep.id in overridden


@examples(15)
@given(st.integers(0, 10**9))
def test_what_fires_is_due_no_more_and_is_never_lost(seed):
    days = Days(seed)
    for _ in range(40):
        days.step()
    world = days.world
    world.at = max(world.at, world.book.head()[1])
    leads = [lead for lead in world.book.find(Lead, Where()) if lead.stage in OPEN]
    for _ in range(2):  # a new owner of a short period is reminded at once
        world.do(world.system("FireAll", leads=tuple(lead.id for lead in leads)))
    for lead in leads:
        found = due_of(world.book, world.lead(lead.id), world.at)
        assert found is None or found.what == "tell" or found.at > world.at


def log_bytes(world):
    log = (
        (stamp.seq, stamp.at, stamp.cause, stamp.actor, event.kind, event.body()) for stamp, event in world.book.log()
    )
    return json.dumps(list(log), sort_keys=True).encode()


@examples(5)
@given(st.integers(0, 10**9))
def test_the_same_commands_make_the_same_log(seed):
    one, other = Days(seed), Days(seed)
    for _ in range(40):
        one.step()
        other.step()
    assert log_bytes(one.world) == log_bytes(other.world)


@examples(6)
@given(st.integers(0, 10**9))
def test_nobody_is_recalled_without_a_reminder_a_day_before(seed):
    days = Days(seed)
    days.asks = (*[Days.receive] * 2, *[Days.by_manager] * 2, *[Days.system] * 6, Days.of_reps, Days.late, Days.undo)
    for _ in range(60):
        days.step()
    reminded = {}
    for stamp, event in days.world.book.log():
        if event.kind == "reminded":
            reminded[event.lead, event.due] = stamp.at
        if event.kind == "recalled":
            assert reminded[event.lead, event.due] + DAY - HOUR <= stamp.at  # a day at the clock on the wall
