"""Notebooks run in a fresh kernel, what they claim holds, and what they show without running is what a run shows."""

import pytest

from tests.notebooks import NOTEBOOKS, executed, read, texts

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])

# Run in the notebook's own kernel, after its last cell: what it says is recomputed from the truth and the plans.
CHECKS = {
    "does_it_help": """
assert found.verdict.decision in ("use it", "reps alone")
assert placebo.verdict.decision == "fairness is free"
assert short.verdict.decision == "cannot tell yet"
off = [np.abs(one - true_chance).mean() for one in (model.probability(history), history["converted"].mean())]
assert off[0] < 0.5 * off[1]
scores = {score.method: score.log_loss for score in found.scores}
assert scores["raw cells"] > scores["industry, source"] > scores["rep x industry, source"]
assert judged.value.low <= truly <= judged.value.high
assert judged.lift.low <= truly - people <= judged.lift.high
assert truly > people and abs(promised / truly - 1) < 0.05
assert np.isin(trial.group, ["plan", "random", "outside"]).all() and abs(trial.n_random - trial.n_planned) <= 1
true = dict(true_rate.iter_rows())
assert measured.low <= true["plan"] - true["random"] <= measured.high
assert true["plan"] > true["random"]
""",
    "fairness_tuning": """
def gain(one):
    return one.case.gains.at(np.arange(300), one.rep_of_lead).sum()

assert 0.8 < covered < 0.97
assert error["estimate"] < 0.7 * error["raw_rate"]
assert all(one.status == "OPTIMAL" for one in (best, picked, plan))
assert tuned.knee is not None
assert gain(picked) >= 0.98 * gain(best)
fairer = tuned.plans[tuned.plans.index(picked) + 1 :]
assert fairer and all(gain(one) < 0.98 * gain(best) for one in fairer)
assert gain(plan) >= 0.97 * max(map(gain, hot.plans))
for one in (best, picked, plan):
    assert abs(floor.true_gain(one.rep_of_lead) / gain(one) - 1) < 0.08
    assert floor.true_gain(one.rep_of_lead) > floor.true_gain(best.baseline("round robin").rep_of_lead)
counted = np.bincount(picked.rep_of_lead, minlength=12)
slots = np.floor(reps["capacity"] * reps["available"]).to_numpy()
assert (counted <= slots).all() and counted.sum() == 300
share = (counted / slots)[slots > 0]
assert share.max() / share.min() < 1.6  # 1.15 / 0.85, and the whole numbers beyond
assert (np.bincount(best.rep_of_lead, minlength=12)[slots > 0] == 0).any()  # the problem that the notebook is about
newest = [j for j, days in enumerate(reps["tenure_days"]) if days < 90]
assert np.isin(plan.rep_of_lead, newest).sum() >= 50
without = best.what_if(capacity={"Jun": +5})
assert 0 < without.change <= without.change_at_most + 1e-6
assert sick.plan.status == "OPTIMAL" and not (sick.plan.rep_of_lead == list(reps["rep_id"]).index("Kofi")).any()
""",
}


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def run(request):
    return request.param, executed(request.param, CHECKS.get(request.param.stem, ""))


def test_every_cell_runs_and_what_it_claims_holds(run):
    path, notebook = run
    assert path.stem in CHECKS, f"say in CHECKS what must hold after {path.name}"
    assert len(texts(notebook)) > 5


def test_what_is_shown_without_running_is_what_a_run_shows(run):
    path, notebook = run
    assert texts(read(path)) == texts(notebook)[: len(texts(read(path)))], "run `make notebooks`"


@every_notebook
def test_the_outputs_are_kept_whole_small_and_without_an_error(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert all(output.get("name") != "stderr" for output in outputs)
    assert all(len(output.data.get("image/png", "")) < 60_000 for output in outputs if "data" in output)
    assert path.stat().st_size < 300_000


@every_notebook
def test_a_reader_is_told_what_to_look_at(path):
    cells = read(path).cells
    told = [cell for cell in cells if cell.cell_type == "markdown"]
    assert told[0].source.startswith("# ")
    assert len(told) >= len(cells) / 4
