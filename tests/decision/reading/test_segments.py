"""Which columns make segments where nobody names any, and what is said of those that do not."""

import pytest

import leadopt


def _history(**more) -> list[dict]:
    return [
        {
            "rep_id": "ABC"[i % 3],
            "source": ("web", "fair")[i // 3 % 2],
            "converted": i < 30,
            **{name: value(i < 30, i) for name, value in more.items()},
        }
        for i in range(300)
    ]


REPS = [{"rep_id": rep, "capacity": 4} for rep in "ABC"]


def _stage(won: bool, _: int) -> str:
    return "Closed Won" if won else "Closed Lost"


@pytest.mark.parametrize("now", ["New", "", "closed won"])
def test_a_stage_is_no_segment_and_moves_no_chance(now):
    leads = [{"lead_id": i, "source": "web"} for i in range(12)]
    plain = leadopt.assign(leads, REPS, _history())
    found = leadopt.assign([{**lead, "stage": now} for lead in leads], REPS, _history(stage=_stage))
    assert [row["probability"] for row in found.assignments] == [row["probability"] for row in plain.assignments]
    assert "segments by source (set segment_by to choose)" in found.notes
    assert any(note.startswith("stage is no segment: it alone tells 98%") for note in found.notes)


def test_who_names_the_column_gets_it_with_a_note():
    leads = [{"lead_id": i, "source": "web", "stage": "New"} for i in range(12)]
    plan = leadopt.assign(leads, REPS, _history(stage=_stage), policy=leadopt.Policy(segment_by=("stage",)))
    assert plan.case.evidence is not None
    assert plan.case.evidence.segment_by == ("stage",)
    assert any("used, as segment_by names it" in note for note in plan.notes)


def test_levels_in_other_letters_are_the_same():
    leads = [{"lead_id": i, "source": " WEB", "loss": ""} for i in range(40)]
    history = _history(loss=lambda won, i: "" if won or i % 2 else ("Price", "price ", "PRICE")[i % 3])
    notes = leadopt.assign(leads, [{"rep_id": rep} for rep in "ABC"], history).notes
    assert any(note.startswith("loss is no segment: levels that were only ever lost hold 45%") for note in notes)
    assert "segments by source (set segment_by to choose)" in notes
