"""A person is erased: no byte stays, the chain is whole, and replay works; or exported."""

import json
from random import Random

from leadopt.desk.people.persons import WHOLE
from leadopt.lifecycle.records import Lead
from tests.desk.desks import leads, opened, records


def bytes_of(folder):
    """Return all bytes of a desk's files, the write-ahead log too."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_no_byte_of_an_erased_person_is_left_in_the_file(tmp_path):
    desk = opened(tmp_path)
    secret = {"lead_id": "SECRET-1", "email": "secret.eve@example.com", "name": "Eve Secretson", "account": "Secretco"}
    desk.receive([*leads(1, 2, account="Acme"), {**secret, "phone": "+49 666 987654"}])
    desk.place()
    desk.receive({"lead_id": "SECRET-2", "email": "Secret.Eve+x@example.com", "note": "secretive"}, feed="web")
    desk.follow_up("SECRET-1", by=desk.lead("SECRET-1").owner, key="k")
    assert b"SECRET" in bytes_of(tmp_path)
    got = desk.erase("SECRET-1", by="Mia")
    assert got.sentence == "2 leads and all that told whose they were are erased."
    left = bytes_of(tmp_path)
    for trace in (b"SECRET", b"secret", b"Secret", b"987654", b"666"):
        assert trace not in left, trace
    assert desk.verify().ok
    assert desk.rebuild().ok
    assert desk.follow_up("SECRET-1", by="Ann").code == "not_found"
    assert sum(one.reason == "erased" for one in records(desk)[Lead]) == 2
    assert "L-" in desk.why(got.seq).sentence


def test_no_byte_is_left_among_many_others_that_were_moved_about(tmp_path):
    desk, rng = opened(tmp_path, reps=None), Random(0)
    text = [f"trace{n:05d}" for n in range(600)]
    for part in range(0, 600, 100):
        rows = [{"lead_id": one, "email": f"{one}@x.de", "note": one * rng.randint(1, 40)} for one in text[part:][:100]]
        desk.receive(rows)
        desk.receive([{**row, "note": row["note"] + "more"} for row in rows[::3]])
    gone = rng.sample(text, 40)
    for one in gone:
        assert desk.erase(one).ok
    left = bytes_of(tmp_path)
    assert [one for one in gone if one.encode() in left] == []
    assert all(one.encode() in left for one in text if one not in gone)


def test_a_lead_that_comes_in_again_after_it_was_erased_is_a_new_one(tmp_path):
    desk = opened(tmp_path)
    desk.receive(leads(1, email="a@x.de"))
    desk.erase(1)
    assert desk.receive(leads(1, email="a@x.de"))[0].sentence == "Lead 1 came in."
    assert len(records(desk)[Lead]) == 2


def test_a_lead_whose_merge_was_taken_back_is_neither_exported_nor_erased_with_the_other(tmp_path):
    """Found by extending the machine: it was erased though it had become another person again."""
    desk = opened(tmp_path)
    desk.receive(leads(1, 2, 3))
    assert desk.merge(2, into=1).ok
    assert desk.undo(desk.merge(3, into=1)).ok
    assert [one["id"] for one in json.loads(desk.export(1))["leads"]] == [1, 2]
    assert desk.erase(1).sentence.startswith("2 leads ")
    assert desk.lead(3).stage == "new"
    assert [one["id"] for one in json.loads(desk.export(3))["leads"]] == [3]


def test_earlier_leads_of_the_same_person_are_named_so_that_they_can_be_erased_too(tmp_path):
    desk = opened(tmp_path)
    desk.receive(leads(1, email="a@x.de"))
    desk.won(1, rep="Ann")
    desk.receive(leads(2, email="a@x.de"))
    assert "the same person had 1, erase these too if asked" in desk.erase(2).sentence


def test_what_is_erased_while_somebody_reads_leaves_the_log_ahead_at_the_next_run(tmp_path):
    desk = opened(tmp_path)
    desk.receive(leads("SECRET-1"))
    with desk._core.read() as snapshot:
        snapshot.book.head()
        assert desk.erase("SECRET-1").ok
    desk.run_due()
    assert b"SECRET" not in bytes_of(tmp_path)


def test_a_person_is_exported_with_all_that_came_in_and_happened(tmp_path):
    desk = opened(tmp_path)
    desk.receive(leads(1, email="A+1@x.de", note="call her"))
    desk.receive(leads("b", email="a@x.de", phone="0170 1234567"), feed="web")
    told = json.loads(desk.export(1))["leads"]
    assert [one["id"] for one in told] == [1, "b"]
    assert told[0]["columns"] == {"lead_id": 1, "email": "A+1@x.de", "note": "call her"}
    assert told[0]["matched_by"] == {"mail": "a@x.de", "phone": None}
    assert [entry["kind"] for entry in told[1]["history"]] == ["received", "merged"]
    assert WHOLE not in desk.export(1)


def test_who_is_not_there_cannot_be_erased(tmp_path):
    desk = opened(tmp_path)
    assert desk.erase("nobody").code == "not_found"
    assert desk.erase("nobody", role="rep").code == "not_found"
