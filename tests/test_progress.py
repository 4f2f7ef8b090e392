"""Progress: a record per stage, counted and timed."""

import signal
import threading

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
    assert meter.relay is None  # so that a part of the work has nobody to tell either


def test_what_a_listener_raises_reaches_the_caller():
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Meter(stop).enter("build")


# Calls that run apart


def left_to(call):
    """Return what `apart` calls, and an event that lets it come to its end."""
    may_end = threading.Event()

    def work():
        may_end.wait()
        return call()

    return work, may_end


def test_what_runs_apart_returns_and_raises_as_if_it_did_not():
    assert progress.apart(lambda: threading.current_thread() is threading.main_thread()) is False
    with pytest.raises(ZeroDivisionError):
        progress.apart(lambda: 1 // 0)


def test_ctrl_c_is_heard_while_a_call_runs_apart_which_is_told_to_stop():
    """The call itself lets the signal come, so that it is under way for sure; it ends only when it is told to."""
    stopped = threading.Event()

    def work():
        signal.raise_signal(signal.SIGINT)  # the main thread hears it, whoever raises it
        stopped.wait()

    with pytest.raises(KeyboardInterrupt):
        progress.apart(work, stopped.set)
    assert stopped.is_set()


def test_a_call_that_cannot_be_told_is_left_to_its_end():
    work, may_end = left_to(lambda: None)

    def interrupted():
        signal.raise_signal(signal.SIGINT)
        work()

    with pytest.raises(KeyboardInterrupt):
        progress.apart(interrupted)
    assert progress.is_left_running()
    may_end.set()
    progress._let_end()
    assert not progress.is_left_running()


def test_a_listener_hears_that_a_stage_goes_on_while_a_call_runs_apart(monkeypatch):
    monkeypatch.setattr(progress, "_HEARD_S", 0.0)
    monkeypatch.setattr(progress, "_SELDOM_S", 0.0)
    work, may_end = left_to(lambda: "done")
    told = []

    def listen(report):
        told.append(report.stage)
        if len(told) == 3:
            may_end.set()

    meter = Meter(listen)
    meter.enter("solve")
    with progress.telling(meter):
        assert progress.apart(work) == "done"
    assert told[:3] == ["solve"] * 3
    work, may_end = left_to(lambda: "done")
    may_end.set()
    before = len(told)
    assert progress.apart(work) == "done"  # nobody listens outside
    assert len(told) == before


def test_what_a_listener_raises_ends_the_wait(monkeypatch):
    monkeypatch.setattr(progress, "_HEARD_S", 0.0)
    monkeypatch.setattr(progress, "_SELDOM_S", 0.0)
    stopped = threading.Event()
    meter = Meter(lambda report: 1 // (1 - report.iteration))
    meter.enter("solve")
    with progress.telling(meter), pytest.raises(ZeroDivisionError):
        progress.apart(stopped.wait, stopped.set)


def test_nobody_waits_longer_than_there_is_time():
    work, may_end = left_to(lambda: None)
    with pytest.raises(OutOfTime):
        progress.apart(work, may_end.set, left_s=0.0)
    assert may_end.is_set()


def test_an_import_that_is_interrupted_comes_to_its_end_and_is_there_the_next_time(tmp_path, monkeypatch):
    """As for libraries that are compiled: begun anew, they would be broken."""
    body = "import builtins, signal\nsignal.raise_signal(signal.SIGINT)\nbuiltins.leadopt_begun.append(1)\ncome = 1\n"
    (tmp_path / "half_there.py").write_text(body, encoding="utf-8")
    begun = []
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("builtins.leadopt_begun", begun, raising=False)
    with pytest.raises(KeyboardInterrupt):
        progress.loaded("half_there")
    progress.loaded("half_there")
    import half_there

    assert half_there.come and begun == [1]


def test_modules_come_one_after_the_other(tmp_path, monkeypatch):
    """Two imports beside each other may hand each other what is half there."""
    for name in ("one_of_two", "two_of_two"):
        body = "begun.append(1)\nbuiltins.leadopt_wait()\nbegun.pop()\n"
        (tmp_path / f"{name}.py").write_text(f"import builtins\nbegun = builtins.leadopt_begun\n{body}", "utf-8")
    begun, at_once, may_end = [], [], threading.Event()

    def wait():
        at_once.append(len(begun))
        may_end.wait()

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("builtins.leadopt_begun", begun, raising=False)
    monkeypatch.setattr("builtins.leadopt_wait", wait, raising=False)
    for name in ("one_of_two", "two_of_two"):
        with pytest.raises(OutOfTime):
            progress.loaded(name, left_s=0.0)
    may_end.set()
    progress._let_end()
    progress.loaded("one_of_two")
    progress.loaded("two_of_two")
    assert at_once == [1, 1]


def test_deep_work_tells_that_the_stage_of_who_is_telling_goes_on(monkeypatch):
    monkeypatch.setattr(progress, "_SELDOM_S", 0.0)
    heard = []
    meter = Meter(lambda one: heard.append(one.stage))
    meter.enter("learn")
    progress.going_on()
    assert heard == ["learn"]  # nobody was telling
    with progress.telling(meter):
        progress.going_on()
    assert heard == ["learn", "learn"]


def test_a_module_is_imported_apart_once_and_waited_for_no_longer_than_asked(monkeypatch):
    threads, gate = [], threading.Event()

    def imported(name):
        threads.append((name, threading.current_thread() is threading.main_thread()))
        gate.wait(10.0)

    monkeypatch.setattr(progress, "import_module", imported)
    monkeypatch.setattr(progress, "_come", set())
    with pytest.raises(OutOfTime):
        progress.loaded("large", 0.0)
    gate.set()
    progress.loaded("large")
    progress.loaded("large")
    assert threads == [("large", False)] * 2


def test_what_is_kept_and_the_grace_of_a_time_limit_are_parts_of_it():
    meter = Meter(time_limit_s=100.0)
    assert 38.0 < meter.keeping(60.0).limit_s <= 40.0
    assert meter.grace_s == 1.0
    assert Meter(time_limit_s=-5.0).grace_s == 0.0
    assert (Meter().keeping(60.0).limit_s, Meter().grace_s) == (None, 1.0)
