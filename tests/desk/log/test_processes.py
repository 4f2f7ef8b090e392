"""Other processes: killed while they write, or many at once on one file; nothing acknowledged is lost or double."""

import random
import signal
import time
from collections import Counter

import pytest

from leadopt.desk.database.engine import reading
from leadopt.desk.log import store
from leadopt.desk.log.verify import verify
from tests import FUZZ, many_seeds
from tests.desk.logs import opened, url_of
from tests.desk.workers import PARTS, processes, write_for_ever, write_some

WAIT_S = 60
PROCESSES = processes()
pytestmark = pytest.mark.skipif(PROCESSES is None or not hasattr(signal, "SIGKILL"), reason="only where they fork")


def start(work, *told):
    """Start a process; return it and the end of a pipe that hears from it."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=work, args=(*told, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def everything_heard(pipe):
    """Return what a process had told when it was killed, but for a last word that was cut off."""
    told = []
    try:
        while True:
            seq, hashed = pipe.recv_bytes().split()
            told.append((int(seq), hashed.decode()))
    except (EOFError, OSError):
        return told
    finally:
        pipe.close()


def killed_at_random(url, name, rng):
    """Return what a process was told that it had written before it was killed, soon after or before the first of it."""
    process, pipe = start(write_for_ever, url, name)
    if rng.random() < 0.8:
        assert pipe.poll(WAIT_S)
    time.sleep(rng.uniform(0, 0.04))
    process.kill()
    told = everything_heard(pipe)
    process.join(WAIT_S)
    assert process.exitcode == -signal.SIGKILL
    return told


@many_seeds
def test_nothing_acknowledged_is_lost_to_a_kill_at_a_random_moment_and_no_work_is_half_in(tmp_path):
    """20 kills, or 1,000 with LEADOPT_FUZZ: of four threads that share commits, the file going on from kill to kill."""
    rng, acknowledged, kept = random.Random(time.time_ns() if FUZZ else 0), {}, None
    for kill in range(FUZZ or 20):
        told = killed_at_random(url_of(tmp_path), kill, rng)
        with reading(opened(tmp_path)) as connection:
            found = {record.seq: record for record in store.read(connection, after=max(acknowledged, default=0))}
            assert verify(connection, kept).ok
            kept = store.checkpoint(connection)
        assert {seq: found[seq].hash.hex() for seq, _ in told} == dict(told)
        assert set(Counter(record.request for record in found.values()).values()) <= {PARTS}
        acknowledged |= {seq: record.hash.hex() for seq, record in found.items()}
    with reading(opened(tmp_path)) as connection:
        assert verify(connection, kept, whole=True).ok
        assert {record.seq: record.hash.hex() for record in store.read(connection)} == acknowledged
    assert len(acknowledged) > 20 * PARTS


@many_seeds
def test_eight_processes_that_write_at_once_share_one_chain_without_gaps(tmp_path):
    """The file is not even there when they begin."""
    count = FUZZ or 12
    started = [start(write_some, url_of(tmp_path), name, count) for name in range(8)]
    told = {}
    for process, pipe in started:
        assert pipe.poll(WAIT_S + count)
        answers = pipe.recv()
        assert len(answers) == len(set(answers) - set(told.items())) == PARTS * count
        told |= dict(answers)
        process.join(WAIT_S)
        assert process.exitcode == 0
    assert sorted(told) == list(range(1, 8 * count * PARTS + 1))
    with reading(opened(tmp_path)) as connection:
        assert verify(connection).ok
        assert {record.seq: record.hash for record in store.read(connection)} == told
