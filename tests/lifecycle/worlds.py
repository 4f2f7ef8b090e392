"""Small worlds for tests of a desk: reps, a table of what leads are worth with whom, a book in memory, and a clock."""

import json
from dataclasses import dataclass, field
from itertools import count

from leadopt.lifecycle import commands
from leadopt.lifecycle.book import KINDS, MemoryBook, Where
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.credit import balance
from leadopt.lifecycle.decide import decide
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Offer
from leadopt.lifecycle.due import deadline, due_of, timing
from leadopt.lifecycle.events import event_of
from leadopt.lifecycle.evolve import evolve
from leadopt.lifecycle.records import Absence, Credit, Lead, Message, Ownership, Rep, State
from leadopt.lifecycle.stages import Stage
from tests.lifecycle.moments import BERLIN, moment, shown

MONDAY = "2026-03-02 09:00"
RULES = {"time": {"zone": "Europe/Berlin"}, "review": [], "claim": {"embargo": 0}}


@dataclass
class Table:
    """What leads are worth with whom: (lead or its segment, rep) -> gain, else `usual`; who is not eligible at all."""

    gains: dict = field(default_factory=dict)
    never: set = field(default_factory=set)
    usual: float = 1.0
    reserve: float = 0.0
    ramp_days: float = 0.0
    weight_of: dict = field(default_factory=dict)

    def offers(self, leads, reps):
        return {lead.id: {rep.id: self.offer(lead, rep) for rep in reps if self.eligible(lead, rep)} for lead in leads}

    def offer(self, lead, rep):
        segment = lead.columns.get("segment")
        gain = self.gains.get((lead.id, rep.id), self.gains.get((segment, rep.id), self.usual))
        return Offer(gain=gain, chance=min(gain / 10, 1.0))

    def eligible(self, lead, rep):
        return not {(lead.id, rep.id), (lead.columns.get("segment"), rep.id)} & self.never

    def shared(self, lead):
        return {"leads": 1.0}

    def weights(self, reps):
        return {rep.id: self.weight_of.get(rep.id, 1.0) for rep in reps}


def differences(one, other):
    """Yield a sentence for each record in which two books differ."""
    for kind in KINDS:
        mine, theirs = ({found.key: found for found in book.find(kind, Where())} for book in (one, other))
        for key in sorted(mine.keys() | theirs.keys()):
            if mine.get(key) != theirs.get(key):
                yield f"{kind.table} {key}: {mine.get(key)} and {theirs.get(key)}"


class World:
    """A desk in memory. `do` gives a command, and holds the book against its log and its own sums each time."""

    def __init__(self, reps=("ann", "bo", "cy"), *, at=MONDAY, rules=None, max_open=None, checked=True, **table):
        self.book, self.table = MemoryBook(), Table(**table)
        self.at, self._ids, self._checked = moment(at), count(1), checked
        self.do(commands.SetRules(by="root", role="admin", data={**RULES, **(rules or {})}))
        for rep in reps:
            self.rep(rep, max_open=max_open)

    # ---- time

    def goto(self, text):
        self.at = moment(text)
        return self

    @property
    def now(self):
        """The moment by the desk's clock, which does not go back."""
        return max(self.at, self.book.head()[1])

    def wait(self, text):
        self.at = BERLIN.add(self.at, Duration.parse(text))
        return self

    # ---- commands

    def do(self, command):
        """Give a command; return the kinds of what happened."""
        draft = decide(self.book, command, self.at, self.table)
        before = self.credit(draft.at)
        for record in draft.book.changes():
            self.book.put(record)
        self.book.keep(draft.happened)
        assert abs(sum(self.credit(draft.at).values()) - sum(before.values())) < 1e-9, "credit came from nothing"
        if self._checked and draft.happened:
            self.check()
        return [event.kind for _, event in draft.happened]

    def check(self):
        """Hold the book against its log, and what is counted as it goes against what is there."""
        assert not list(differences(self.book, self.replayed())), "the log tells another story"
        held, kept = open_counts(self)
        for rep in self.book.find(Rep, Where()):
            assert (rep.open, rep.kept) == (held[rep.id], kept[rep.id])
        for lead in self.book.find(Lead, Where()):
            lasting = [one.rep for one in self.ownerships(lead.id) if one.until is None]
            assert lasting == ([lead.owner] if lead.is_held else [])
            assert not lead.is_open or due_of(self.book, lead, self.now) is not None

    def denied(self, command):
        """Give a command that is denied; return how."""
        records = [lead_or_rep for kind in (Lead, Rep) for lead_or_rep in self.book.find(kind, Where())]
        try:
            self.do(command)
        except Denied as denied:
            assert records == [one for kind in (Lead, Rep) for one in self.book.find(kind, Where())]
            return denied
        raise AssertionError(f"{command} was not denied")

    def manager(self, name, lead=None, **facts):
        return getattr(commands, name)(by="eve", role="manager", **({} if lead is None else {"lead": lead}), **facts)

    def system(self, name, **facts):
        return getattr(commands, name)(by="clock", role="system", **facts)

    def by_rep(self, name, lead, rep, **facts):
        return getattr(commands, name)(by=rep, role="rep", lead=lead, **facts)

    def rep(self, rep, **facts):
        return self.do(commands.SetRep(by="root", role="admin", rep=rep, **facts))

    def receive(self, lead=None, **facts):
        lead = lead or f"L{next(self._ids)}"
        columns = {name: facts.pop(name) for name in ("segment", "tier", "product") if name in facts}
        self.do(commands.Receive(by="form", role="feed", lead=lead, columns=columns, **facts))
        return lead

    def place(self, *leads):
        return self.do(self.system("Place", leads=leads))

    def held(self, rep, lead=None, **facts):
        """Receive a lead and let a manager give it to a rep."""
        lead = self.receive(lead, **facts)
        self.do(self.manager("AssignTo", lead, to=rep, override="test"))
        return lead

    def pooled(self, lead=None, **facts):
        lead = self.receive(lead, **facts)
        self.do(self.manager("Pool", lead))
        return lead

    def away(self, rep, start, end, absence="A1"):
        dates = {"start": moment(start), "end": moment(end)}
        return self.do(commands.SetAbsence(by="root", role="admin", rep=rep, absence=absence, **dates))

    def follow_up(self, lead, rep, **facts):
        return self.do(self.by_rep("FollowUp", lead, rep, kind="call", **facts))

    def run(self):
        """Do what the desk does when it runs: a new day, absences that begin, and all that is due."""
        kinds = self.do(self.system("BeginDay"))
        for absence in self.absences():
            kinds += self.do(self.system("BeginAbsence", absence=absence))
        due = [one.id for one in self.book.find(Lead, Where(before=self.at))]
        return kinds + self.do(self.system("FireAll", leads=tuple(due)))

    def run_until(self, text, step="1 hour"):
        """Run every hour until a moment; return what happened, each kind with when."""
        end, told = moment(text), []
        while self.at < end:
            self.wait(step)
            told += [(shown(self.at), kind) for kind in self.run()]
        return told

    # ---- views

    def lead(self, lead):
        return self.book.get(Lead, lead)

    def owner(self, lead):
        found = self.lead(lead)
        return found.owner if found.is_held else None

    def load(self, rep):
        return self.book.get(Rep, rep).open

    def stage(self, lead):
        return self.lead(lead).stage

    def deadline(self, lead):
        found = self.lead(lead)
        return shown(deadline(found, timing(self.book, found, self.at)))

    def due(self, lead):
        found = due_of(self.book, self.lead(lead), self.at)
        return found.what, shown(found.at)

    def messages(self, kind, to=None):
        return [one for one in self.book.find(Message, Where()) if one.kind == kind and to in (None, one.to)]

    def ownerships(self, lead):
        return sorted(self.book.find(Ownership, Where(lead=lead)), key=lambda one: one.begun)

    def credit(self, at=None):
        """Return what each rep and the house are owed, in leads."""
        at = self.at if at is None else at
        kept = [one.rep for one in self.book.find(Credit, Where()) if one.of == "leads"]
        return {rep: balance(self.book, rep, "leads", at) for rep in kept}

    def absences(self):
        return [one.id for one in self.book.find(Absence, Where()) if not one.begun and one.start <= self.at]

    def desk(self):
        return self.book.get(State, "desk") or State()

    def replayed(self):
        """Return the book that the log makes, as it is read back from its JSON."""
        book = MemoryBook()
        for stamp, event in self.book.log():
            body = json.dumps(event.body(), sort_keys=True, allow_nan=False)
            evolve(book, event_of(event.kind, json.loads(body)), stamp)
        return book


def open_counts(world):
    """Return how many leads each rep has open, and how many slots are kept, counted lead by lead."""
    leads = world.book.find(Lead, Where())
    reps = [rep.id for rep in world.book.find(Rep, Where())]
    held = {rep: sum(lead.is_held and lead.owner == rep for lead in leads) for rep in reps}
    kept = {rep: sum(lead.stage is Stage.REVIEW and lead.review.rep == rep for lead in leads) for rep in reps}
    return held, kept
