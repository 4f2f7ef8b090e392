"""A process is killed while it works: what was answered is there, asking again does nothing twice, tables follow."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from leadopt.desk.log import store
from tests import FUZZ, many_seeds
from tests.desk.asking.planners import apply_and_tell
from tests.desk.desks import kinds, leads, opened, owner, with_leads
from tests.desk.workers import LIVES, ask, live_with_keys, processes, report_with_keys

PROCESSES = processes()
WAIT_S = 60
KILLS = min(FUZZ, 1000) or 3
killing = pytest.mark.skipif(PROCESSES is None or not hasattr(signal, "SIGKILL"), reason="only where processes fork")


@many_seeds
@killing
def test_what_was_answered_before_a_kill_stays_and_its_key_answers_it_again(tmp_path):
    """3 kills, or as many as LEADOPT_FUZZ says, of a process that reports with keys and then begins anew."""
    desk, rng = with_leads(tmp_path, 1), Random(0)
    who, answered = owner(desk, 1), {}
    for _ in range(KILLS):
        told = killed(rng, report_with_keys, str(desk._core.engine.url), desk.clock.now, 1, who, 10_000)
        assert all(answered.get(key, seq) == seq for key, seq in told)
        answered |= dict(told)
        for key, seq in answered.items():
            assert desk.follow_up(1, by=who, key=key).seq == seq
        assert desk.rebuild().ok
        assert desk.verify().ok
    assert kinds(desk).count("followed_up") in (len(answered), len(answered) + 1)  # the last may not have been told


@many_seeds
@killing
def test_whole_lives_outlive_kills(tmp_path):
    """As many kills amid leads that come in, are given out, worked on, taken back and end: nothing told is lost."""
    reps = [{"rep_id": name} for name in ("Ann", "Bo", "Cy")]
    desk, rng = opened(tmp_path, reps=reps, rules={"claim": {"embargo": 0, "per_day": "off"}}), Random(1)
    url, first, answered, whole = str(desk._core.engine.url), 0, {}, desk.checkpoint()
    for kill in range(KILLS):
        told = killed_at(rng.randint(1, 30), rng, live_with_keys, url, desk.clock.now, first)
        assert all(code == "done" for _, _, code, _ in told), told
        answered |= {(n, what): seq for n, what, _, seq in told}
        for n, what, _, seq in told:
            assert ask(desk, n, what).seq == seq
        first = told[-1][0] + 1
        assert desk.verify(whole).ok
        whole = desk.checkpoint()
        assert kill % 25 or desk.rebuild().ok
    for (n, what), seq in answered.items():
        assert ask(desk, n, what).seq == seq
    assert desk.checkpoint() == whole  # asking again made nothing happen
    assert desk.verify().ok
    assert desk.rebuild().ok
    assert {what for _, what in answered} == {what for life in LIVES for what in life} or KILLS < 10


@many_seeds
@killing
def test_a_plan_that_is_killed_as_it_is_applied_goes_on_and_gives_each_lead_once(tmp_path):
    """As many kills, each at a random lead of a plan of 20, another process goes on: no lead is lost or given twice."""
    desk, rng = opened(tmp_path, reps=[{"rep_id": name} for name in ("Ann", "Bo", "Cy")]), Random(2)
    amid = 0
    for kill in range(KILLS):
        ids = range(kill * 20, kill * 20 + 20)
        assert desk.receive(leads(*ids)).ok
        start = desk.checkpoint()
        told = killed_at(rng.randint(1, 20), rng, apply_and_tell, str(desk._core.engine.url), desk.clock.now)
        there = sum(desk.lead(one).stage == "assigned" for one in ids)
        assert len(told) - 2 <= there <= len(told)  # told as it is begun: the last may be in the file or not
        amid += 0 < there < 20
        desk.apply()
        given = [record for record in records_of(desk, after=start.seq) if record.kind == "assigned"]
        assert len(given) == len({record.subject for record in given}) == 20
        assert [record.kind for record in records_of(desk, after=start.seq)].count("plan_applied") == 1
        assert len(desk.apply()) == 0
        assert desk.verify(start).ok
    assert desk.verify().ok
    assert desk.rebuild().ok
    assert amid >= KILLS // 2


def records_of(desk, after):
    with desk._core.read() as snapshot:
        return list(store.read(snapshot.connection, after=after))


def killed_at(number, rng, work, *given, within_s=0.005):
    """Return what a process told before it was killed, some milliseconds after it had told so much."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=work, args=(*given, theirs), daemon=True)
    process.start()
    theirs.close()
    told = []
    try:
        while len(told) < number and ours.poll(WAIT_S):
            told.append(ours.recv())
        time.sleep(rng.uniform(0, within_s))
        process.kill()
        while True:
            told.append(ours.recv())
    except (EOFError, OSError):
        process.join(WAIT_S)
        return told
    finally:
        ours.close()


def killed(rng, work, *given):
    """Return what a process was answered before it was killed at a random moment after its first answer."""
    told = killed_at(1, rng, work, *given, within_s=0.1)
    assert told
    return told


def test_a_key_that_many_threads_ask_with_at_once_makes_one_thing_happen(tmp_path):
    desk = with_leads(tmp_path, 1)
    who = owner(desk, 1)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: desk.follow_up(1, by=who, key="k"), range(24)))
    assert len({(one.code, one.seq) for one in got}) == 1
    assert kinds(desk).count("followed_up") == 1
