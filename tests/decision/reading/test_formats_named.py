"""A format is that of a column: one that no table has is refused, not passed over."""

from typing import Any

import pytest

from leadopt import AffinityModel, Columns, Formats, InvalidInput, Outcomes, Policy, assign
from leadopt.evaluate import backtest
from leadopt.learning import ValueModel

LEADS = {"lead_id": [1, 2], "value": ["1.500", "1.25"]}
REPS = {"rep_id": ["Ann", "Bo"]}
HISTORY = {"rep_id": ["Ann", "Bo"], "converted": [1, 0], "value": ["2", None]}


@pytest.mark.parametrize("history", [None, HISTORY])
@pytest.mark.parametrize("key", ["Value", "VALUE ", "histry.value", "lead.value", "leads.Value", "leads.valeu"])
@pytest.mark.parametrize("setting", ["decimal", "dates"])
def test_a_column_that_is_not_there_is_refused(history: Any, key: str, setting: str) -> None:
    formats = Formats(**{setting: {key: "," if setting == "decimal" else "day first"}})
    with pytest.raises(InvalidInput, match=rf'column ".*" \(formats\.{setting}\) is missing; did you mean'):
        assign(LEADS, REPS, history, policy=Policy(formats=formats))


@pytest.mark.parametrize("key", ["history.at", "history.value", "at"])
def test_a_column_of_a_history_that_is_not_given_may_be_named(key: str) -> None:
    assign(LEADS, REPS, policy=Policy(formats=Formats(decimal={key: ".", "value": "."})))


def test_a_column_of_a_history_that_is_given_may_not() -> None:
    with pytest.raises(InvalidInput, match=r"history: column \"at\" \(formats\.dates\) is missing"):
        assign(LEADS, REPS, HISTORY, policy=Policy(formats=Formats(dates={"history.at": "day first"})))


@pytest.mark.parametrize("key", ["Betrag", "leads.Betrag", "value", "leads.value"])
def test_a_column_may_have_the_users_name_or_that_of_all_tables(key: str) -> None:
    leads = {"lead_id": [1, 2], "Betrag": ["1.500", "1.250"]}
    policy = Policy(columns=Columns(leads={"value": "Betrag"}), formats=Formats(decimal={key: ","}))
    assert assign(leads, REPS, policy=policy).objective == 2750.0


def test_a_header_with_a_point_is_a_column() -> None:
    leads = {"lead_id": [1, 2], "No. of x": ["1", "2"]}
    assign(leads, REPS, policy=Policy(formats=Formats(decimal={"No. of x": ","})))


def test_models_and_backtests_read_a_history_by_the_same_settings() -> None:
    """What no column tells is read as it is asked to be: as the same history in plain words is."""
    words, days = {1: "Handshake", 0: "Ghosted", None: "Demo"}, [f"0{k % 9 + 1}/0{k % 5 + 1}/2025" for k in range(200)]
    settled = [None if k % 7 == 0 else int(k % 3 == 0) for k in range(200)]
    history: dict[str, list[Any]] = {
        "rep_id": ["Ann", "Bo"] * 100,
        "converted": [words[one] for one in settled],
        "at": days,
        "value": [f"{k % 9 + 1}.500" for k in range(200)],
    }
    plain = history | {
        "converted": settled,
        "at": [f"2025-{day[3:5]}-{day[:2]}" for day in days],
        "value": [float(k % 9 + 1) * 1000 + 500 for k in range(200)],
    }
    read: dict[str, Any] = {
        "formats": Formats(dates="day first", decimal=","),
        "outcomes": Outcomes(won="Handshake", lost="Ghosted", open="Demo"),
    }
    rows, now = [{"rep_id": "Ann"}, {"rep_id": "Bo"}], "2026-01-31"
    asked, usual = (AffinityModel(half_life_days=50, now=now, **more) for more in (read, {}))
    assert asked.fit(history).probability(rows).tolist() == usual.fit(plain).probability(rows).tolist()
    worth, known = ValueModel(**read).fit(history), ValueModel().fit(plain)
    assert worth.expected(rows).tolist() == known.expected(rows).tolist()
    found, same = backtest(history, now=now, folds=2, **read), backtest(plain, now=now, folds=2)
    assert (found.n_judged, str(found.verdict)) == (same.n_judged, str(same.verdict))
    for call in (lambda: AffinityModel(formats="day first").fit(plain), lambda: backtest(plain, outcomes={"won": "x"})):
        with pytest.raises(InvalidInput, match=r"must be (Formats|Outcomes)\(\.\.\.\) or None; found"):
            call()
