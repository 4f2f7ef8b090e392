"""The book in tables and the book in memory: the same commands, the same events, the same records."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.desk.book.codec import encode
from leadopt.desk.desk import Desk
from leadopt.desk.opening import VERSION
from leadopt.lifecycle import commands
from leadopt.lifecycle.book import MemoryBook, Stamp, Where
from leadopt.lifecycle.decide import decide
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.events import Opened, PolicySet, RulesSet
from leadopt.lifecycle.evolve import evolve
from leadopt.lifecycle.records import HOUSE, Lead
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from tests.desk.desks import KINDS, RULES, again, opened, records, with_leads
from tests.desk.even_worths import EvenWorths
from tests.desk.logs import SetClock, url_of
from tests.strategies import examples

LEADS, REPS = [f"L-{n}" for n in range(5)], [f"R-{n}" for n in range(3)]
HOURS = 3_600_000_000
lead, rep = st.sampled_from(LEADS), st.sampled_from(REPS)
reason = st.sampled_from(["wrong_segment", "spam"])
as_feed, as_manager = (
    {"by": st.just("crm"), "role": st.just("feed")},
    {"by": st.just("eve"), "role": st.just("manager")},
)
as_system, as_admin = (
    {"by": st.just("clock"), "role": st.just("system")},
    {"by": st.just("x"), "role": st.just("admin")},
)
as_rep = {"by": rep, "role": st.just("rep")}
tier = st.fixed_dictionaries({"tier": st.sampled_from(["key", "c"])})
COMMANDS = st.one_of(
    st.builds(commands.Receive, lead=lead, columns=tier, account=st.sampled_from([None, "A-1"]), **as_feed),
    st.builds(commands.Change, lead=lead, columns=tier, **as_feed),
    st.builds(commands.FollowUp, lead=lead, kind=st.just("call"), **as_rep),
    st.builds(commands.Win, lead=lead, value=st.sampled_from([None, 5.0]), rep=st.one_of(st.none(), rep), **as_feed),
    st.builds(commands.Lose, lead=lead, **as_feed),
    st.builds(commands.Complain, lead=lead, **as_feed),
    st.builds(commands.Refuse, lead=lead, reason=reason, **as_rep),
    st.builds(commands.Release, lead=lead, reason=reason, **as_rep),
    st.builds(commands.Claim, lead=lead, **as_rep),
    st.builds(commands.AssignTo, lead=lead, to=rep, **as_manager),
    st.builds(commands.Transfer, lead=lead, to=rep, **as_manager),
    st.builds(commands.Approve, lead=lead, **as_manager),
    st.builds(commands.Pool, lead=lead, **as_manager),
    st.builds(commands.Reopen, lead=lead, **as_manager),
    st.builds(commands.Merge, lead=lead, into=lead, **as_manager),
    st.builds(commands.AdjustCredit, rep=rep, amount=st.just(2.0), reason=reason, **as_manager),
    st.builds(commands.Place, leads=st.lists(lead, max_size=3, unique=True).map(tuple), **as_system),
    st.builds(commands.FireAll, leads=st.just(tuple(LEADS)), **as_system),
    st.builds(commands.BeginDay, **as_system),
    st.builds(commands.RepLeaves, rep=rep, **as_admin),
    st.builds(commands.RepReturns, rep=rep, **as_admin),
    st.builds(commands.RenameRep, rep=rep, **as_admin),
    st.builds(commands.Erase, lead=lead, **as_admin),
)
STEPS = st.lists(st.tuples(COMMANDS, st.sampled_from([-2, 0, 1, 30, 100])), max_size=25)
USUAL = [(commands.SetRep(rep=one, max_open=2, by="x", role="admin"), 0) for one in REPS]
USUAL += [(commands.Receive(lead=one, columns={"tier": "c"}, by="crm", role="feed"), 1) for one in LEADS[:4]]
USUAL += [(commands.Place(leads=tuple(LEADS[:4]), by="clock", role="system"), 1)]


def in_memory():
    """Return a book in memory that began as a new desk does."""
    book, now = MemoryBook(), int(SetClock().now.timestamp() * 1_000_000)
    rules, policy = Rules.from_dict({**RULES, "review": [{"name": "key", "where": {"tier": "key"}}]}), Policy()
    begun = [
        (Opened(leadopt=VERSION), ""),
        (RulesSet(fingerprint=rules.fingerprint, starts_at=now, data=rules.to_dict()), ""),
        (PolicySet(fingerprint=policy.fingerprint), rules.fingerprint),
    ]
    for seq, (event, under) in enumerate(begun, 1):
        stamp = Stamp(seq=seq, at=now, actor="system:system", rules=under)
        evolve(book, event, stamp)
        book.keep([(stamp, event)])
    return book, rules


def answer(book, command, now, worths):
    """Return the draft of a command, or how it was denied."""
    try:
        return decide(book, command, now, worths)
    except Denied as denied:
        return denied.code, denied.sentence, denied.until


@given(STEPS)
@examples(15)
def test_tables_and_memory_agree_on_any_commands(steps):
    memory, rules = in_memory()
    clock, worths = SetClock(), EvenWorths(Policy())
    settings = {"rules": rules, "clock": clock, "worths": EvenWorths}
    with tempfile.TemporaryDirectory() as folder, Desk.open(url_of(Path(folder)), **settings) as desk:
        for some in batched(USUAL + steps):
            clock.move(hours=some[0][1])
            now = int(clock.now.timestamp() * 1_000_000)
            in_tables = desk._core.write(lambda session, some=some: [done(session, one, worths) for one, _ in some])
            assert in_tables == [kept(memory, one, now, worths) for one, _ in some]
        found = records(desk)
        for kind in KINDS:
            assert list(map(encode, memory.find(kind, Where()))) == list(map(encode, found[kind])), kind
        assert desk.rebuild().ok
        assert desk.verify().ok
        with desk._core.read() as snapshot:
            for one in LEADS:
                assert told(snapshot.book.history(one)) == told(memory.history(one))


def batched(steps, size=4):
    """Return steps in parts that one transaction takes."""
    return [steps[first : first + size] for first in range(0, len(steps), size)]


def done(session, command, worths):
    """Do a command on the tables; return what happened, or how it was denied."""
    found = answer(session.book, command, session.now, worths)
    return found if isinstance(found, tuple) else tuple(session.do(command))


def kept(memory, command, now, worths):
    """Do the same in memory."""
    found = answer(memory, command, now, worths)
    if isinstance(found, tuple):
        return found
    for record in found.book.changes():
        memory.put(record)
    memory.keep(found.happened)
    return found.happened


def told(history):
    """Return a history as the log holds it: in memory some lists are still tuples."""
    return [(stamp, json.dumps(event.body(), sort_keys=True)) for stamp, event in history]


def test_what_a_session_finds_holds_what_it_has_put_before(tmp_path):
    desk = with_leads(tmp_path, 1, 2)

    def work(session):
        held = session.book.find(Lead, Where(owner=session.names.rep("Ann")))
        session.do(commands.Transfer(lead=held[0].id, to=session.names.rep("Cy"), by="eve", role="manager"))
        return (
            [one.id for one in session.book.find(Lead, Where(owner=session.names.rep("Ann")))],
            [one.id for one in session.book.find(Lead, Where(owner=session.names.rep("Cy")))],
            held[0].id,
        )

    ann, cy, moved = desk._core.write(work)
    assert moved not in ann
    assert moved in cy


def test_what_was_known_is_forgotten_when_another_process_has_written(tmp_path):
    desk = with_leads(tmp_path, 1)
    other = again(desk)
    who = desk.lead(1).owner
    assert other.follow_up(1, by=who).ok
    assert desk.follow_up(1, by=who).ok
    assert desk.rebuild().ok
    assert desk.lead(1).version == 4  # received, assigned, followed up twice


def test_what_was_known_is_forgotten_when_a_work_fails(tmp_path):
    desk = with_leads(tmp_path, 1)

    def work(session):
        lead = session.names.lead(1).id
        session.do(commands.Close(lead=lead, reason="spam", by="eve", role="manager"))
        assert session.book.get(Lead, lead).stage == "closed"
        raise KeyError("the caller's own fault")

    with pytest.raises(KeyError):
        desk._core.write(work)
    assert desk.lead(1).stage == "assigned"
    assert desk.close_lead(1, reason="spam").ok


def test_the_house_has_an_account(tmp_path):
    desk = opened(tmp_path)
    assert desk.adjust_credit("Ann", amount=2.5, reason="mistake").ok
    assert desk.rep("Ann").credit == {"leads": 2.5}
    amounts = {one.rep: one.amount for one in records(desk)[KINDS[2]]}
    assert amounts[HOUSE] == -2.5
