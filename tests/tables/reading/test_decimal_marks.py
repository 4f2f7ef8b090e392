"""A policy's decimal mark has a say in files that were typed before the policy was known."""

from pathlib import Path
from typing import Any

import pytest

from leadopt import Columns, Formats, InvalidInput, Plan, Policy, assign
from leadopt.tables.files import read_file

REPS = [{"rep_id": "Ann"}, {"rep_id": "Bo"}]


def planned(tmp_path: Path, cells: list[str], decimal: Any, header: str = "value", **more: Any) -> Plan:
    path = tmp_path / "leads.csv"
    rows = "".join(f"x{k};{cell}\n" for k, cell in enumerate(cells))
    path.write_text(f"lead_id;{header}\n{rows}", encoding="utf-8")
    policy = Policy(formats=Formats(decimal=decimal), **more)
    return assign(read_file(path, name="leads"), REPS, policy=policy)


@pytest.mark.parametrize("decimal", [".", {"value": "."}, {"leads.value": "."}])
@pytest.mark.parametrize("cells", [["12,5", "1,500"], ["1,500", "12,5"], ["0,5"]])
def test_commas_are_refused_where_the_policy_says_point(tmp_path: Path, decimal: Any, cells: list[str]) -> None:
    with pytest.raises(InvalidInput, match=r"the policy says that '\.' is"):
        planned(tmp_path, cells, decimal)


@pytest.mark.parametrize("decimal", [",", {"value": ","}, {"leads.value": ","}])
def test_points_are_refused_where_the_policy_says_comma(tmp_path: Path, decimal: Any) -> None:
    with pytest.raises(InvalidInput, match=r"leads\.value, .*leads\.csv: '\.' is the decimal mark .* '12\.5'"):
        planned(tmp_path, ["12.5", "7"], decimal)


def test_a_column_of_another_name_is_checked_by_its_own(tmp_path: Path) -> None:
    columns = Columns(leads={"value": "Betrag"})
    with pytest.raises(InvalidInput, match=r"leads\.Betrag"):
        planned(tmp_path, ["12,5", "1,500"], {"Betrag": "."}, header="Betrag", columns=columns)


def test_the_right_mark_is_taken(tmp_path: Path) -> None:
    assert planned(tmp_path, ["12,5", "1,500"], ",").objective == 14.0


@pytest.mark.parametrize("cells", [["12,5", "1,500"], ["1,234", "1,5"]])
def test_without_a_policy_a_cell_in_doubt_is_told(tmp_path: Path, cells: list[str]) -> None:
    notes = planned(tmp_path, cells, None).notes
    assert [note for note in notes if note.startswith("leads.value: read '1,") and "[formats] decimal" in note]


def test_nothing_is_said_of_numbers_without_doubt(tmp_path: Path) -> None:
    assert not [note for note in planned(tmp_path, ["12,5", "1,25"], None).notes if "decimal" in note]


def test_a_column_that_is_not_read_is_not_judged(tmp_path: Path) -> None:
    assert planned(tmp_path, ["12,5", "1,500"], ".", header="size").objective == 2.0
