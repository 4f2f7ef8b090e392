"""Every benchmark runs, on instances so small that their figures say nothing: none dies unnoticed."""

import importlib
import importlib.util
import json
import sys
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from benchmarks import __main__ as pages
from benchmarks import harness
from benchmarks.lift_worlds import World

FLOOR = World(name="small", sizes=(2,), n_reps=3)
BANDED = {"n": 300, "m": 4}  # bands that prices alone prove: smaller ones are searched for long


def in_this_process():
    """Return what stands for `fresh`, without its second for a process, and calls once what is measured several times.

    Arguments and results go through JSON as there.
    """

    @cache
    def called(module, function, settings):
        return json.dumps(getattr(importlib.import_module(f"benchmarks.{module}"), function)(**json.loads(settings)))

    def fresh(module, function, *, blas_threads=None, limit_s=None, **settings):
        return json.loads(called(module, function, json.dumps(settings)))

    return fresh


def import_time(module, patch):
    def run_json(command, env):
        told = []
        exec(command[-1], {"print": told.append})
        return told[-1]

    patch.setattr(module, "run_json", run_json)
    return module.rows()


def assign_tables(module, patch):
    patch.setattr(module, "ENGINES", ("polars",))
    for name, size in (("N_LEADS", 100), ("N_REPS", 5), ("N_HISTORY", 200)):
        patch.setattr(module, name, size)
    return module.rows()


def assign_segments(module, patch):  # of so many leads that there are some of each segment
    for name, size in (("N_LEADS", 1_000), ("N_REPS", 5), ("N_HISTORY", 300)):
        patch.setattr(module, name, size)
    return module.rows()


def history_counts(module, patch):
    for name, size in (("N_ROWS", 1_000), ("N_REPS", 60), ("_SAMPLE", 1_000)):
        patch.setattr(module, name, size)
    return module.rows(1_000)


def small_case(case, **more):
    settings = {**case.settings, "n": 60, "m": 6} if "m" in case.settings else {**case.settings, "n": 20}
    return replace(case, settings=settings, peers=("OR-Tools", "SciPy"), **more)


def match_peers(module, patch):
    pytest.importorskip("lap", reason="lapx is an extra for benchmarks")
    for name in ("DENSE", "LARGE", "SQUARE", "FACTORED", "HARD"):
        cases = getattr(module, name)
        goal = module.Goal(times={"OR-Tools": 1}, seconds=1.0)
        patch.setattr(module, name, tuple(small_case(case, goal=goal) for case in cases[:1]))
    patch.setattr(module, "DENSE", module.DENSE * 3)
    patch.setattr(module, "ORLIB", (100,))
    return module.rows()


def tied(module, patch):
    patch.setattr(module, "CASES", [small_case(case) for case in module.CASES if "m" in case.settings][:2])
    return module.rows()


def small_problems(module, patch):
    patch.setattr(module, "NAMES", ("OR-Tools", "SciPy"))
    return module._rows(module.CASES[:1], 1)


def curves(module, patch, folder):
    patch.setattr(module, "SIZES", (60, 120))
    patch.setattr(module.Curve, "HEAD", (*module.Curve.HEAD[:2], "60:", "120:"))
    known = ("Auction", "OR-Tools", "SciPy")
    panels = [replace(one, upto={name: 120 for name in one.upto if name in known}, n_reps=5) for one in module.PANELS]
    patch.setattr(module, "PANELS", panels)
    yield from module._rows(120, str(folder / "figure.png"))
    assert (folder / "figure.png").stat().st_size > 0


def limits(module, patch):
    patch.setattr(module, "WARM", BANDED)
    yield from module._case_rows(replace(module.SMALL, **BANDED))
    yield from module._nested_rows({"maker": "factored", "n": 200, "m": 20})


def gap(module, patch):
    yield from module._library_rows(list(module.optima())[:1])
    yield from module._generated_rows(["C 20 x 3"])


def sparse(module, patch):
    patch.setattr(module, "RUNS", 1)
    yield module.line("OR-Tools", n=60, m=20, share=0.2)
    yield module.line("SciPy", n=40, m=40, share=0.2)


def cores(module, patch):
    from leadopt.solvers.capacities import finish
    from leadopt.solvers.optimal import ties

    for changed in (finish, ties):  # by the benchmark: put back behind it
        patch.setattr(changed, "compiled", changed.compiled)
    patch.setattr(module, "REPEATS", 2)
    return module._rows(100, 5)


def interrupts(module, patch):
    assert {maker for maker, _ in module.WORK.values()} == {"dense", "factored", "hours", "floor"}
    sizes = {"n": 60, "m": 4}
    work = {
        **{f"dense {limits}": ("dense", {**BANDED, "limits": limits}) for limits in ("none", "nested", "bands")},
        "factored": ("factored", sizes),
        "hours": ("hours", {"n": 12, "m": 3}),
        **{act: ("floor", {"act": act, **sizes, "n_history": 150}) for act in ("assign", "frontier", "backtest")},
    }
    patch.setattr(module, "WORK", work)
    patch.setattr(module, "LIMIT_S", 0.2)
    for name in work:
        module.child(name)
    return [module.Waited(name=name, seconds=1.0, heard=0.1, silent=0.1, stage="") for name in work]


def held_out(module, patch):
    import polars as pl

    for library, name, few in (
        ("lightgbm", "LGBMClassifier", {"n_estimators": 3, "n_jobs": 1}),
        ("catboost", "CatBoostClassifier", {"iterations": 3}),
    ):
        if importlib.util.find_spec(library):
            peer = importlib.import_module(library)
            patch.setattr(peer, name, partial(getattr(peer, name), **few))
    rng = np.random.default_rng(0)
    columns = {name: rng.integers(3, size=200).astype(str) for name in ("rep", "a", "b")}
    days = [f"2025-01-{1 + number // 10:02}" for number in range(200)]
    table = pl.DataFrame({**columns, "won": rng.integers(2, size=200), "at": days})
    folds = [(np.arange(150), np.arange(150, 200))]
    found = {name: module.score(fit, table, ["a", "b"], folds) for name, fit in module.MODELS.items()}
    assert found["leadopt"] is not None and 0.5 < found["leadopt"][0] < 1.0
    for name, goal, real, columns, folds in module.tasks():
        assert {"rep", "won", *columns} <= set(real.columns) and folds
        yield module.Loss(name=name, goal=goal, found=found)
    yield module.Loss(name="simulated", goal=1.0, found=found)


def affinity_lift(module, patch):
    pytest.importorskip("sklearn")
    patch.setattr(module, "WORLDS", (replace(FLOOR, sizes=(2, 2), by_column=True),))
    patch.setattr(module, "NULL_WORLDS", ())
    patch.setattr(module, "SEEDS", 2)
    return module.rows()


def many_columns(module, patch):
    patch.setattr(module, "SEEDS", {3: 2})
    patch.setattr(module, "FLOORS", ((3, (3, 2)),))
    return module.rows()


def small_teams(module, patch):
    patch.setattr(module, "KNOWN", (2,))
    patch.setattr(module, "TEAM_OUTCOMES", (50,))
    patch.setattr(module, "SKEWED_KNOWN", (2,))
    return module._rows(2)


def few_reps(module, patch):
    for name, value in (("COLUMNS", {1: (2,), 2: (2, 2)}), ("REPS", (2,)), ("LEVELS", (2,)), ("SEEDS", 1)):
        patch.setattr(module, name, value)
    return module.rows()


def season_value(module, patch):
    for name in ("WORLDS", "NULL_WORLDS"):
        patch.setattr(module, name, (FLOOR,))
    patch.setattr(module, "DATED", tuple(replace(world, sizes=(2,), n_reps=3) for world in module.DATED[:2]))
    patch.setattr(module, "SEASONS", 2)
    return module.rows()


def open_outcomes(module, patch):
    patch.setattr(module, "DELAYS", module.DELAYS[3:9:2])  # each way in which delays scatter
    return module.rows(1)


def seasons(module, patch):
    from leadopt import evaluate

    patch.setattr(evaluate, "simulate", partial(evaluate.simulate, past_seasons=1, batches=1))
    patch.setattr(module, "N_RUNS", 2)
    patch.setattr(module, "N_SEASONS", 1)
    name, settings = list(module.FLOORS.items())[-1]
    patch.setattr(module, "FLOORS", {name: {**settings, "n_reps": 4, "leads_a_rep": 3}})
    return module.rows()


def verdicts(module, patch):
    patch.setattr(module, "HISTORIES", {150: 1})
    patch.setattr(module, "WORLDS", dict(list(module.WORLDS.items())[:3]))
    return module.rows()


def verdict_power(module, patch):
    for name, value in (("FLOORS", 1), ("FLOOR_SIZES", (150,)), ("PAIR_SDS", (0.2,))):
        patch.setattr(module, name, value)
    return module.rows()


def off_policy_coverage(module, patch):
    patch.setattr(module, "LOGS", 1)
    patch.setattr(module, "ROWS", 300)
    return module.rows()


def uniform_holdouts(module, patch):
    patch.setattr(module, "PATTERNS", 10)
    rng = np.random.default_rng(0)
    yield from module.quick_rows()
    yield module.measured("circles", [module.circle(3)], rng)
    yield module.measured("skills", [module.skills(rng)], rng)
    yield module.territories(3, 2, rng)


def of_a_small_desk(module, patch):
    from benchmarks.desk_filled import Size

    return module.rows(Size(events=2_000, held=200, ended=200, new=50))


RUNS = {
    "import_time": import_time,
    "assign_tables": assign_tables,
    "assign_segments": assign_segments,
    "history_counts": history_counts,
    "match_peers": match_peers,
    "small_problems": small_problems,
    "tied": tied,
    "warm_start": lambda module, patch: module._rows(300, 6),
    "frontier": lambda module, patch: module._rows(60, 4, 3),
    "curves": curves,
    "honesty": lambda module, patch: module._rows(len(module.KINDS), 2),
    "auto_table": lambda module, patch: module._rows(100),
    "limits": limits,
    "gap": gap,
    "sparse": sparse,
    "cores": cores,
    "interrupts": interrupts,
    "held_out": held_out,
    "affinity_lift": affinity_lift,
    "many_columns": many_columns,
    "small_teams": small_teams,
    "few_reps": few_reps,
    "season_value": season_value,
    "open_outcomes": open_outcomes,
    "seasons": seasons,
    "headlines": lambda module, patch: module._rows(1),
    "verdicts": verdicts,
    "verdict_power": verdict_power,
    "off_policy_coverage": off_policy_coverage,
    "null_trials": lambda module, patch: module._rows((60,), 3),
    "uniform_holdouts": uniform_holdouts,
    "desk_log": lambda module, patch: module.rows(4, 2),
    "desk_commands": lambda module, patch: module.rows(4, 2),
    "desk_reads": of_a_small_desk,
    "desk_plan": of_a_small_desk,
}


def test_every_benchmark_runs_here():
    assert set(RUNS) == {name for page in pages.PAGES.values() for name in page.names}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", RUNS)
def test_a_benchmark_runs(name, monkeypatch, tmp_path):
    module = importlib.import_module(f"benchmarks.{name}")
    fresh = in_this_process()
    for other in [one for key, one in sys.modules.items() if key.startswith("benchmarks.") and hasattr(one, "fresh")]:
        monkeypatch.setattr(other, "fresh", fresh)
    more = {"folder": tmp_path} if name == "curves" else {}
    rows = list(RUNS[name](module, monkeypatch, **more))
    for title, section in harness.sections(rows, "measured today.", name=name).items():
        assert section.startswith(f"## {title}\n") and "easured today." in section
    for row in rows:
        assert len(row.cells) == len(row.HEAD) and all(isinstance(cell, str) for cell in row.cells)
