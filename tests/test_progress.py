"""Progress: a record per stage, counted and timed."""

import pytest

from leadopt import progress
from leadopt.progress import Meter, OutOfTime, Progress


def test_a_meter_counts_its_stages_and_its_time_never_runs_back():
    seen = []
    meter = Meter(seen.append)
    meter.enter("build")
    meter.enter("done", 1.0, 2.0)
    assert [(report.stage, report.iteration, report.objective, report.bound) for report in seen] == [
        ("build", 0, None, None),
        ("done", 1, 1.0, 2.0),
    ]
    assert 0 <= seen[0].elapsed_s <= seen[1].elapsed_s


def test_a_relayed_stage_becomes_one_of_the_meters_own():
    seen = []
    meter = Meter(seen.append)
    meter.enter("solve")
    meter.relay(Progress(stage="prices", iteration=7, elapsed_s=1e9, objective=3.0, bound=4.0))
    assert (seen[1].stage, seen[1].iteration, seen[1].objective, seen[1].bound) == ("prices", 1, 3.0, 4.0)
    assert seen[1].elapsed_s < 1e9


def test_a_stage_that_goes_on_is_told_of_now_and_then(monkeypatch):
    seen, clock = [], [0.0]
    monkeypatch.setattr(progress, "perf_counter", lambda: clock[0])
    meter = Meter(seen.append)
    meter.enter("price")
    for now in (0.1, 0.4, 0.6, 0.7, 1.0, 1.2):
        clock[0] = now
        meter.still("price")
    assert [(report.iteration, report.elapsed_s) for report in seen] == [(0, 0.0), (1, 0.6), (2, 1.2)]


def test_a_meter_knows_when_time_is_over(monkeypatch):
    clock = [5.0]
    monkeypatch.setattr(progress, "perf_counter", lambda: clock[0])
    meter, endless = Meter(time_limit_s=2.0), Meter()
    meter.check()
    assert (meter.left_s, endless.left_s) == (2.0, float("inf"))
    with pytest.raises(OutOfTime):
        meter.check(seconds=2.5)
    clock[0] = 7.0
    with pytest.raises(OutOfTime):
        meter.check()
    endless.check(1e9)


def test_nobody_needs_to_listen():
    meter = Meter(None)
    meter.enter("build")
    meter.relay(Progress(stage="solve", iteration=0, elapsed_s=0.0))


def test_what_a_listener_raises_reaches_the_caller():
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Meter(stop).enter("build")
