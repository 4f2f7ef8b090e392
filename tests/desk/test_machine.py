"""A desk at which anybody asks for anything at any time: what must always hold does, in the file and in memory."""

import json
import warnings
from dataclasses import fields, replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from leadopt import Fairness, Policy
from leadopt.desk.log.moments import moment_of
from leadopt.desk.work.results import Result
from leadopt.errors import InvalidInput, UnknownReps
from leadopt.lifecycle import bars, commands
from leadopt.lifecycle.book import Overlay, Where
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.decide import decide
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.due import deadline, due_of, timing
from leadopt.lifecycle.records import Absence, Lead
from tests import FUZZ
from tests.desk.invariants import ALWAYS, NOW_AND_THEN
from tests.desk.small_world import REPS, RULES, WORTHS, Watched
from tests.desk.truth import HELD, OPEN

MOST = 12  # leads
STEPS = 50
EVERY, NOW = Where(), Duration(0, "minutes")
SECRET = "0171-secret-"  # in what came in of a lead
POLICIES = {
    "usual": Policy(),
    "by segment": Policy(segment_by=("segment",)),
    "by tier, even": Policy(segment_by=("tier", "segment"), fairness=Fairness()),
}

minutes, hours, days = (lambda n, unit=unit: timedelta(**{unit: n}) for unit in ("minutes", "hours", "days"))
JUMPS = st.sampled_from(
    [timedelta()] * 8
    + [minutes(1), minutes(40), hours(1), hours(2), hours(5), hours(9), days(1), days(1), days(3), days(7), days(16)]
    + [timedelta(seconds=-1), timedelta(seconds=-30), hours(-3), days(-2)]
)
ANY = st.integers(0, MOST - 1)
WHO = st.sampled_from(REPS)
MAYBE_WHO = st.sampled_from([None, *REPS])
SEGMENTS, TIERS = st.sampled_from(["x", "y", None]), st.sampled_from(["key", "other", "other", "other"])
ACCOUNTS = st.sampled_from([None, None, "Acme", "Bmw"])
REASONS = st.sampled_from(["wrong_segment", "spam", "no_time"])
OVERRIDES = st.sampled_from([None, None, "knows_customer"])
AGO = st.sampled_from([None, None, minutes(5), hours(1), hours(5), hours(20), days(2), minutes(-5)])
LATER = st.sampled_from([hours(1), days(1), days(9), days(200), hours(-1)])
KINDS = st.sampled_from(["call", "call", "email", "note"])
TWINS = st.sampled_from([None, None, None, None, 0, 1])
STARTS, LENGTHS = (
    st.sampled_from([days(-1), hours(0), hours(1), days(2)]),
    st.sampled_from([hours(1), days(1), days(8)]),
)
SELDOM = st.sampled_from([False, False, True])
STAGES = st.sampled_from([*HELD, "new", "pool", "parked", "won", "lost", "closed", "odd"])
OWNERS = st.sampled_from([*REPS, "Zoe", None])
KEYS = st.sampled_from([None, None, None, "again"])


class DeskMachine(RuleBasedStateMachine):
    """Everything that feeds, reps, managers, the system and administrators ask of a desk."""

    def __init__(self):
        super().__init__()
        self.desk, self.keys, self.seen, self.steps = Watched(), 0, {}, 0
        self.shown, self.kept = {}, self.desk.truth.seq
        self.erased, self.plans, self.results = [], [], []

    def teardown(self):
        for check in NOW_AND_THEN:
            check(self.desk)
        self.what_was_shown_is_shown_of_then()
        self.desk.close()

    # ---- helpers

    def ask(self, jump, work, *, key=None):
        """Let time pass, do something, and hold the answer against the same once more if it has a key."""
        self.desk.clock.now += jump
        if key is not None:
            self.keys += 1
            key = f"{key}-{self.keys}"
        before = self.desk.truth.seq
        got = self.desk.ask(lambda desk: work(desk, key))
        if key is not None:
            end, new = self.desk.truth.seq, self.desk.new
            same = self.desk.ask(lambda desk: work(desk, key))
            assert plain(same) == plain(got), "the same key got another answer"
            assert self.desk.truth.seq == end, "the same key made something happen"
            self.desk.new = new
        several = [got] if isinstance(got, Result) else list(got) if got is not None else []
        self.results += [one for one in several if isinstance(one, Result)]
        for one in several:
            if isinstance(one, Result):
                self.reads_well(one)
                assert one.ok or self.desk.truth.seq == before or got is not one, (one, "was denied, and happened")
        return got

    def reads_well(self, result):
        """An answer is one sentence in the user's ids, and who is refused is told what mends it."""
        for said in (result.sentence, result.remedy):
            assert not any(key in said for key in self.desk.truth.reps), result
            assert not any(key in said for key in self.desk.truth.leads if key not in self.desk.truth.erased), result
        assert result.sentence, result
        assert result.ok or result.remedy or "for good" in result.sentence, result

    def lead(self, n, *stages):
        """Return what a lead is called: one of some stages, if there is any."""
        alive = [one for one in self.desk.leads() if one.id not in self.desk.truth.erased]
        found = [one for one in alive if one.stage in stages] or alive
        return self.desk.called(found[n % len(found)].id) if found else 99

    def owner(self, lead):
        """Return what the owner of a lead is called, else the first rep."""
        found = next((one for one in self.desk.leads() if self.desk.called(one.id) == lead), None)
        return "Ann" if found is None or found.owner is None else self.desk.called(found.owner)

    def at(self, ago):
        return None if ago is None else self.desk.clock.now - ago

    # ---- feeds

    @rule(jump=JUMPS, segment=SEGMENTS, tier=TIERS, account=ACCOUNTS, twin=TWINS, n=ANY, key=KEYS, off=st.booleans())
    def receive(self, jump, segment, tier, account, twin, n, key, off):
        came = len(self.desk.truth.leads)
        row = {"lead_id": came if came < MOST else self.lead(n), "segment": segment, "tier": tier, "account": account}
        row |= {"phone": f"{SECRET}{row['lead_id']}", "no_contact": off and n == 3}
        if twin is not None and came < MOST:
            row["email"] = f"{SECRET}{twin}@x.de"
        self.ask(jump, lambda desk, key: desk.receive([row], key=key), key=key)

    @rule(jump=JUMPS, n=ANY, segment=SEGMENTS, account=ACCOUNTS, off=st.booleans())
    def change(self, jump, n, segment, account, off):
        row = {"lead_id": self.lead(n, *HELD), "segment": segment, "account": account, "no_contact": off and n == 3}
        row["tier"] = "other"
        self.ask(jump, lambda desk, _: desk.receive(row))

    @rule(jump=JUMPS, n=ANY, ago=AGO, kind=KINDS, rep=MAYBE_WHO, key=KEYS)
    def report(self, jump, n, ago, kind, rep, key):
        lead = self.lead(n, *HELD)
        at = self.at(ago)
        self.ask(jump, lambda desk, key: desk.follow_up(lead, kind=kind, occurred_at=at, rep=rep, key=key), key=key)

    @rule(jump=JUMPS, n=ANY, rep=MAYBE_WHO)
    def complain(self, jump, n, rep):
        lead = self.lead(n)
        self.ask(jump, lambda desk, _: desk.complain(lead, rep=rep))

    @rule(jump=JUMPS, n=ANY, rep=MAYBE_WHO, ago=AGO, value=st.sampled_from([None, 10.0, 0]))
    def won(self, jump, n, rep, ago, value):
        lead, at = self.lead(n), self.at(ago)
        self.ask(jump, lambda desk, _: desk.won(lead, value=value, rep=rep, occurred_at=at))

    @rule(jump=JUMPS, n=ANY, ago=AGO)
    def lost(self, jump, n, ago):
        lead, at = self.lead(n), self.at(ago)
        self.ask(jump, lambda desk, _: desk.lost(lead, occurred_at=at))

    @rule(n=ANY, first=AGO, second=AGO, outcome=st.sampled_from(["follow_up", "both", "won", "lost"]))
    def two_feeds_report_in_either_order(self, n, first, second, outcome):
        """9: where what they tell occurred at different moments, it does not matter whose arrives first."""
        leads = self.desk.leads(*HELD)
        if first == second or not leads:
            return
        lead, now = leads[n % len(leads)], self.desk.now
        told = [now - int(((ago or timedelta()).total_seconds()) * 1e6) for ago in (first, second)]
        if any(not lead.started <= at <= now for at in told):
            return
        ends = [self.after(lead, order, outcome, now) for order in (told, told[::-1])]
        assert ends[0] == ends[1]

    def after(self, lead, order, outcome, now):
        """Return where a lead is after reports in some order; nothing of it is kept."""
        book = Overlay(self.desk.book)
        for at in order:
            facts = {"by": "feed", "role": "feed", "lead": lead.id, "occurred_at": at}
            if outcome == "follow_up":
                command = commands.FollowUp(**facts, kind="call")
            elif outcome == "won" or (outcome == "both" and at == max(order)):
                command = commands.Win(**facts, value=5.0)
            else:
                command = commands.Lose(**facts, reason=str(at))
            try:
                draft = decide(book, command, now, WORTHS)
            except Denied as denied:
                return denied.code
            for record in draft.book.changes():
                book.put(record)
            for one in draft.happened:
                book.log(*one)
        found = book.get(Lead, lead.id)
        due = deadline(found, timing(book, found, now)) if found.is_held else None
        return found.stage, found.first_at, found.last_at, found.outcome_at, found.owner, found.reason, due

    # ---- reps

    @rule(jump=JUMPS, n=ANY, kind=KINDS, key=KEYS)
    def follow_up(self, jump, n, kind, key):
        lead = self.lead(n, *HELD)
        who, before = self.owner(lead), self.due_of(lead)
        got = self.ask(jump, lambda desk, key: desk.follow_up(lead, by=who, kind=kind, key=key), key=key)
        after = self.due_of(lead)
        if got.ok and before is not None and before[1] == (after or before)[1]:
            never = after is None or after[0] is None
            assert never or (before[0] is not None and after[0] >= before[0]), (before, after, got)

    def due_of(self, lead):
        """Return deadline and rules of a lead."""
        found = next((one for one in self.desk.leads(*HELD) if self.desk.called(one.id) == lead), None)
        return None if found is None else (deadline(found, timing(self.desk.book, found, self.desk.now)), found.rules)

    @rule(jump=JUMPS, n=ANY, who=MAYBE_WHO, reason=REASONS)
    def refuse(self, jump, n, who, reason):
        lead = self.lead(n, "assigned")
        by = who or self.owner(lead)
        self.ask(jump, lambda desk, _: desk.refuse(lead, by=by, reason=reason))

    @rule(jump=JUMPS, n=ANY, reason=REASONS, pool=st.sampled_from([None, None, "east", "main", "north"]))
    def release(self, jump, n, reason, pool):
        lead = self.lead(n, *HELD)
        by = self.owner(lead)
        self.ask(jump, lambda desk, _: desk.release(lead, by=by, reason=reason, pool=pool))

    @rule(jump=JUMPS, n=ANY, who=WHO, key=KEYS)
    def claim(self, jump, n, who, key):
        lead = self.lead(n, "pool")
        self.ask(jump, lambda desk, key: desk.claim(lead, by=who, key=key), key=key)

    # ---- managers

    @rule(jump=JUMPS, n=ANY, to=MAYBE_WHO, override=OVERRIDES)
    def approve(self, jump, n, to, override):
        lead = self.lead(n, "review")
        self.ask(jump, lambda desk, _: desk.approve(lead, to=to, override=override))

    @rule(jump=JUMPS, n=ANY)
    def decline(self, jump, n):
        lead = self.lead(n, "review")
        self.ask(jump, lambda desk, _: desk.decline(lead, reason="no"))

    @rule(jump=JUMPS, n=ANY, to=WHO, override=OVERRIDES)
    def assign(self, jump, n, to, override):
        lead = self.lead(n, "new", "pool", "review")
        self.ask(jump, lambda desk, _: desk.assign(lead, to=to, override=override))

    @rule(jump=JUMPS, ns=st.lists(ANY, min_size=1, max_size=3), to=WHO, override=OVERRIDES)
    def transfer(self, jump, ns, to, override):
        leads = [self.lead(n, *HELD) for n in ns]
        self.ask(jump, lambda desk, _: desk.transfer(leads, to=to, override=override, by="Mia"))

    @rule(jump=JUMPS, n=ANY, later=LATER)
    def park(self, jump, n, later):
        lead, until = self.lead(n, *OPEN), self.desk.clock.now + later
        self.ask(jump, lambda desk, _: desk.park(lead, until=until, reason="not_now"))

    @rule(jump=JUMPS, n=ANY)
    def unpark(self, jump, n):
        lead = self.lead(n, "parked")
        self.ask(jump, lambda desk, _: desk.unpark(lead))

    @rule(jump=JUMPS, n=ANY, later=LATER)
    def protect(self, jump, n, later):
        lead, until = self.lead(n, *HELD), self.desk.clock.now + later
        self.ask(jump, lambda desk, _: desk.protect(lead, until=until))

    @rule(jump=JUMPS, n=ANY, m=ANY)
    def merge(self, jump, n, m):
        lead, into = self.lead(n, *OPEN), self.lead(m, *OPEN)
        self.ask(jump, lambda desk, _: desk.merge(lead, into=into))

    @rule(jump=JUMPS, n=ANY, reason=REASONS)
    def close(self, jump, n, reason):
        lead = self.lead(n, "review")
        self.ask(jump, lambda desk, _: desk.close_lead(lead, reason=reason))

    @rule(jump=JUMPS, n=ANY)
    def reopen(self, jump, n):
        lead = self.lead(n, "won", "lost", "closed")
        self.ask(jump, lambda desk, _: desk.reopen(lead))

    @rule(jump=JUMPS, n=ANY, who=WHO)
    def lift_bar(self, jump, n, who):
        lead = self.lead(n)
        self.ask(jump, lambda desk, _: desk.lift_bar(lead, rep=who))

    @rule(jump=JUMPS, n=ANY, pool=st.sampled_from([None, None, "east", "north"]))
    def to_pool(self, jump, n, pool):
        lead = self.lead(n, "new", "review", "pool")
        self.ask(jump, lambda desk, _: desk.to_pool(lead, pool=pool))

    @rule(jump=JUMPS, who=WHO, most=st.sampled_from([None, 0, 1]))
    def relieve(self, jump, who, most):
        self.ask(jump, lambda desk, _: desk.relieve(who, most=most))

    @rule(jump=JUMPS, who=WHO, amount=st.sampled_from([-2.0, 0, 1.5]))
    def adjust_credit(self, jump, who, amount):
        self.ask(jump, lambda desk, _: desk.adjust_credit(who, amount=amount, reason="swap"))

    @rule(jump=JUMPS, back=st.integers(1, 5))
    def undo(self, jump, back):
        """27: what is undone is as it was, and both acts stay in the log."""
        done = [one for one in self.results if one.seq is not None]
        if not done:
            return
        of = done[-min(back, len(done))]
        self.ask(jump, lambda desk, _: desk.undo(of))
        self.is_as_before()

    @rule(jump=JUMPS, seq=st.integers(1, 400))
    def undo_anything(self, jump, seq):
        self.ask(jump, lambda desk, _: desk.undo(seq))
        self.is_as_before()

    @rule(jump=JUMPS, size=st.integers(2, 5), last_first=st.booleans())
    def undo_some(self, jump, size, last_first):
        """27: of several acts at once each is taken back by itself, or it is said why not."""
        done = [one.seq for one in self.results if one.seq is not None][-size:]
        of = done[::-1] if last_first else done
        got = self.ask(jump, lambda desk, _: desk.undo(of))
        assert len(got) == len(of)
        self.is_as_before()

    def is_as_before(self):
        moved = ("version", "seq", "not_before", "look_at", "due_at")
        undone = (json.loads(record.body) for record in self.desk.new if record.kind == "undone")
        for body in {body["lead"]: body for body in undone}.values():  # the last one of each lead
            now = self.desk.book.get(Lead, body["lead"])
            was = self.seen[body["lead"]]
            before = [lead for lead in was if lead.seq < body["of"]][-1]
            same = {name: getattr(before, name) for name in moved}
            assert replace(now, **same) == before, (now, before)

    # ---- the system

    @rule(jump=JUMPS, whole=st.booleans(), n=ANY)
    def place(self, jump, whole, n):
        """21: whom eligibility and bars leave nobody is under review."""
        lead = self.lead(n, "new", "pool")
        self.ask(jump, lambda desk, _: desk.place(None if whole else [lead]))
        book = self.desk.book
        for one in self.desk.leads("new", "pool") if self.desk.new else ():
            if not whole and self.desk.called(one.id) != lead:
                continue
            if one.stage == "pool" and whole:
                continue
            draft = Draft(book, commands.Place(by="x", role="system", leads=()), self.desk.now, WORTHS)
            able = WORTHS.offers([one], draft.reps())[one.id]
            left = [rep for rep in draft.reps() if rep.id in able and not barred(draft, one, rep)]
            assert left, f"nobody is left for {one}, and it is {one.stage}"

    @rule(jump=JUMPS)
    def run_due(self, jump):
        """10, 12: what is due happens, all of it and once."""
        self.ask(jump, lambda desk, _: desk.run_due())
        book, now = self.desk.book, self.desk.now
        for lead in self.desk.leads(*OPEN):
            due = due_of(book, lead, now)
            assert due.what == "tell" or due.at > now or lead.seq > self.desk.new[0].seq - 1, (lead, due)
        for absence in book.find(Absence, EVERY):
            assert absence.begun or absence.cancelled or absence.start > now

    @rule()
    def run_twice(self):
        self.ask(timedelta(), lambda desk, _: desk.run_due())
        self.ask(timedelta(), lambda desk, _: desk.run_due())
        self.ask(timedelta(), lambda desk, _: desk.run_due())
        at_once = any(rules.follow.first_within == NOW for rules in self.desk.truth.rules.values())
        assert at_once or not self.desk.new, [record.kind for record in self.desk.new]

    @rule(jump=JUMPS)
    def plan(self, jump):
        """22: all leads that nobody owns and nobody is waited for are offered to each plan."""
        self.desk.clock.now += jump
        now = self.desk.now
        free = {one.id for one in self.desk.leads("new", "pool") if not (one.waits_until or 0) > now}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownReps)  # all that have a past have left
            plan = self.desk.desk.plan()
        assert {lead.id for lead in plan.leads} == free
        assert [lead.received_at for lead in plan.leads] == sorted(lead.received_at for lead in plan.leads)
        self.plans.append(plan)

    @rule(jump=JUMPS, back=st.integers(1, 2))
    def apply(self, jump, back):
        if self.plans:
            plan = self.plans[-min(back, len(self.plans))]
            self.ask(jump, lambda desk, _: desk.apply(plan))

    @rule(jump=JUMPS, acknowledged=st.booleans())
    def messages(self, jump, acknowledged):
        """30: what may go out is told until it is acknowledged, with the same id on each try."""
        self.desk.clock.now += jump
        desk = self.desk.desk
        first, second = list(desk.messages()), list(desk.messages())
        assert first == second
        if acknowledged and first:
            assert desk.ack([one["id"] for one in first]) == len(first)
            assert not list(desk.messages())

    # ---- administration

    @rule(jump=JUMPS, who=WHO, most=st.sampled_from([0, 1, 2, 3, None]))
    def reps(self, jump, who, most):
        team = {"Ann": "east", "Bo": "east"}.get(who, "west")
        row = {
            "rep_id": who,
            "team": team,
            "tags": who,
            "max_open": most,
            "hired_on": "2026-03-01" if most == 2 else None,
        }
        self.ask(jump, lambda desk, _: desk.reps(row))

    @rule(jump=JUMPS, who=WHO)
    def rep_leaves(self, jump, who):
        self.ask(jump, lambda desk, _: desk.rep_leaves(who))

    @rule(jump=JUMPS, who=WHO)
    def rep_returns(self, jump, who):
        self.ask(jump, lambda desk, _: desk.rep_returns(who))

    @rule(jump=JUMPS, who=WHO, key=KEYS)
    def rename_rep(self, jump, who, key):
        """Nothing but names changes: there and back again, so that the other rules find everybody."""
        got = self.ask(jump, lambda desk, key: desk.rename_rep(who, f"{who} Lee", key=key), key=key)
        back = self.ask(jump, lambda desk, key: desk.rename_rep(f"{who} Lee", who, key=key), key=key)
        assert (got.code, back.code) == ("done", "done")

    @rule(jump=JUMPS, who=WHO, start=STARTS, length=LENGTHS, cancelled=SELDOM)
    def absence(self, jump, who, start, length, cancelled):
        """13: an absence shortens nothing."""
        before = {lead.id: lead for lead in self.desk.leads(*HELD)}
        dues = {one: deadline(lead, timing(self.desk.book, lead, self.desk.now)) for one, lead in before.items()}
        begin = self.desk.clock.now.replace(minute=0, second=0) + start
        known = {(one.rep, one.start) for one in self.desk.book.find(Absence, EVERY)}
        self.ask(jump, lambda desk, _: desk.absence(who, begin, begin + length, cancelled=cancelled))
        fresh = (self.desk.reps[who], int(begin.timestamp() * 1e6)) not in known
        for lead in self.desk.leads(*HELD) if fresh else ():
            if lead.id in dues and lead.started == before[lead.id].started and dues[lead.id] is not None:
                assert deadline(lead, timing(self.desk.book, lead, self.desk.now)) >= dues[lead.id], (lead, dues)

    @rule(jump=JUMPS, name=st.sampled_from(sorted(RULES)), later=st.sampled_from([None, None, hours(1), days(2)]))
    def set_rules(self, jump, name, later):
        """15: other rules bring no deadline nearer, and none into the past."""
        self.desk.clock.now += jump
        before = {
            lead.id: (lead, deadline(lead, timing(self.desk.book, lead, self.desk.now)))
            for lead in self.desk.leads(*HELD)
        }
        starts_at = None if later is None else self.desk.clock.now + later
        self.ask(timedelta(), lambda desk, _: desk.rules(RULES[name], starts_at=starts_at))
        for lead in self.desk.leads(*HELD):
            was, by = before[lead.id]
            now = deadline(lead, timing(self.desk.book, lead, self.desk.now))
            assert was == lead
            assert by == now or (by is not None and now is not None and now >= by), (by, now, lead)

    @rule(jump=JUMPS, stage=STAGES, who=OWNERS)
    def import_(self, jump, stage, who):
        """34: the same file twice does nothing the second time, and a row that is wrong is refused by itself."""
        came = len(self.desk.truth.leads)
        if came >= MOST:
            return
        rows = [
            {
                "lead_id": came,
                "stage": stage,
                "rep_id": who,
                "segment": "x",
                "tier": "other",
                "phone": f"{SECRET}{came}",
            },
            {"lead_id": None, "stage": "new", "rep_id": None, "segment": "x", "tier": "other", "phone": None},
        ]
        got = self.ask(jump, lambda desk, _: desk.import_(rows))
        assert got[0].ok == (stage != "odd")
        assert not got[1].ok
        end = self.desk.truth.seq
        self.ask(timedelta(), lambda desk, _: desk.import_(rows))
        assert self.desk.truth.seq == end

    @rule(jump=JUMPS, name=st.sampled_from(sorted(POLICIES)))
    def set_policy(self, jump, name):
        """Another policy is in force at once, and no lead moves by it."""
        before = {lead.id: lead for lead in self.desk.leads()}
        self.ask(jump, lambda desk, _: desk.policy(POLICIES[name]))
        assert self.desk.desk.policy() == POLICIES[name]
        assert {lead.id: lead for lead in self.desk.leads()} == before

    @rule(jump=JUMPS)
    def rebuild(self, jump):
        """4: what is made anew from the log is as it was, and all goes on from there."""
        self.desk.clock.now += jump
        assert self.desk.desk.rebuild().ok

    @rule(jump=JUMPS, n=ANY)
    def export(self, jump, n):
        """An export tells of a person, of each copy, and of nobody else; nothing happens by it."""
        self.desk.clock.now += jump
        lead, end = self.lead(n), self.desk.truth.seq
        if lead == 99:
            return
        told = self.desk.desk.export(lead)
        key = next(one.id for one in self.desk.leads() if self.desk.called(one.id) == lead)
        family = {one for one in self.desk.truth.leads if self.lives_on(one) == self.lives_on(key)}
        assert {one["id"] for one in json.loads(told)["leads"]} == {self.desk.called(one) for one in family}
        assert self.desk.truth.seq == end

    def lives_on(self, lead):
        while lead in self.desk.truth.merged:
            lead = self.desk.truth.merged[lead]
        return lead

    @rule(jump=JUMPS, n=ANY, really=SELDOM)
    def erase(self, jump, n, really):
        """29: no byte of what told whose a lead was is left."""
        lead = self.lead(n)
        if not really or lead == 99:
            return
        exported = self.desk.desk.export(lead)
        self.ask(jump, lambda desk, _: desk.erase(lead))
        gone = [one["columns"].get("phone") for one in json.loads(exported)["leads"]]
        left = self.desk.bytes()
        for phone in filter(None, gone):
            assert f'"{phone}"'.encode() not in left, phone

    # ---- after each step

    @invariant()
    def what_must_hold_holds(self):
        self.steps += 1
        for check in ALWAYS:
            check(self.desk)
        if self.steps % 25 == 0:
            for check in NOW_AND_THEN:
                check(self.desk)
        for lead in self.desk.leads():
            was = self.seen.setdefault(lead.id, [])
            if not was or was[-1] != lead:
                was.append(lead)
        self.a_rep_sees_no_hidden_field_of_anothers_lead()
        self.keep_what_is_shown()

    def a_rep_sees_no_hidden_field_of_anothers_lead(self):
        """28."""
        if self.steps % 25:
            return
        for lead in self.desk.leads():
            if lead.id in self.desk.truth.erased:
                continue
            name = self.desk.called(lead.id)
            for who, rep in self.desk.reps.items():
                shown = self.desk.desk.lead(name, by=who).to_json()
                assert SECRET not in shown or lead.owner == rep, (lead, who)
        for who in REPS:
            for pool in ("main", "east"):
                try:
                    shown = self.desk.desk.pool(pool, by=who)
                except InvalidInput:
                    assert pool == "east"
                    assert who in ("Cy", "Dee")
                    continue
                assert SECRET not in str(list(shown))

    def keep_what_is_shown(self):
        """Keep what is shown of a lead now, for `what_was_shown_is_shown_of_then`."""
        leads = [one for one in self.desk.leads() if one.id not in self.desk.truth.erased]
        now = self.desk.now
        last = self.desk.truth.seq
        if leads and self.steps % 3 == 0:
            lead = leads[self.steps % len(leads)]
            self.shown[lead.id, now] = self.desk.truth.seq, self.desk.desk.lead(self.desk.called(lead.id))
        first = self.desk.book.log()[self.kept][0].at if last > self.kept else now + 1  # maybe before what was shown
        self.kept = last
        self.shown = {key: one for key, one in self.shown.items() if key[1] < first or one[0] == last}

    def what_was_shown_is_shown_of_then(self):
        """6: at a moment that has gone by, a lead is shown as it was shown then."""
        for (lead, at), (_, shown) in self.shown.items():
            if lead in self.desk.truth.erased:
                continue
            then = self.desk.desk.at(moment_of(at)).lead(self.desk.called(lead))
            for name in (one.name for one in fields(shown) if one.name != "columns"):
                assert getattr(then, name) == getattr(shown, name), (
                    lead,
                    at,
                    name,
                    getattr(then, name),
                    getattr(shown, name),
                )


def barred(draft, lead, rep):
    denied = bars.why_not(draft, lead, rep)
    return denied is not None and denied.code in bars.BARS


def plain(got):
    return [got] if isinstance(got, Result) else list(got)


TestDesk = DeskMachine.TestCase
TestDesk.settings = settings(
    max_examples=FUZZ // STEPS or 40,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
