"""A small desk in a file, and the same desk in memory: whatever is asked of the one is decided on the other too."""

import json
import shutil
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

from leadopt.desk.book.events_of import told
from leadopt.desk.desk import Desk
from leadopt.desk.log import store
from leadopt.desk.log.moments import microseconds
from leadopt.desk.work import session
from leadopt.lifecycle.book import MemoryBook, Where
from leadopt.lifecycle.decide import decide
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Offer
from leadopt.lifecycle.evolve import evolve
from leadopt.lifecycle.records import Lead
from tests.desk.logs import SetClock
from tests.desk.truth import Truth

REPS = ("Ann", "Bo", "Cy", "Dee")
TEAMS = {"Ann": "east", "Bo": "east", "Cy": "west", "Dee": "west"}
_TIME = {"zone": "Europe/Berlin", "holidays": ["2026-04-03", "2026-04-06"]}
_POOLS = [
    {"name": "main", "default": True},
    {"name": "east", "members": {"teams": ["east"]}, "where": {"segment": "y"}},
]
RULES = {
    "usual": {
        "time": _TIME,
        "pool": _POOLS,
        "review": [{"name": "key", "where": {"tier": "key"}}],
        "claim": {"embargo": "1 hour", "per_day": 2},
        "caps": {"per_day": 4},
        "cool_off": "2 days",
        "recall": {"for": [{"where": {"segment": "y"}, "first_within": "1 day", "to": "pool"}]},
        "restrict": [{"when": {"on_time": "< 0.9"}, "until": {"overdue": "<= 0"}, "then": {"new_leads": False}}],
        "reward": [{"when": {"on_time": ">= 0.95"}, "then": {"entitlement": 1.1, "claims_per_day": 1}}],
    },
    "at once": {
        "time": _TIME,
        "pool": _POOLS,
        "review": [{"name": "key", "where": {"tier": "key"}, "within": 0, "on_timeout": "pool"}],
        "claim": {"embargo": 0, "per_day": 1},
        "cool_off": 0,
        "follow": {"first_within": 0, "next_within": 0, "remind_before": 0, "escalate_after": 0},
        "recall": {"after": 0},
        "leave": {"reassign_after": 0},
        "sticky": {"wait": 0},
        "protect": {"max": 0},
    },
    "off": {
        "time": _TIME,
        "pool": _POOLS,
        "review": [],
        "claim": {"embargo": "off", "per_day": "off"},
        "caps": {"open": "off", "per_day": "off"},
        "cool_off": "off",
        "follow": {"first_within": "off", "next_within": "off", "remind_before": "off", "escalate_after": "off"},
        "recall": {"after": "off"},
        "leave": {"reassign_after": "off"},
        "sticky": {"wait": "off"},
        "protect": {"max": "off"},
        "credit": {"half_life": "off"},
    },
    "working": {
        "time": {**_TIME, "hours": "Mon-Sat 8-12, 14-19", "holidays": ["2026-04-01"]},
        "pool": _POOLS,
        "review": [
            {"name": "key", "where": {"tier": "key"}, "within": "2 working hours", "on_timeout": "assign"},
            {"name": "x", "where": {"segment": "x"}, "on_timeout": "wait"},
        ],
        "claim": {"embargo": "2 working hours"},
        "caps": {"open": 2, "per_day": 2},
        "cool_off": "1 working day",
        "follow": {
            "first_within": "4 working hours",
            "next_within": "2 working days",
            "remind_before": "1 working hour",
        },
        "recall": {"after": "2 working hours", "to": "pool"},
        "leave": {"reassign_after": "1 day"},
        "credit": {"half_life": "10 days"},
    },
    "no notice": {
        "time": _TIME,
        "pool": _POOLS,
        "follow": {"first_within": "1 day", "next_within": "2 days", "remind_before": "off"},
        "recall": {"after": "30 minutes", "for": [{"where": {"segment": "x"}, "after": "off"}]},
        "claim": {"embargo": "30 minutes", "per_day": 0},
        "caps": {"open": 3, "per_day": 0},
    },
}


GAINS = {("x", "Ann"): 3.0, ("y", "Bo"): 2.0, ("y", "Cy"): 2.0}


class Small:
    """What leads are worth with whom, told by segment and the tag of a rep; Dee may not have `y`."""

    reserve, ramp_days = 0.0, 20.0

    def offers(self, leads, reps):
        return {
            lead.id: {
                rep.id: Offer(gain=GAINS.get(pair, 1.0), chance=0.2)
                for rep in reps
                if (pair := (lead.columns.get("segment"), rep.tags[0] if rep.tags else "")) != ("y", "Dee")
            }
            for lead in leads
        }

    def shared(self, lead):
        return {"leads": 1.0, "value": 2.0}

    def weights(self, reps):
        return {rep.id: 2.0 if "Ann" in rep.tags else 1.0 for rep in reps}


WORTHS = Small()


@cache
def _template():
    """Return a folder with an empty desk of four reps, to be copied; in memory where the system has such a place."""
    folder = Path(tempfile.mkdtemp(dir=_fast()))
    desk = _open(folder, SetClock(), RULES["usual"])
    reps = [
        {"rep_id": name, "max_open": 3, "team": TEAMS[name], "tags": name, "mobile": f"0900-{name}"} for name in REPS
    ]
    assert desk.reps(reps).ok
    desk.close()
    return folder


def _fast():
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _open(folder, clock, rules=None, rng=0):
    return Desk.open(f"sqlite:///{folder / 'desk.db'}", rules=rules, clock=clock, rng=rng, worths=lambda _: WORTHS)


class Watched:
    """A desk that is watched: `ask` does something, holds memory against the file, and tells the truth of the log."""

    def __init__(self, rng=1):
        self.folder = Path(tempfile.mkdtemp(dir=_fast()))
        shutil.copy(_template() / "desk.db", self.folder / "desk.db")
        self.clock = SetClock()
        self.desk = _open(self.folder, self.clock, rng=rng)
        self.book, self.truth, self.new = MemoryBook(), Truth(), []
        self.decided, self.changed, self._called = [], [], {}
        for record in self._log():
            stamp, event = told(record)
            evolve(self.book, event, stamp)
            self.book.keep([(stamp, event)])
            self.truth.tell(record)
        with self.desk._core.read() as snapshot:
            self.reps = {name: snapshot.names.rep(name) for name in REPS}

    def close(self):
        self.desk.close()
        shutil.rmtree(self.folder)

    @property
    def now(self):
        """The moment of the desk, which does not go back."""
        return max(microseconds(self.clock.now, "now"), self.truth.at)

    def move(self, **delta):
        self.clock.now += timedelta(**delta)

    def ask(self, work):
        """Let the desk do something; return what it answers, once the desk in memory has done the same."""
        self.decided, self.changed = [], []
        with patch.object(session, "decide", self._deciding):
            try:
                return work(self.desk)
            except BaseException:
                self.decided = []
                raise
            finally:
                self._follow()

    def _deciding(self, book, command, now, worths):
        try:
            draft = decide(book, command, now, worths)
        except Denied as denied:
            self.decided.append((command, now, denied))
            raise
        self.decided.append((command, now, draft.happened))
        return draft

    def _follow(self):
        for command, now, happened in self.decided:
            self._same(command, now, happened)
        self.new = list(self._log(after=self.truth.seq))
        for record in self.new:
            self.truth.tell(record)

    def _same(self, command, now, happened):
        try:
            draft = decide(self.book, command, now, WORTHS)
        except Denied as denied:
            assert isinstance(happened, Denied), f"{command} was denied in memory alone: {denied.sentence}"
            assert (denied.code, denied.sentence, denied.until) == (happened.code, happened.sentence, happened.until)
            return
        assert not isinstance(happened, Denied), f"{command} was denied in the file alone: {happened.sentence}"
        assert list(map(_plain, draft.happened)) == list(map(_plain, happened)), f"{command}: memory has others"
        for record in draft.book.changes():
            self.book.put(record)
            self.changed.append((type(record), record.key))
        self.book.keep(draft.happened)

    def _log(self, after=0):
        with self.desk._core.read() as snapshot:
            return list(store.read(snapshot.connection, after=after))

    # ---- looking

    def leads(self, *stages):
        """Return all leads of some stages, in the order in which they came."""
        found = sorted(self.book.find(Lead, Where()), key=lambda one: one.id)
        return [one for one in found if not stages or one.stage in stages]

    def called(self, key):
        if key not in self._called:
            with self.desk._core.read() as snapshot:
                self._called[key] = snapshot.names.called(key)
        return self._called[key]

    def bytes(self):
        """Return every byte of the desk's files."""
        return b"".join(one.read_bytes() for one in sorted(self.folder.iterdir()))


def _plain(one):
    """Return an event as the log holds it."""
    stamp, event = one
    return stamp, event.kind, json.dumps(event.body(), sort_keys=True)
