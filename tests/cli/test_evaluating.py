"""`leadopt evaluate`: what it prints is what `backtest` finds, and what goes wrong gets a sentence."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadopt import InvalidInput, cli
from leadopt.cli.evaluating import run_evaluate
from leadopt.evaluate import backtest
from leadopt.tables.files import write_table
from tests.evaluate.backtests.test_backtest import history


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table(history(0, 300, rep_sd=0.5), "history.csv")
    (tmp_path / "policy.toml").write_text('segment_by = ["source"]\nhalf_life_days = 90\n')
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli.build_app(), ["evaluate", *arguments])


def test_it_prints_what_backtest_finds(folder):
    result = run("history.csv", "--segment-by", "source", "--plot", "curve.png", "-o", "figures.json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = backtest(history(0, 300, rep_sd=0.5), segment_by="source")
    assert result.stdout.startswith(f"{found.summary()}\n\n{found.scheme}\n")
    assert "rep + source" in result.stdout and "raw cells" in result.stdout
    assert json.loads((folder / "figures.json").read_text())["verdict"]["decision"] == found.verdict.decision
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_policy_says_what_segments_are(folder, capsys):
    found = run_evaluate(folder / "history.csv", policy=folder / "policy.toml")
    expected = backtest(history(0, 300, rep_sd=0.5), segment_by="source", half_life_days=90)
    assert found.to_json() == expected.to_json()
    assert str(expected.verdict) in capsys.readouterr().out
    write_table(history(1, 40) | {"kind": ["a", "b"] * 20}, folder / "few.csv")
    for columns in (["source", "kind"], ["source, kind"]):
        assert run_evaluate(folder / "few.csv", columns).scores[0].method == "rep x source, kind"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (
            ["history.csv", "--segment-by", "sorce"],
            'leadopt: history: column "sorce" is missing; did you mean "source"?',
        ),
        (["nowhere.csv"], "leadopt: nowhere.csv: "),
        (["history.csv", "--plot", "curve.txt"], "leadopt: curve.txt: must end in .png or .svg or .pdf"),
        (["history.csv", "-o", "figures.csv"], "leadopt: figures.csv: must end in .json"),
        (["history.csv", "--plot", "no/curve.png"], "leadopt: no/curve.png: cannot be written"),
        (["history.csv", "--now", "soon"], "leadopt: now: must be a date or an ISO date like 2026-01-31; found 'soon'"),
        (["history.csv", "--seed", "-1"], "leadopt: --seed: must be 0 or more; found -1"),
    ],
)
def test_what_goes_wrong_gets_a_sentence(folder, arguments, said):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said) and result.stderr.count("\n") == 1


def test_it_says_which_columns_were_read(tmp_path, capsys):
    rows = [f"{'AB'[k % 2]},{'xy'[k // 2 % 2]},{k % 3 == 0},2025-01-{1 + k % 28:02}" for k in range(40)]
    (tmp_path / "deals.csv").write_text("\n".join(["rep_id,source,converted,Close Date", *rows]))
    run_evaluate(tmp_path / "deals.csv", ["source"])
    told = capsys.readouterr().out
    assert '  column "Close Date" of history looks like at and was not read: set columns.at = "Close Date".' in told
    assert "columns read: history rep_id, converted, source as segment. Not used: Close Date (history)." in told
    (tmp_path / "policy.toml").write_text('[columns.history]\nat = "Closed"\n')
    with pytest.raises(InvalidInput, match='column "Closed" is missing'):
        run_evaluate(tmp_path / "deals.csv", ["source"], tmp_path / "policy.toml")
    (tmp_path / "policy.toml").write_text('[columns.history]\nat = "Close Date"\n')
    run_evaluate(tmp_path / "deals.csv", ["source"], tmp_path / "policy.toml")
    told = capsys.readouterr().out
    assert "Rolling origin by Close Date" in told and "Close Date as at, source as segment. Not used: none." in told


def test_the_policy_says_what_the_ids_of_leads_are_called(folder):
    table = history(2, 40)
    write_table(
        table | {"Nr": [f"N{k}" for k in [*range(38), 0, 1]], "rep_id": ["ann"] * 40, "at": ["2025-06-30"] * 40},
        "copies.csv",
    )
    Path("own.toml").write_text('[columns.history]\nlead_id = "Nr"\n')
    refused = run("copies.csv", "--policy", "own.toml")
    assert refused.exit_code == 2
    assert "history.Nr, copies.csv, line 40: the outcome of this lead with rep 'ann' stands in" in refused.stderr
    assert "found 'N0' (and 1 more row). Remove the copy. Of won and lost keep the one that holds" in refused.stderr
