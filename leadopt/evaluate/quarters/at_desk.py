"""The same people and leads at a desk: planned twice a day, reminded, taken back, claimed, reviewed."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.evaluate.quarters import habits
from leadopt.evaluate.quarters.by_hand import DEALT_AT, ByHand, Stint
from leadopt.evaluate.quarters.habits import BAD, FOLLOWS, GIVES_UP, LOST, REFUSES, WON, Act
from leadopt.evaluate.quarters.held import AtDesk, Clock, Held
from leadopt.evaluate.quarters.hours import DAY, WEEK
from leadopt.evaluate.quarters.taken_over import ended_rows, lasting, open_rows, rep_rows
from leadopt.evaluate.quarters.world import World, lead_id

if TYPE_CHECKING:
    from leadopt.desk.desk import Desk

STEPS = (8.0, 11.0, 13.0, 15.0, 18.0)  # hours of a working day at which something is done at the desk
_WEEKEND, _NOON = (5, 6), 12.0
_NEVER = float("inf")
_AGAIN, _COMPLAINS = "again", "complains"
_LOOKS_AT_REVIEWS, _CLAIMS_AT = (11.0, 15.0), 11.0
_OVERRULES = 0.15  # share of key accounts for which the manager names another rep, who knows the customer
_CLAIMS_OF_ONE = 2


OnWeek = Callable[[int, "Counter[str]"], None]


def at_desk(world: World, past: ByHand, desk: Desk, clock: Clock, on_week: OnWeek | None = None) -> AtDesk:
    """Return what comes of the second quarter at a desk, which takes over what by hand has left.

    Parameters
    ----------
    world, past
        the floor, and what came of it by hand: what is open in the middle of it is taken over
    desk, clock
        new, with its rules and policy; and the clock that it was opened with
    on_week
        called after each week with its number and what happened in it
    """
    play = _Play(world, desk, clock)
    play.take_over(past)
    for week in range(world.setting.weeks):
        play.week(week)
        if on_week is not None:
            on_week(week, play.found.weeks[-1])
    clock.hours = world.end
    desk.run_due()
    return play.found


class _Play:
    """A quarter at a desk, step by step."""

    def __init__(self, world: World, desk: Desk, clock: Clock) -> None:
        self.world, self.desk, self.clock = world, desk, clock
        self.found = AtDesk(world=world, desk=desk, clock=clock)
        self.rep = {name: place for place, name in enumerate(world.people.names)}
        self.place = {lead_id(lead): lead for lead in range(len(world.arrived))}
        self.coming: list[tuple[float, int, int, int, Act]] = []  # when, which, lead, its turn, what
        self.n_acts = 0
        self.staff = sorted(self._staff(), key=lambda one: one[0])
        self.arrivals = [int(k) for k in np.flatnonzero(world.arrived >= world.middle)][::-1]

    # ---- what by hand has left

    def take_over(self, past: ByHand) -> None:
        """Take over reps, past leads and open leads, with who has them."""
        world, begin = self.world, self.world.middle
        self.clock.hours = begin
        people = world.people
        here = [rep for rep in self.rep.values() if people.joined[rep] < begin <= people.left[rep]]
        self.desk.reps(rep_rows(world, self.clock, here))
        last = {one.lead: one for one in past.stints if one.since < begin}
        ended = [one for one in last.values() if one.until < begin and one.exit in (WON, LOST)]
        came = [lead for lead in range(len(world.arrived)) if world.arrived[lead] < begin]
        opened = [lead for lead in came if lead not in {one.lead for one in ended}]
        self.desk.import_(open_rows(world, self.clock, opened, last, begin), ended_rows(world, self.clock, ended))
        for lead in opened:
            self._go_on(lead, last.get(lead), begin)

    def _go_on(self, lead: int, stint: Stint | None, begin: float) -> None:
        """Let the owner of a lead that was taken over do what the owner meant to do."""
        held = self.found.held[lead] = Held()
        mine = lasting(stint, begin)
        if stint is not None and stint.answered < begin:
            held.answered, held.tried = stint.answered, True
        if mine is None:
            return
        held.owner, held.mine = mine.rep, mine.first < begin
        held.had.add(mine.rep)
        if not held.mine:
            act = habits.answer(self.world, lead, mine.rep, mine.since)
            if act is not None:
                self._plan_act(lead, act._replace(at=max(act.at, begin + DEALT_AT[0])))
        elif not habits.slides(self.world, lead, mine.rep):
            self._work_on(lead, mine.rep, mine.first, begin)

    # ---- a week

    def week(self, number: int) -> None:
        """Let a week happen."""
        self.found.weeks.append(Counter())
        for day in range(5):
            for hour in STEPS:
                self.clock.hours = self.world.middle + number * WEEK + day * DAY + hour
                self._step(hour)
        for day in _WEEKEND:  # a scheduler has no weekend
            self.clock.hours = self.world.middle + number * WEEK + day * DAY + _NOON
            self._ran()

    def _step(self, hour: float) -> None:
        self._staffed()
        self._received()
        self._acted()
        if hour in _LOOKS_AT_REVIEWS:
            self._reviewed()
        if hour == _CLAIMS_AT:
            self._claimed()
        self._ran()
        if hour in DEALT_AT:
            plan = self.desk.plan()
            if len(plan.leads):
                self._count("given", sum(one.ok for one in self.desk.apply(plan)))
        if hour != STEPS[0]:
            self._heard()

    def _ran(self) -> None:
        for row in self.desk.run_due():
            self._note(row["kind"], row["seq"])

    def _count(self, what: str, n: int) -> None:
        self.found.weeks[-1][what] += n

    def _note(self, kind: str, seq: int | None) -> None:
        self._count(kind, 1)
        if seq is not None:
            self.found.events.setdefault(kind, []).append(seq)

    # ---- who is there

    def _staff(self) -> Iterable[tuple[float, str, int, float]]:
        """Yield who comes, leaves and falls ill in this quarter: when, what, who, until when."""
        people, begin, end = self.world.people, self.world.middle, self.world.end
        for rep in range(len(people.names)):
            if begin <= people.joined[rep] < end:
                yield float(people.joined[rep]), "joins", rep, _NEVER
            if begin <= people.left[rep] < end:
                yield float(people.left[rep]), "leaves", rep, _NEVER
            for first, last in people.away[rep]:
                here = people.joined[rep] <= first < people.left[rep]
                if here and last > begin and first < end:
                    yield max(first, begin), "ill", rep, last

    def _staffed(self) -> None:
        while self.staff and self.staff[0][0] <= self.clock.hours:
            begin, what, rep, end = self.staff.pop(0)
            name = self.world.people.names[rep]
            self._count(what, 1)
            if what == "joins":
                self.desk.reps(rep_rows(self.world, self.clock, [rep]))
            elif what == "leaves":
                self.desk.rep_leaves(name)
            else:
                self.desk.absence(name, self.clock.moment(begin), self.clock.moment(end))

    # ---- what comes in, and what reps do

    def _received(self) -> None:
        came = []
        while self.arrivals and self.world.arrived[self.arrivals[-1]] <= self.clock.hours:
            came.append(self.arrivals.pop())
        if not came:
            return
        self.desk.receive(self.world.rows(came))
        self._count("came", len(came))
        for lead in came:
            self.found.held[lead] = Held()
            at = habits.complaint(self.world, lead)
            if at < _NEVER:
                self._plan_act(lead, Act(_COMPLAINS, at))

    def _plan_act(self, lead: int, act: Act) -> None:
        if act.at < _NEVER:
            turn = -1 if act.what == _COMPLAINS else self.found.held[lead].turn
            heapq.heappush(self.coming, (act.at, self.n_acts, lead, turn, act))
            self.n_acts += 1

    def _acted(self) -> None:
        """Let happen what reps and customers meant to do by now, an act of each lead at a time, in order."""
        while acts := self._due():
            self._round(acts)

    def _due(self) -> dict[int, Act]:
        """Return the next act of each lead that is due, and keep the others for later."""
        found: dict[int, Act] = {}
        later = []
        while self.coming and self.coming[0][0] <= self.clock.hours:
            one = heapq.heappop(self.coming)
            _, _, lead, turn, act = one
            held = self.found.held[lead]
            if lead in found:
                later.append(one)
            elif not held.done and (turn == held.turn or act.what == _COMPLAINS):
                found[lead] = act
        for one in later:
            heapq.heappush(self.coming, one)
        return found

    def _round(self, acts: dict[int, Act]) -> None:
        """Let happen one act of each of some leads, those of a kind in one call."""
        for what, call in self._calls.items():
            of_kind = [(lead, act) for lead, act in acts.items() if act.what in what]
            if of_kind:
                for (lead, act), result in zip(of_kind, call(of_kind), strict=True):
                    if result.ok:
                        self._note(act.what, result.seq)
                        self._happened(lead, act)
                    elif act.what != _COMPLAINS:
                        self._count(f"denied {result.reason}", 1)

    @property
    def _calls(self) -> dict[tuple[str, ...], Callable[[list[tuple[int, Act]]], Any]]:
        desk = self.desk
        return {
            (FOLLOWS, _AGAIN): lambda acts: desk.follow_up(self._rows(acts, occurred_at=True, by=True), kind="call"),
            (REFUSES, BAD): lambda acts: [self._handed_back(*one) for one in acts],
            (GIVES_UP,): lambda acts: desk.release(self._rows(acts, by=True), reason="no_interest"),
            (WON,): lambda acts: desk.won(self._rows(acts, occurred_at=True, value=True)),
            (LOST,): lambda acts: desk.lost(self._rows(acts, occurred_at=True), reason="no_interest"),
            (_COMPLAINS,): lambda acts: [self._complained(lead) for lead, _ in acts],
        }

    def _rows(self, acts: Sequence[tuple[int, Act]], **wanted: bool) -> dict[str, list[Any]]:
        leads = [lead for lead, _ in acts]
        rows: dict[str, list[Any]] = {"lead_id": [lead_id(lead) for lead in leads]}
        if wanted.get("by"):
            rows["by"] = [self._owner(lead) for lead in leads]
        if wanted.get("occurred_at"):
            rows["occurred_at"] = [self.clock.moment(act.at) for _, act in acts]
        if wanted.get("value"):
            rows["value"] = [float(self.world.asked.value[lead]) for lead in leads]
        return rows

    def _owner(self, lead: int) -> str:
        owner = self.found.held[lead].owner
        return self.world.people.names[owner or 0]

    def _handed_back(self, lead: int, act: Act) -> Any:
        return self.desk.refuse(lead_id(lead), by=self._owner(lead), reason=act.reason)

    def _complained(self, lead: int) -> Any:
        held = self.found.held[lead]
        if held.answered < _NEVER or held.owner is None:
            return _Nothing
        return self.desk.complain(lead_id(lead))

    def _happened(self, lead: int, act: Act) -> None:
        held = self.found.held[lead]
        if act.what == FOLLOWS:
            held.answered, held.mine, held.tried = min(held.answered, act.at), True, True
            rep = held.owner or 0
            self.found.first_by.setdefault(lead, rep)
            if not habits.slides(self.world, lead, rep):
                self._work_on(lead, rep, act.at, act.at)
        elif act.what in (WON, LOST):
            held.done = True
            if act.what == WON:
                self.found.wins[lead] = act.at
        elif act.what == _COMPLAINS:
            self.found.complaints.add(lead)
        elif act.what != _AGAIN:
            self._lets_go(held)

    @staticmethod
    def _lets_go(held: Held) -> None:
        held.owner, held.turn = None, held.turn + 1

    def _work_on(self, lead: int, rep: int, since: float, now: float) -> None:
        """Let a rep who has answered a lead get in touch again now and then until it is won or lost."""
        held = self.found.held[lead]
        chance = habits.chance(self.world, lead, rep, held.answered, held.attempts)
        self.found.expected[lead] = 1.0 - (1.0 - self.found.expected.get(lead, 0.0)) * (1.0 - chance)
        end = habits.ending(self.world, lead, rep, since, held.answered, held.attempts)
        at = since + habits.EVERY_DAYS * DAY
        while at < min(end.at, self.world.end):
            if at >= now:
                self._plan_act(lead, Act(_AGAIN, self.world.people.acts(rep, at, 0.0)))
            at += habits.EVERY_DAYS * DAY
        self._plan_act(lead, end._replace(at=max(end.at, now)))

    # ---- messages

    def _heard(self) -> None:
        """Let reps read their messages: new leads, reminders, leads that are theirs no more."""
        while len(messages := self.desk.messages()):
            for one in messages:
                if one["to"] in self.rep and one["lead"] is not None:
                    since = self.clock.hours_at(one["not_before"])
                    self._told(one["kind"], self.place[one["lead"]], self.rep[one["to"]], since)
                self._count(f"message {one['kind']}", one["to"] in self.rep)
            self.desk.ack([one["id"] for one in messages])

    def _told(self, kind: str, lead: int, rep: int, since: float) -> None:
        held = self.found.held[lead]
        if kind == "assigned":
            if held.tried and held.owner != rep:
                held.attempts += 1
            held.tried = False
            held.owner, held.turn, held.mine = rep, held.turn + 1, False
            held.had.add(rep)
            act = habits.answer(self.world, lead, rep, since)
            if act is not None:
                self._plan_act(lead, act)
        elif held.owner != rep:
            return
        elif kind in ("reminder", "escalation"):
            self._reminded(lead, rep, since, 0 if kind == "reminder" else 1)
        elif kind in ("recalled", "reassigned", "transferred", "closed", "parked", "merged"):
            self._lets_go(held)

    def _reminded(self, lead: int, rep: int, since: float, time: int) -> None:
        """Let a rep who has forgotten a lead, or let it slide, remember it."""
        held = self.found.held[lead]
        if any(one[2] == lead and one[3] == held.turn for one in self.coming):
            return  # the rep means to do something about it anyway
        act = habits.heeded(self.world, lead, rep, since, time)
        if act is None:
            return
        if not held.mine:
            self._plan_act(lead, act)
        elif act.what == FOLLOWS and act.at < _NEVER:
            self._plan_act(lead, Act(_AGAIN, act.at))
            self._work_on(lead, rep, act.at, act.at)

    # ---- managers, and reps who look into the pool

    def _reviewed(self) -> None:
        for row in self.desk.reviews():
            lead = self.place[row["lead"]]
            if row["proposed"] is None:
                reason = "spam" if self.world.bad[lead] else "nobody_left"
                result: Any = self.desk.close_lead(row["lead"], reason=reason)
                self.found.held[lead].done |= result.ok
            else:
                result = self._approved(lead, str(row["proposed"]))
            self._note("review", result.seq)

    def _approved(self, lead: int, proposed: str) -> Any:
        """Return the answer to a proposal: yes, or another rep who knows the customer."""
        if self.world.luck.gives_up[lead, -1] < _OVERRULES:
            people = self.world.people
            others = [
                rep
                for rep in range(len(people.names))
                if people.is_there(rep, self.clock.hours)
                and self.world.speaks(rep, lead)
                and people.names[rep] != proposed
                and rep not in self.found.held[lead].had
            ]
            if others:
                to = people.names[others[lead % len(others)]]
                result: Any = self.desk.approve(lead_id(lead), to=to, override="knows_the_customer")
                if result.ok:
                    self._note("override", result.seq)
                    return result
        return self.desk.approve(lead_id(lead))

    def _claimed(self) -> None:
        """Let reps with little to do take leads of the pool that they can serve."""
        pool = [self.place[row["lead"]] for row in self.desk.pool() if _is_free(row, self.clock())]
        if not pool:
            return
        loads = Counter(one.owner for one in self.found.held.values() if not one.done and one.owner is not None)
        there = [rep for rep in self.rep.values() if self.world.people.is_there(rep, self.clock.hours)]
        idle = sorted(there, key=lambda rep: (loads[rep], rep))[: len(there) // 2]
        wanted = list(self._wanted(pool, idle))
        if not wanted:
            return
        rows = {
            "lead_id": [lead_id(lead) for lead, _ in wanted],
            "by": [self.world.people.names[rep] for _, rep in wanted],
        }
        results: Any = self.desk.claim(rows)
        for result in results:
            self._note("claim" if result.ok else "claim denied", result.seq)

    def _wanted(self, pool: list[int], idle: Sequence[int]) -> Iterable[tuple[int, int]]:
        for rep in idle:
            fit = [lead for lead in pool if self.world.speaks(rep, lead) and rep not in self.found.held[lead].had]
            for lead in sorted(fit, key=lambda one: (-self.world.asked.value[one], one))[:_CLAIMS_OF_ONE]:
                pool.remove(lead)
                yield lead, rep


class _Nothing:
    """The answer to a complaint that nobody makes, as somebody has answered."""

    ok = False


def _is_free(row: Any, now: datetime) -> bool:
    until = row["embargo_until"]
    return until is None or bool(until <= now)


LEARN_EVERY = timedelta(days=14)
"""Chances are learned anew every two weeks."""
