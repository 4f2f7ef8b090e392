"""Whatever comes in ends in a plan or a sentence: frames, files and policies of every kind of mess.

`LEADOPT_FUZZ=100000` tries so many calls, and a hundredth of that through files and the command line.
"""

import json
import warnings

import numpy as np
import pytest
from typer.testing import CliRunner

from leadopt import assign, cli
from leadopt.errors import LeadoptError, LeadoptWarning
from tests import FUZZ, many_seeds, messy

PARTS = 8


def of_part(part, usual):
    """Which seeds a part of the test looks at: of all that were asked for, every eighth."""
    return range(part, FUZZ or usual, PARTS)


def check_plan(plan, n_leads, n_reps):
    """What holds of any plan."""
    assert len(plan.rep_of_lead) == n_leads
    assert ((plan.rep_of_lead >= -1) & (plan.rep_of_lead < n_reps)).all()
    assert np.isfinite(plan.objective)
    assert not plan.certificate.violations
    if plan.case.kept is None:  # what moves cost counts in what is certified
        assert plan.certificate.objective == pytest.approx(plan.objective, rel=1e-6, abs=1e-6)
    assert all(isinstance(note, str) and "nan" not in note.split() for note in plan.notes)
    assert len(plan.unassigned_leads) == (plan.rep_of_lead < 0).sum()


def check_sentence(error):
    """What holds of any refusal: words of ours, about the input."""
    said = str(error)
    assert 15 < len(said) < 3_000
    assert "Traceback" not in said and "__main__" not in said and "object at 0x" not in said.replace("found <", "")


@many_seeds
@pytest.mark.parametrize("part", range(PARTS))
def test_any_call_ends_in_a_plan_or_a_sentence(part):
    plans = 0
    for seed in of_part(part, 400):
        tables, data, more = messy.call(seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warnings.simplefilter("ignore", LeadoptWarning)
                plan = assign(**tables, policy=messy.policy_of(data), time_limit_s=2.0, **more)
                check_plan(plan, len(plan.case.lead_ids), len(plan.case.rep_ids))
                if seed % 5 == 0:
                    assert str(plan.report())
                    plans += 1
                    assert plan.to_json() and (not len(plan.rep_of_lead) or plan.explain(plan.case.lead_ids[0]).lines)
        except LeadoptError as error:
            check_sentence(error)
        except BaseException as error:
            error.add_note(f"messy.call({seed})")
            raise
    assert plans > 0


@many_seeds
@pytest.mark.parametrize("part", range(PARTS))
def test_any_files_end_in_a_plan_or_a_sentence(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = cli.build_app()
    for seed in range(part, FUZZ // 100 or 48, PARTS):
        rng = np.random.default_rng([17, seed])
        columns, data = messy.floor(rng), messy.settings(rng)
        arguments = ["assign"]
        for name, found in columns.items():
            if found is not None:
                (tmp_path / f"{name}.csv").write_bytes(messy.csv_bytes(rng, found))
                arguments += [f"{name}.csv"] if name != "history" else ["--history", "history.csv"]
        if rng.random() < 0.7:
            (tmp_path / "policy.toml").write_bytes(toml_bytes(rng, data))
            arguments += ["--policy", "policy.toml"]
        output = str(rng.choice(["plan.csv", "plan.xlsx", "plan.json", ""]))
        arguments += ["-o", output] if output else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LeadoptWarning)
            result = CliRunner().invoke(app, [*arguments, "--time-limit", "2"])
        told = f"seed {seed}: {result.exit_code} {result.stderr} {result.exception!r}"
        assert result.exit_code in (0, 1, 2, 3), told
        assert result.exception is None or isinstance(result.exception, SystemExit), told
        assert "Traceback" not in result.stderr, told
        assert result.exit_code == 0 or result.stderr.strip(), told


def toml_bytes(rng, data):
    """A policy as a file: TOML of what TOML can hold, now and then broken."""
    lines = [f"{name} = {inline(value)}" for name, value in data.items() if value is not None]
    text = "\n".join(lines) + "\n"
    if rng.random() < 0.1:
        text = text[: int(rng.integers(0, len(text) + 1))]
    return text.encode(str(rng.choice(["utf-8", "utf-8-sig", "utf-16"])))


def inline(value):
    """Plain data in TOML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(name))} = {inline(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return '""' if value is None else json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


@pytest.mark.parametrize("seed", [125_641, 137_791, 138_396, 85_417])
def test_calls_that_once_ended_otherwise(seed):
    """Objects that polars does not compare, an array as an outcome, and moments beyond the years that Python has."""
    tables, data, more = messy.call(seed)
    with pytest.raises(LeadoptError) as found:
        assign(**tables, policy=messy.policy_of(data), time_limit_s=2.0, **more)
    check_sentence(found.value)


def test_a_lazy_history_without_columns_tells_nothing():
    """It once ended in a KeyError: what an empty history is called nobody can know."""
    tables, data, more = messy.call(151_471)
    plan = assign(**tables, policy=messy.policy_of(data), time_limit_s=2.0, **more)
    check_plan(plan, len(plan.case.lead_ids), len(plan.case.rep_ids))


def test_a_report_of_a_plan_without_reps_is_one():
    """It once asked which rep is next in line for one slot more, of none."""
    tables, data, more = messy.call(9_270)
    plan = assign(**tables, policy=messy.policy_of(data), time_limit_s=2.0, **more)
    assert not len(plan.case.rep_ids)
    assert plan.case.problem.limits
    assert str(plan.report())
