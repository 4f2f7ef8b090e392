"""What a log says of each lead and rep, told a second time from its bytes: shares nothing with `evolve`.

Each event is held, before it counts, against what stood in its way at that moment: bars, caps, absences. What it finds
is a list of faults in words.
"""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.rules import Rules

HELD = ("assigned", "working")
FREE = ("new", "review", "pool")
OPEN = (*HELD, *FREE, "parked")
ENDS = ("refused", "released", "recalled", "reassigned", "transferred")
COOLS = ("complaint", "overload")  # of the reasons for which a lead is taken off a rep


@dataclass
class Life:
    """A lead, as its events tell it."""

    stage: str = "new"
    owner: str | None = None
    since: int = 0
    started: int = 0
    begun: int = 0  # the event that began the ownership
    first: int | None = None
    last: int | None = None
    rules: str = ""
    columns: dict = field(default_factory=dict)
    refused: set = field(default_factory=set)
    complained: set = field(default_factory=set)
    cooling: dict = field(default_factory=dict)
    returned: int = 0
    proposed: str | None = None
    pool: str | None = None
    no_contact: bool = False
    protected: int = 0
    not_before: int = 0
    parked_until: int | None = None
    claimed_first: bool = False  # a review of a claim
    account: str | None = None


@dataclass
class Person:
    """A rep, as events tell it."""

    most: int | None = None
    tags: tuple = ()
    team: str | None = None
    left: bool = False
    hired_on: int | None = None
    absences: dict = field(default_factory=dict)
    conduct: dict = field(default_factory=dict)
    received: dict = field(default_factory=dict)  # local day -> the events that gave a lead
    claimed: dict = field(default_factory=dict)

    def away(self, at):
        return any(start <= at < end for start, end, cancelled in self.absences.values() if not cancelled)

    def in_force(self, at):
        return [one for one in self.conduct.values() if one["starts_at"] <= at]


HEARD = {  # kind of event -> who is to hear of it, as what
    "assigned": [("rep", "assigned")],
    "reminded": [("rep", "reminder")],
    "escalated": [("rep", "escalation"), ("manager", "escalation")],
    "recalled": [("rep", "recalled"), ("manager", "recalled")],
    "reassigned": [("rep", "reassigned")],
    "transferred": [("rep", "transferred")],
    "review_asked": [("manager", "review")],
    "complained": [("manager", "complaint")],
    "conduct_ended": [("rep", "conduct_ended")],
    "conduct_set": [("rep", "conduct"), ("manager", "conduct")],
    "told": [("manager", "open_leads")],
}
calendar_of = cache(Calendar)


def loads(life):
    """Return of whose room a lead takes a slot."""
    return life.owner if life.stage in HELD else life.proposed if life.stage == "review" else None


class Truth:
    """Everything that a log says, up to the last event that it was told."""

    def __init__(self):
        self.leads, self.reps, self.faults = {}, {}, []
        self.rules, self.files, self.seq, self.at = {}, [], 0, 0
        self.before = {}  # lead -> [(seq, the lead before that event)]
        self.reminded = {}  # (lead, begin of its ownership, which, due) -> when
        self.escalated, self.reps_of, self.merged, self.erased = set(), {}, {}, set()
        self.told = []  # messages that somebody is to hear: (seq, to, kind)
        self.kinds = []

    # ---- reading

    def tell(self, record):
        """Take one record of the log into account."""
        body = json.loads(record.body)
        if record.at < self.at:
            self.fault(record, "time went back")
        self.seq, self.at = record.seq, record.at
        self.kinds.append(record.kind)
        lead = body.get("lead")
        if lead in self.leads:
            self.before.setdefault(lead, []).append((record.seq, deepcopy(self.leads[lead])))
        if record.kind != "rules_set" and (record.rules or "") != self.in_force(record.at):
            self.fault(record, "decided by other rules than those in force")
        self.hears(record, body)
        getattr(self, f"on_{record.kind}", self.nothing)(record, body)

    def fault(self, record, what):
        self.faults.append(f"event {record.seq} ({record.kind}, {record.subject}): {what}")

    def in_force(self, at):
        begun = [fingerprint for starts_at, fingerprint in self.files if starts_at <= at]
        return begun[-1] if begun else ""

    def rules_at(self, at):
        return self.rules[self.in_force(at)]

    def life(self, body):
        return self.leads[body["lead"]]

    def load(self, rep):
        return sum(loads(one) == rep for one in self.leads.values())

    def most_open(self, rep, at):
        cap = self.rules_at(at).caps.open
        return self.reps[rep].most if isinstance(cap, str) else cap

    def day(self, at):
        return str(self.rules_at(at).calendar.day(at))

    def why_not(self, life, rep, at, *, override=False, claim=False, proposal=False):
        """Return what keeps a rep from a lead at a moment; None = nothing."""
        person, rules = self.reps[rep], self.rules_at(at)
        if person.left:
            return "has left"
        if rep in life.refused:
            return "refused it"
        if rep in life.complained:
            return "was complained of"
        if person.away(at):
            return "is away"
        if override:
            return None
        if life.cooling.get(rep, 0) > at:
            return "cools off"
        if any(one.get("no_new_leads") for one in person.in_force(at)):
            return "gets no new leads"
        most = self.most_open(rep, at)
        if most is not None and self.load(rep) >= most:
            return f"has {self.load(rep)} of {most}"
        got = len(person.received.get(self.day(at), ()))
        if rules.caps.per_day is not None and got >= rules.caps.per_day:
            return f"received {got} of {rules.caps.per_day} today"
        if claim:
            return self.why_no_claim(person, rules, at)
        return None

    def why_no_claim(self, person, rules, at):
        most, made = rules.claim.per_day, len(person.claimed.get(self.day(at), ()))
        least = [
            one["claims_per_day"]
            for one in person.in_force(at)
            if one["effect"] == "restrict" and one.get("claims_per_day") is not None
        ]
        if most is not None:
            most += sum(one.get("claims_per_day") or 0 for one in person.in_force(at) if one["effect"] == "reward")
        bounds = [one for one in (most if not least else rules.claim.per_day, *least) if one is not None]
        return f"claimed {made} of {min(bounds)}" if bounds and made >= min(bounds) else None

    def deadline(self, life, at, *, protected=True):
        """Return by when a lead is to be followed up, as is known at a moment; None = it is never due."""
        own = self.rules[life.rules]
        since = [self.rules[one] for starts_at, one in self.files if life.since <= starts_at <= at]
        added = {day for rules in since for day in rules.time.holidays}
        both = {tuple(own.time.holidays), tuple(sorted({*own.time.holidays, *added}))}
        calendars = [calendar_of(own.time.zone, own.time.hours, holidays) for holidays in both]
        ends = [self.by(life, calendar, protected=protected) for calendar in calendars]
        return None if None in ends else max(ends)

    def by(self, life, calendar, *, protected):
        """Return the same by a calendar."""
        periods = self.rules[life.rules].periods(life.columns)
        length = periods.first_within if life.first is None else periods.next_within
        begin = life.started if life.first is None else max(life.started, life.last)
        if length is None:
            return None
        by = due = calendar.add(begin, length)
        seen = begin
        for start, end, cancelled in sorted(self.reps[life.owner].absences.values()):
            if not cancelled and start < by and end > seen:
                by += end - max(start, seen)
                seen = max(seen, end)
        ends = [calendar.deadline(by) if by == due else calendar.day_end(by)]
        if life.first is not None and protected and life.protected:
            ends.append(calendar.deadline(life.protected))
        return max(ends + ([calendar.deadline(life.not_before)] if life.not_before else []))

    # ---- who is to hear

    def hears(self, record, body):
        """Note who is to hear of an event."""
        life = self.leads.get(body.get("lead"))
        told = [(body.get("rep") if to == "rep" else to, kind) for to, kind in HEARD.get(record.kind, ())]
        if record.kind in ("closed", "parked", "merged") and life.stage in HELD:
            told = [(life.owner, record.kind)]
        if record.kind == "undone":
            then = self.then(body)
            had, has = (one.owner if one.stage in HELD else None for one in (life, then))
            told = [] if had == has else [(to, kind) for to, kind in ((had, "undone"), (has, "given_back")) if to]
        self.told += [(record.seq, to, kind) for to, kind in told]

    def then(self, body):
        """Return the lead as it was before the event that is undone."""
        return next(life for seq, life in self.before[body["lead"]] if seq >= body["of"])

    # ---- leads

    def nothing(self, record, body):
        """Most kinds of events change no lead and no rep."""

    def on_received(self, record, body):
        linked = [self.leads[one] for one in body.get("linked", ())]
        life = Life(columns=body.get("columns", {}), since=record.at, account=body.get("account"))
        life.refused = set().union(*(one.refused for one in linked))
        life.complained = set().union(*(one.complained for one in linked))
        life.no_contact = body.get("no_contact", False) or any(one.no_contact for one in linked)
        if not body.get("no_contact", False) and life.no_contact:
            self.fault(record, "a withdrawn consent was lost")
        self.leads[body["lead"]] = life

    def on_imported(self, record, body):
        held = body["stage"] in HELD
        life = Life(
            stage=body["stage"], owner=body.get("owner"), columns=body.get("columns", {}), pool=body.get("pool")
        )
        life.since = life.started = record.at
        life.rules, life.no_contact = record.rules, body.get("no_contact", False)
        if body["stage"] == "working":
            life.first = life.last = record.at
        if held and self.reps[life.owner].left:
            self.fault(record, "was imported for who has left")
        self.leads[body["lead"]] = life

    def on_changed(self, record, body):
        life = self.life(body)
        life.columns = {**life.columns, **body.get("columns", {})}
        life.no_contact = life.no_contact or body.get("no_contact", False)

    def on_merged(self, record, body):
        self.ends(record, self.life(body), "closed")
        self.merged[body["lead"]] = body["into"]

    def on_absorbed(self, record, body):
        """The survivor takes over what the copy's own events say, whatever this one says."""
        copy, survivor = self.leads[body["other"]], self.life(body)
        if self.merged.get(body["other"]) != body["lead"]:
            self.fault(record, "takes over what is no copy of it")
        survivor.refused |= copy.refused
        survivor.complained |= copy.complained
        for rep, until in copy.cooling.items():
            survivor.cooling[rep] = max(until, survivor.cooling.get(rep, 0))
        survivor.no_contact = survivor.no_contact or copy.no_contact
        survivor.columns = {**copy.columns, **survivor.columns}

    def ends(self, record, life, stage):
        life.stage, life.owner, life.proposed, life.pool, life.since = stage, None, None, None, record.at
        life.first = life.last = life.parked_until = None
        life.protected = life.not_before = 0

    def on_review_asked(self, record, body):
        life, rep = self.life(body), body.get("rep")
        if life.stage not in FREE:
            self.fault(record, f"came while it was {life.stage}")
        life.proposed = None
        claim = bool(body.get("offer", {}).get("claim"))
        if rep is not None and (why := self.why_not(life, rep, record.at, claim=claim)) is not None:
            self.fault(record, f"proposes {rep}, who {why}")
        life.stage, life.proposed, life.pool, life.rules = "review", rep, None, record.rules
        life.claimed_first, life.since = claim, record.at

    def on_review_ended(self, record, body):
        self.ends(record, self.life(body), "new")

    def on_assigned(self, record, body):
        life, rep, at = self.life(body), body["rep"], record.at
        if life.stage not in FREE:
            self.fault(record, f"came while it was {life.stage}")
        claim = body["via"] == "claim" and not life.claimed_first
        why = self.why_not(life, rep, at, override=body.get("override") is not None, claim=claim)
        if why is not None:
            self.fault(record, f"gives it to {rep}, who {why}, by {body['via']}")
        self.ends(record, life, "assigned")
        life.owner, life.started, life.rules, life.claimed_first = rep, at, record.rules, False
        life.begun = record.seq
        person = self.reps[rep]
        person.received.setdefault(self.day(at), {})[record.seq] = body["lead"]
        if body["via"] == "claim":
            person.claimed.setdefault(self.day(at), {})[record.seq] = body["lead"]
        for of, amount in body.get("received", {}).items():
            shares = body.get("entitled", {}).get(of)
            if body.get("entitled") and abs(sum((shares or {}).values()) - amount) > 1e-9:
                self.fault(record, f"books {amount} of {of} as received, and {shares} as entitled")

    def on_pooled(self, record, body):
        life = self.life(body)
        if life.stage not in FREE:
            self.fault(record, f"came while it was {life.stage}")
        life.stage, life.pool, life.proposed, life.since = "pool", body["pool"], None, record.at
        life.rules = record.rules

    def on_unpooled(self, record, body):
        self.ends(record, self.life(body), "new")

    def leaves(self, record, body, *, cools):
        life, rep = self.life(body), body["rep"]
        if life.stage not in HELD or life.owner != rep:
            self.fault(record, f"takes it from {rep}, while it was {life.stage} with {life.owner}")
        length = self.rules_at(record.at).cool_off
        until = None if not cools or length is None else self.rules_at(record.at).calendar.add(record.at, length)
        if body.get("cool_until") != until:
            self.fault(record, f"cools off until {body.get('cool_until')}, not {until}")
        if until is not None:
            life.cooling[rep] = until
        kept = life.first
        self.ends(record, life, "new")
        return kept

    def on_refused(self, record, body):
        first = self.leaves(record, body, cools=False)
        if first is not None:
            self.fault(record, "came after a follow-up")
        self.life(body).refused.add(body["rep"])
        self.life(body).returned += 1

    def on_released(self, record, body):
        self.leaves(record, body, cools=True)
        self.life(body).returned += 1

    def on_recalled(self, record, body):
        life = self.life(body)
        self.check_recall(record, body, life)
        self.leaves(record, body, cools=True)
        life.returned += 1

    def check_recall(self, record, body, life):
        """Nobody loses a lead without a reminder, `remind_before` earlier, nor while away."""
        periods = self.rules[life.rules].periods(life.columns)
        if periods.recall_after is None:
            self.fault(record, "no recall is in the rules that its period began under")
        if self.reps[body["rep"]].away(record.at):
            self.fault(record, "was recalled from who is away")
        if periods.remind_before is None:
            return
        calendar = self.rules_at(record.at).calendar
        which = "first" if life.first is None else "next"
        told = self.reminded.get((body["lead"], life.begun, which, body.get("due")))
        if told is None:
            self.fault(record, "came without a reminder")
        elif record.at < calendar.add(told, periods.remind_before):
            self.fault(record, "came too soon after its reminder")
        if record.at < body["due"]:
            self.fault(record, "came before it was due")

    def on_reassigned(self, record, body):
        self.leaves(record, body, cools=body["reason"] in COOLS)

    def on_transferred(self, record, body):
        self.leaves(record, body, cools=True)

    def on_followed_up(self, record, body):
        life = self.life(body)
        if body.get("late"):
            return
        if life.stage not in HELD or life.owner != body["rep"]:
            self.fault(record, "is of who does not own it")
        at = body["occurred_at"]
        if not life.started <= at <= record.at:
            self.fault(record, "occurred before the ownership, or in the future")
        floors = [life.not_before, self.deadline(life, record.at, protected=False)]
        life.since = record.at if life.stage == "assigned" else life.since
        life.stage = "working"
        life.first = at if life.first is None else min(life.first, at)
        last = at if life.last is None else max(life.last, at)
        life.last, life.rules = at, record.rules
        floors.append(self.deadline(life, record.at, protected=False))
        life.last, life.not_before = last, max(one for one in floors if one is not None)

    def once(self, record, body, known):
        life = self.life(body)
        which = "first" if life.first is None else "next"
        key = (body["lead"], life.begun, which, body["due"])
        if key in known:
            self.fault(record, "came twice for one deadline")
        return key

    def on_reminded(self, record, body):
        key = self.once(record, body, self.reminded)
        self.reminded[key] = self.rules_at(record.at).calendar.next_working(record.at)

    def on_escalated(self, record, body):
        self.escalated.add(self.once(record, body, self.escalated))
        if record.at < body["due"]:
            self.fault(record, "came before it was due")

    def on_complained(self, record, body):
        self.life(body).complained.add(body["rep"])

    def on_protected(self, record, body):
        self.life(body).protected = body["until"]

    def on_bar_lifted(self, record, body):
        life, rep = self.life(body), body["rep"]
        life.refused.discard(rep)
        life.complained.discard(rep)
        life.cooling.pop(rep, None)

    def on_parked(self, record, body):
        life = self.life(body)
        self.ends(record, life, "parked")
        life.parked_until = body["until"]

    def on_unparked(self, record, body):
        self.ends(record, self.life(body), "new")

    def on_won(self, record, body):
        life, rep = self.life(body), body["rep"]
        self.ends(record, life, "won")
        life.owner = rep

    def on_lost(self, record, body):
        life, rep = self.life(body), body.get("rep")
        if rep is not None and body.get("cool_until") is not None:
            life.cooling[rep] = body["cool_until"]
        self.ends(record, life, "lost")
        life.owner = rep

    def on_reopened(self, record, body):
        if body["lead"] in self.erased:
            self.fault(record, "opens what was erased")
        self.ends(record, self.life(body), "new")

    def on_closed(self, record, body):
        self.ends(record, self.life(body), "closed")

    def on_erased(self, record, body):
        life = self.life(body)
        self.ends(record, life, "closed")
        life.columns = {}
        self.erased.add(body["lead"])

    def on_undone(self, record, body):
        lead = body["lead"]
        then = deepcopy(self.then(body))
        for days in (days for rep in self.reps.values() for days in (rep.received, rep.claimed)):
            for given in days.values():
                for seq in [seq for seq, whose in given.items() if whose == lead and seq >= body["of"]]:
                    del given[seq]
        then.not_before = max(then.not_before, body.get("not_before") or 0)
        now, self.leads[lead] = self.leads[lead], then
        self.merged.pop(lead, None)
        for rep in {loads(then)} - {loads(now), None}:
            most = self.most_open(rep, record.at)
            if most is not None and self.load(rep) > most:
                self.fault(record, f"gives it back to {rep}, who has {self.load(rep)} of {most}")
        if then.stage in HELD:
            self.given_back(record, then)

    def given_back(self, record, then):
        """An act that is taken back gives nothing to who is away or has left, and no deadline at once."""
        rep = then.owner
        if self.reps[rep].left or self.reps[rep].away(record.at):
            self.fault(record, f"gives it back to {rep}, who is not here")
        notice = self.rules_at(record.at).periods(then.columns).remind_before
        least = record.at if notice is None else self.rules_at(record.at).calendar.add(record.at, notice)
        if then.not_before < least:
            self.fault(record, f"has a deadline before {least}")

    # ---- reps and the desk

    def on_rep_set(self, record, body):
        rep = self.reps.setdefault(body["rep"], Person())
        rep.most, rep.team, rep.tags = body.get("max_open"), body.get("team"), tuple(body.get("tags", ()))
        rep.hired_on = body.get("hired_on")

    def on_rep_left(self, record, body):
        self.reps[body["rep"]].left = True

    def on_rep_returned(self, record, body):
        self.reps[body["rep"]].left = False

    def on_absence_set(self, record, body):
        self.reps[body["rep"]].absences[body["absence"]] = (body["start"], body["end"], body.get("cancelled", False))

    def on_conduct_set(self, record, body):
        self.reps[body["rep"]].conduct[body["rule"]] = body

    def on_conduct_ended(self, record, body):
        del self.reps[body["rep"]].conduct[body["rule"]]

    def on_rules_set(self, record, body):
        self.rules[body["fingerprint"]] = Rules.from_dict(body["data"])
        self.files.append((body["starts_at"], body["fingerprint"]))
        if body["starts_at"] < record.at:
            self.fault(record, "takes effect in the past")
