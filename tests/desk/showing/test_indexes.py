"""No read of the present or of one lead's past scans a table: every statement is asked for its query plan."""

import pytest

from leadopt.desk import runs
from leadopt.desk.book.kept import BY_KEY, KEPT, asked, by_fields
from leadopt.desk.desk import Desk
from leadopt.desk.log import store
from leadopt.desk.people import persons
from leadopt.desk.showing import as_of, queues, reps
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.records import Absence, Conduct, Credit, Lead, Ownership, Rep
from leadopt.lifecycle.stages import Stage
from tests.desk.desks import RULES
from tests.desk.logs import url_of

FOUND = [
    (Lead, Where(stage=Stage.NEW)),
    (Lead, Where(stage=Stage.WORKING, quiet=True)),
    (Lead, Where(owner="R", stage=Stage.WORKING)),
    (Lead, Where(account="A")),
    (Lead, Where(before=5)),
    (Ownership, Where(lead="L")),
    (Ownership, Where(rep="R", since=5)),
    (Absence, Where(rep="R")),
    (Credit, Where(rep="R")),
    (Conduct, Where(rep="R")),
]
READS = {
    **{f"{kind.__name__} {asked(kind, where)[0]}": by_fields(kind, asked(kind, where)[0]) for kind, where in FOUND},
    **{f"{kind.__name__} by key": statement for kind, statement in BY_KEY.items()},
    **{name: getattr(queues, name)[0] for name in ("_IN_POOL", "_IN_STAGE", "_LATE", "_LOOKED_AT")},
    **{name: getattr(persons, name) for name in ("_BY_ID", "_BY_FEED", "_BY_EXTERNAL", "_BY_ALIKE", "_BY_MAIL")},
    **{name: getattr(store, name) for name in ("_BY_SEQ", "_OF_SUBJECT", "_FIRST_SINCE", "_HEAD")},
    **{"_DUE": runs._DUE, "_BEGINNING": runs._BEGINNING, "_HELD_BY": reps._HELD_BY, "_TO_SEND": queues._TO_SEND},
    "_LAST_OF_KIND": as_of._LAST_OF_KIND,
}


@pytest.mark.parametrize("name", READS)
def test_no_read_scans_a_table(name, shared):
    sql = READS[name].sql("sqlite")
    with shared._core.read() as snapshot:
        plan = snapshot.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("x",) * sql.count("?")).all()
    steps = [row[-1] for row in plan]
    assert all(step.startswith(("SEARCH", "USE TEMP B-TREE", "SCALAR SUBQUERY")) for step in steps), steps


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with Desk.open(url_of(tmp_path_factory.mktemp("desk")), rules=RULES) as desk:
        yield desk


def test_what_is_read_as_a_whole_is_little():
    assert {kind.__name__ for kind, kept in KEPT.items() if kept.whole} == {"Rep", "RuleFile"}
    assert Rep in KEPT
