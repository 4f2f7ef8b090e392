"""A rep is called otherwise: the same rep, by another name, everywhere that names are told."""

import json

import numpy as np
import pytest

from leadopt import Policy
from leadopt.desk.log import store
from leadopt.errors import InvalidInput
from leadopt.policy import exclude
from tests.desk.desks import again, kinds, leads, opened, owner, records, with_leads


def bodies(desk):
    with desk._core.read() as snapshot:
        return [json.loads(one.body) for one in store.read(snapshot.connection)]


def test_all_that_was_the_reps_stays_the_reps(tmp_path):
    desk = with_leads(tmp_path, *range(6))
    desk.absence("Ann", desk.clock.now.replace(day=20), desk.clock.now.replace(day=22))
    before, rep = records(desk), desk.rep("Ann")
    mine = [lead for lead in range(6) if owner(desk, lead) == "Ann"]
    got = desk.rename_rep("Ann", "Anna", by="Mia")
    assert (got.code, got.id, got.sentence) == ("done", "Anna", "Rep Anna was called otherwise before.")
    assert kinds(desk)[-1] == "rep_renamed"
    assert bodies(desk)[-1] == {"rep": bodies(desk)[-1]["rep"]}  # neither name
    now = desk.rep("Anna")
    assert (now.open, now.credit, now.absences, now.leads) == (rep.open, rep.credit, rep.absences, rep.leads)
    assert now.columns["rep_id"] == "Anna"
    assert [lead for lead in range(6) if owner(desk, lead) == "Anna"] == mine
    after = records(desk)
    changed = [kind.__name__ for kind in before if before[kind] != after[kind]]
    assert changed == ["Rep"]  # one version more
    assert desk.rebuild().ok
    assert desk.verify().ok
    assert again(desk).rep("Anna").open == rep.open
    assert desk.follow_up(mine[0], by="Anna").ok
    assert desk.reps({"rep_id": "Anna", "max_open": 3})[0].code == "unchanged"


def test_the_old_name_is_nobodys_and_may_be_anothers(tmp_path):
    desk = opened(tmp_path)
    assert desk.rename_rep("Ann", "Zoe").ok
    gone = desk.rename_rep("Ann", "Yve")
    assert (gone.code, gone.sentence) == ("not_found", "There is no rep 'Ann'.")
    assert desk.rename_rep("Bo", "Ann").ok
    assert desk.rename_rep("Zoe", "Bo").ok
    assert desk.rep("Ann").columns["rep_id"] == "Ann"


@pytest.mark.parametrize("name", ["Bo", " BO", "bo"])
def test_no_two_reps_are_called_alike(tmp_path, name):
    desk = opened(tmp_path)
    got = desk.rename_rep("Ann", name)
    assert (got.code, got.sentence) == ("conflict", f"There is a rep {name.strip()!r} already.")
    assert desk.rep("Ann").id == "Ann"


@pytest.mark.parametrize("name", ["house", "manager", "feed"])
def test_no_rep_is_called_what_means_something_else(tmp_path, name):
    got = opened(tmp_path).rename_rep("Ann", name)
    assert (got.code, got.reason) == ("denied", "bad_input")
    assert f"no rep is called {name!r}" in got.sentence


def test_a_name_is_text_or_a_whole_number_and_the_same_one_is_no_news(tmp_path):
    desk = opened(tmp_path)
    with pytest.raises(InvalidInput, match=r"to: the id of a rep must be text or a whole number; found 1\.5"):
        desk.rename_rep("Ann", 1.5)
    with pytest.raises(InvalidInput, match="to: the id of a rep must be text or a whole number; found ''"):
        desk.rename_rep("Ann", " ")
    assert desk.rename_rep("Ann", "Ann").code == "unchanged"
    assert desk.rename_rep("Ann", "ANN").id == "ANN"  # spelled otherwise
    assert desk.rename_rep("ANN", 7).id == 7
    assert desk.rep("7").id == 7
    assert desk.rename_rep(7, "7").id == "7"
    assert kinds(desk).count("rep_renamed") == 3


def test_only_administrators_rename_and_a_key_does_it_once(tmp_path):
    desk = opened(tmp_path)
    assert desk.rename_rep("Ann", "Anna", by="Ann", role="rep").reason == "not_allowed"
    assert desk.rep("Ann").id == "Ann"
    first, second = (desk.rename_rep("Ann", "Anna", key="k") for _ in range(2))
    assert first == second
    assert kinds(desk).count("rep_renamed") == 1


@pytest.mark.parametrize("learn_every", [None, 30])
def test_what_was_learned_of_a_rep_is_still_known_under_the_new_name(tmp_path, learn_every):
    """A plan asks a model by names: one that was fitted before took the renamed rep for somebody new."""
    from datetime import timedelta

    every = None if learn_every is None else timedelta(days=learn_every)
    desk = opened(tmp_path, policy=Policy(segment_by=()), learn_every=every)
    rng = np.random.default_rng(0)
    rows = [
        {"lead_id": f"{rep} {n}", "rep_id": rep, "converted": bool(rng.random() < chance)}
        for rep, chance in {"Ann": 0.8, "Bo": 0.2, "Cy": 0.5}.items()
        for n in range(60)
    ]
    assert desk.import_(history=rows).ok
    desk.receive(leads("x", "y"))
    before = desk.plan()
    assert desk.rename_rep("Ann", "Zoe").ok
    after = desk.plan()
    assert after.objective == pytest.approx(before.objective)
    assert [row["rep_id"] for row in after.assignments] == ["Zoe", "Zoe"]
    assert desk.apply(before).ok  # a plan from before names the rep by the random id
    assert owner(desk, "x") == "Zoe"


def test_who_names_the_rep_in_the_policy_hears_of_it(tmp_path):
    told = "The policy in force has the old id: put one into force that has the new one."
    for number, policy in enumerate(
        [
            Policy(limit={"reps": ["Ann", "Bo"], "most": 3}),
            Policy(eligibility=(exclude([(1, "ann")]),)),
            Policy(limit={"reps": ["Cy"], "most": 3}),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert (told in opened(folder, policy=policy).rename_rep("Ann", "Anna").sentence) == (number < 2)
