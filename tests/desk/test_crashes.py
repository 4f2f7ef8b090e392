"""A process is killed while it reports: what was answered is there, asking again does nothing twice, tables follow."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests import FUZZ, many_seeds
from tests.desk.desks import kinds, owner, with_leads
from tests.desk.workers import processes, report_with_keys

PROCESSES = processes()
WAIT_S = 60


@many_seeds
@pytest.mark.skipif(PROCESSES is None or not hasattr(signal, "SIGKILL"), reason="only where processes fork")
def test_what_was_answered_before_a_kill_stays_and_its_key_answers_it_again(tmp_path):
    """3 kills, or 1,000 with LEADOPT_FUZZ, of a process that reports follow-ups with keys and then begins anew."""
    desk, rng = with_leads(tmp_path, 1), Random(0)
    who, answered = owner(desk, 1), {}
    for _ in range(1000 if FUZZ else 3):
        told = killed(str(desk._core.engine.url), desk.clock.now, who, rng)
        assert all(answered.get(key, seq) == seq for key, seq in told)
        answered |= dict(told)
        for key, seq in answered.items():
            assert desk.follow_up(1, by=who, key=key).seq == seq
        assert desk.rebuild().ok
        assert desk.verify().ok
    assert kinds(desk).count("followed_up") in (len(answered), len(answered) + 1)  # the last may not have been told


def killed(url, now, who, rng):
    """Return what a process was answered before it was killed at a random moment after its first answer."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=report_with_keys, args=(url, now, 1, who, 10_000, theirs), daemon=True)
    process.start()
    theirs.close()
    told = []
    try:
        assert ours.poll(WAIT_S)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        while True:
            told.append(ours.recv())
    except (EOFError, OSError):
        process.join(WAIT_S)
        return told
    finally:
        ours.close()


def test_a_key_that_many_threads_ask_with_at_once_makes_one_thing_happen(tmp_path):
    desk = with_leads(tmp_path, 1)
    who = owner(desk, 1)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: desk.follow_up(1, by=who, key="k"), range(24)))
    assert len({(one.code, one.seq) for one in got}) == 1
    assert kinds(desk).count("followed_up") == 1
