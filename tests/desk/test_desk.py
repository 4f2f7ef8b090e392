"""A desk is opened, shut, refused, and told by its log."""

import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from random import Random

import pytest

import leadopt
from leadopt.desk.desk import Desk
from leadopt.desk.work.results import Result
from leadopt.errors import InvalidInput, StorageFailed
from leadopt.lifecycle.records import Lead
from tests.desk.desks import RULES, again, kinds, leads, opened, owner, records, with_leads
from tests.desk.logs import url_of


def test_the_desk_is_found_at_the_top_and_loaded_when_asked_for():
    assert leadopt.Desk is Desk
    loaded = "import leadopt, sys; print(any(name.startswith(('sqlalchemy', 'leadopt.desk')) for name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_a_new_desk_needs_rules_and_an_old_one_has_them(tmp_path):
    with pytest.raises(InvalidInput, match="rules: a new desk needs them"):
        Desk.open(url_of(tmp_path))
    assert list(tmp_path.iterdir()) == []
    desk = opened(tmp_path)
    end = desk.checkpoint()
    assert again(desk).rules() == desk.rules()
    assert again(desk, rules=RULES).checkpoint() == end
    changed = again(desk, rules={**RULES, "cool_off": "3 days"})
    assert str(changed.rules().cool_off) == "3 days"
    assert desk.rules() == changed.rules()


def test_a_policy_is_kept_and_put_into_force(tmp_path):
    policy = leadopt.Policy(segment_by="industry")
    desk = opened(tmp_path, policy=policy)
    assert desk.policy() == again(desk).policy() == policy
    assert again(desk, policy=policy.replace(reserve=0.5)).policy().reserve == 0.5
    assert desk.policy().reserve == 0.5
    assert kinds(desk).count("policy_set") == 2


def test_rules_may_begin_later_and_no_earlier(tmp_path):
    desk = opened(tmp_path)
    later = {**RULES, "cool_off": "3 days"}
    assert desk.rules(later, starts_at=desk.clock.now + timedelta(days=1)).ok
    assert str(desk.rules().cool_off) == "14 days"
    desk.clock.move(days=1)
    assert str(desk.rules().cool_off) == "3 days"
    assert desk.rules(RULES, starts_at=desk.clock.now - timedelta(days=1)).reason == "in_the_past"


def test_a_clock_without_a_zone_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="the clock's moment has no time zone"):
        Desk.open(url_of(tmp_path), rules=RULES, clock=lambda: datetime(2026, 1, 1))


def test_the_log_never_goes_back_though_the_clock_does(tmp_path):
    desk = with_leads(tmp_path, 1)
    desk.clock.move(days=-2)
    assert desk.follow_up(1, by=owner(desk, 1)).ok
    moments = [desk.why(seq).at for seq in range(1, desk.checkpoint().seq + 1)]
    assert moments == sorted(moments)


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(seconds=59), timedelta(minutes=1), timedelta(days=2)])
def test_a_clock_too_far_behind_the_log_is_refused_where_that_is_asked_for(tmp_path, behind):
    desk = with_leads(tmp_path, 1)
    assert desk.last_moment() == desk.clock.now
    desk.clock.now -= behind
    again(desk)  # acts at the log's end
    if behind < timedelta(minutes=1):
        again(desk, most_behind=timedelta(minutes=1))
    else:
        with pytest.raises(InvalidInput, match="clock: must not be behind the log, which ends at Mon 2026-03-02 09:00"):
            again(desk, most_behind=timedelta(minutes=1), rules={**RULES, "sticky": {"by": "firm"}})
    assert desk.last_moment() == desk.clock.now + behind


@pytest.mark.parametrize("name", ["learn_every", "most_behind"])
@pytest.mark.parametrize("span", [timedelta(0), timedelta(seconds=-1), 3600, "1 hour"])
def test_a_span_that_is_none_is_refused(tmp_path, name, span):
    with pytest.raises(InvalidInput, match=f"^{name}: must be a timedelta above 0, or None; found "):
        again(with_leads(tmp_path, 1), **{name: span})


def test_the_same_commands_with_the_same_seed_are_the_same_bytes(tmp_path):
    ends = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        desk = with_leads(tmp_path / name, 1, 2, 3, rng=7)
        desk.transfer(1, to="Cy", by="Mia")
        ends.append(str(desk.checkpoint()))
    assert ends[0] == ends[1]


def test_tables_that_were_changed_behind_the_logs_back_are_found_and_made_anew(tmp_path):
    desk = with_leads(tmp_path, 1)
    key = records(desk)[Lead][0].id
    with sqlite3.connect(tmp_path / "desk.db") as connection:
        connection.execute("UPDATE lead SET record = replace(record, 'assigned', 'working')")
    connection.close()
    found = desk.rebuild()
    assert found.differing == (f"lead {key}",)
    assert desk.lead(1).stage == "assigned"
    assert desk.rebuild().ok


def test_a_log_that_was_changed_is_found(tmp_path):
    desk = with_leads(tmp_path, 1)
    kept = str(desk.checkpoint())
    assert desk.verify(kept).ok
    with sqlite3.connect(tmp_path / "desk.db") as connection:
        connection.execute("UPDATE log SET body = replace(body, 'router', 'stolen') WHERE kind = 'assigned'")
    connection.close()
    assert desk.verify(kept, whole=True).bad == 8


def test_a_lead_is_shown_as_it_was_at_any_moment(tmp_path):
    desk, shown = with_leads(tmp_path, 1), []
    who = owner(desk, 1)
    for act in (
        lambda: desk.follow_up(1, by=who),
        lambda: desk.release(1, by=who, reason="no_time"),
        lambda: desk.claim(1, by="Cy" if who != "Cy" else "Bo"),
        lambda: desk.park(1, until=desk.clock.now + timedelta(days=30), reason="asked"),
        lambda: desk.rules({**RULES, "follow": {"first_within": "1 day"}}),
        lambda: desk.won(1, rep="Ann", value=3),
    ):
        shown.append((desk.clock.now, desk.lead(1)))
        desk.clock.move(hours=1)
        assert act().ok
    for moment, view in shown:
        assert desk.at(moment).lead(1) == view
    with pytest.raises(InvalidInput, match="had not come in by then"):
        desk.at(desk.clock.now - timedelta(days=30)).lead(1)
    with pytest.raises(InvalidInput, match="moment has no time zone"):
        desk.at(datetime(2026, 1, 1))


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path):
    desk = with_leads(tmp_path, 1)
    with desk._core.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    end = desk.checkpoint()
    with pytest.raises(StorageFailed, match="there is no room left on the disk; nothing of this was written"):
        desk.receive(leads(*range(10, 400), note="x" * 500))
    with desk._core.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert desk.checkpoint() == end
    assert desk.receive(leads(*range(10, 30))).ok
    assert desk.rebuild().ok


def test_a_file_that_another_process_holds_is_one_sentence_and_loses_nothing(tmp_path, monkeypatch):
    desk = with_leads(tmp_path, 1)
    holder = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with desk._core.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    with pytest.raises(StorageFailed, match="another process has held its lock"):
        desk.follow_up(1, by=owner(desk, 1))
    holder.close()
    assert desk.follow_up(1, by=owner(desk, 1)).ok


def test_threads_share_one_desk(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    desk = with_leads(tmp_path, *range(9))
    who = {lead: owner(desk, lead) for lead in range(9)}
    rng = Random(0)
    asked = [rng.randrange(9) for _ in range(60)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda lead: desk.follow_up(lead, by=who[lead]), asked))
    assert all(one.ok for one in got)
    assert len({one.seq for one in got}) == 60
    assert desk.verify().ok
    assert desk.rebuild().ok


def test_a_refusal_and_its_remedy_are_two_sentences():
    denied = Result(id="L1", code="denied", sentence="value: found nothing", remedy="mend the row")
    assert str(denied) == "denied: value: found nothing. Remedy: mend the row."
    over = Result(id="L1", code="denied", sentence="Lead 'L1' rests.", over="Mon")
    assert str(over) == "denied: Lead 'L1' rests. Over by itself: Mon."
    assert str(Result(id="L1", code="done", sentence="Lead L1 came in")) == "done: Lead L1 came in"
