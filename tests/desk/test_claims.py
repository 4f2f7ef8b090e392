"""Eight processes claim at once: nobody gets a lead that another has, and no cap is exceeded."""

import pytest

from leadopt.lifecycle.records import Lead, Ownership, Rep
from tests import FUZZ, many_seeds
from tests.desk.desks import leads, opened, records
from tests.desk.workers import claim_all, processes

PROCESSES = processes()
WAIT_S = 300
CAP = 10


@many_seeds
@pytest.mark.skipif(PROCESSES is None, reason="only where processes fork")
def test_no_lead_is_claimed_twice_and_no_cap_is_exceeded(tmp_path):
    """10^3 claims of eight processes, or 10^5 with LEADOPT_FUZZ: 8 reps with room for 10 each, 125 leads at a time."""
    for number in range(max(FUZZ // 1000, 1)):
        folder = tmp_path / str(number)
        folder.mkdir()
        check_claims(folder)


def check_claims(folder):
    reps = [{"rep_id": f"r{n}", "max_open": CAP} for n in range(8)]
    desk = opened(folder, reps=reps, rules={"claim": {"embargo": 0, "per_day": "off"}}, clock=None)
    pool = list(range(125))
    desk.receive(leads(*pool))
    assert desk.to_pool(pool).ok
    told = answers(str(desk._core.engine.url), pool)
    done = [(lead, rep) for rep, each in told.items() for lead, code, _ in each if code == "done"]
    assert len({lead for lead, _ in done}) == len(done) == 8 * CAP
    assert {reason for each in told.values() for _, code, reason in each if code != "done"} <= {"not_in_pool", "full"}
    assert {(desk.lead(lead).owner, rep) for lead, rep in done} == {(rep, rep) for _, rep in done}
    found = records(desk)
    assert all(one.open == CAP for one in found[Rep])
    assert sum(one.stage == "assigned" for one in found[Lead]) == len(found[Ownership]) == 8 * CAP
    assert desk.verify().ok
    assert desk.rebuild().ok


def answers(url, pool):
    """Return what each of eight processes was answered to its claims of all leads of a pool."""
    started, told = [], {}
    for number in range(8):
        ours, theirs = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=claim_all, args=(url, f"r{number}", pool, theirs), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours, told.setdefault(f"r{number}", [])))
    for process, ours, heard in started:
        while True:
            assert ours.poll(WAIT_S), "a process did not answer"
            if (one := ours.recv()) is None:
                break
            heard.append(one)
        process.join(WAIT_S)
    return told
