"""What is done to a log is found by its hashes or, if it was hashed anew or cut, by a checkpoint kept elsewhere."""

import random
from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadopt.desk.database.engine import reading, writing
from leadopt.desk.database.tables import log
from leadopt.desk.log import store
from leadopt.desk.log.checkpoint import Checkpoint
from leadopt.desk.log.records import EMPTY, Envelope, Record, chained, head_after
from leadopt.desk.log.verify import verify, wrong
from tests import FUZZ, many_seeds
from tests.desk.logs import event, filled, records

COUNT = 200
FIELDS = Record._fields
WHOLE = ("seq", "at", "v", "cause")


@pytest.fixture
def connection(tmp_path):
    """A log of 200 records, in a transaction that is dropped."""
    with writing(filled(tmp_path, COUNT)).connect() as connection:
        yield connection


def change(connection, place, **values):
    assert connection.execute(sa.update(log).where(log.c.seq == place).values(**values)).rowcount == 1


def put_back(connection, told):
    """Replace the whole log."""
    connection.execute(sa.delete(log))
    store.insert(connection, told)


def hashed_anew(told, first):
    """Return a log with everything from a record on hashed anew, as a forger would."""
    head, again = head_after(EMPTY, told[: first - 1]), list(told[: first - 1])
    for record in told[first - 1 :]:
        own = {name: getattr(record, name) for name in Envelope._fields}
        again += chained(head, [Envelope(**own)], record.at)
        head = head_after(head, again[-1:])
    return again


@pytest.mark.parametrize("first", [1, 2, 120, 200])
def test_a_whole_log_is_whole_from_any_checkpoint(connection, first):
    found = verify(connection, Checkpoint(first, records(first)[-1].hash))
    assert found.ok and (found.first, found.last, found.protected) == (first, COUNT, first)
    assert found.n_records == COUNT - first + 1
    all_of_it = verify(connection, Checkpoint(first, records(first)[-1].hash), whole=True)
    assert all_of_it.ok and all_of_it.n_records == COUNT and all_of_it.protected == first


def test_without_a_checkpoint_all_is_checked_and_nothing_vouched_for(connection):
    found = verify(connection)
    assert found.ok and found.n_records == COUNT and found.protected == 0
    assert verify(connection, Checkpoint(0, bytes(32))) == replace(found, checkpoint=Checkpoint(0, bytes(32)))


def test_an_empty_log_is_whole(connection):
    put_back(connection, [])
    found = verify(connection)
    assert found.ok and found.n_records == 0
    assert found.summary() == "The log has no records yet. " + NOBODY


NOBODY = "No checkpoint vouches for them: who can write the file can hash all of it anew, or cut its end."


def test_what_a_check_says(connection):
    told = records(COUNT)
    kept = Checkpoint(150, told[149].hash)
    assert (
        verify(connection).summary() == f"200 checked: records 1 to 200 are as written, by their own hashes. {NOBODY}"
    )
    vouched = "The checkpoint vouches for records 1 to 150{}; who can write the file can hash anew what came later, or "
    assert verify(connection, kept).summary() == (
        "51 checked: records 150 to 200 are as written, by their own hashes. "
        f"{vouched.format(', of which 1 to 149 were not read')}cut it."
    )
    change(connection, 160, kind="lead.won")
    assert verify(connection, kept, whole=True).summary() == (
        "Record 160 is wrong: what it holds is not what was hashed: it was changed. "
        f"159 checked: records 1 to 159 are as written, by their own hashes. {vouched.format('')}cut it."
    )


# One byte


def bent(value, place):
    """Return a value with one bit of one byte changed, as text, number or bytes."""
    if isinstance(value, int):
        return value ^ (1 << (8 * place))
    if isinstance(value, str):
        return bent(value.encode(), place).decode("utf-8", "surrogateescape")
    return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]


def places(value):
    """Yield every byte of a value, a number's in 63 bits."""
    return range(
        0
        if value is None
        else 7
        if isinstance(value, int)
        else len(value.encode() if isinstance(value, str) else value)
    )


def test_no_changed_byte_of_any_field_of_any_record_is_missed():
    told, missed, tried = records(COUNT), [], 0
    for k, record in enumerate(told):
        before = head_after(EMPTY, told[:k])
        for field in FIELDS:
            for place in places(getattr(record, field)):
                changed = record._replace(**{field: bent(getattr(record, field), place)})
                after = told[k + 1 : k + 2]
                found = wrong(before, changed) or any(wrong(head_after(before, [changed]), x) for x in after)
                missed += [] if found else [(record.seq, field, place)]
                tried += 1
    assert tried > 100 * COUNT and missed == []


@many_seeds
def test_no_byte_that_is_changed_in_the_file_is_missed(connection):
    """One byte of every field of every fourth record, or every byte of all with LEADOPT_FUZZ."""
    rng, tried = random.Random(0), 0
    for record in records(COUNT)[:: 1 if FUZZ else 4]:
        for field in FIELDS:
            every = places(getattr(record, field))
            for place in every if FUZZ else rng.sample(every, min(1, len(every))):
                if field == "seq" and place == 0:
                    continue  # it would be that of another record, which the table does not take
                found = changed_in_file(connection, record, field, place)
                assert found.bad in (record.seq, record.seq + 1), (record.seq, field, place)
                assert found.last == found.bad - 1
                tried += 1
    assert tried >= 9 * COUNT // 4


def changed_in_file(connection, record, field, place):
    """Return what a check from just before a record finds once one byte of it is changed, which is then undone."""
    value = bent(getattr(record, field), place)
    if field not in WHOLE:
        raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        value = sa.cast(sa.literal(raw), sa.Text) if isinstance(getattr(record, field), str) else raw
    before = max(record.seq - 1, 1)
    with connection.begin_nested() as undone:
        change(connection, record.seq, **{field: value})
        found = verify(connection, Checkpoint(before, records(COUNT)[before - 1].hash) if record.seq > 1 else None)
        undone.rollback()
    return found


def test_text_that_is_no_longer_text_is_found_where_it_is(connection):
    change(connection, 77, subject=sa.cast(sa.literal(b"L-\xff"), sa.Text))
    found = verify(connection)
    assert (found.bad, found.last) == (77, 76)
    assert found.why == "it holds a value of a kind that is never written: it was changed"


@pytest.mark.parametrize(
    "seq, field, turned",
    [
        *((43, "body", bytes.decode), (43, "kind", str.encode), (43, "hash", bytes.hex), (43, "rules", str.upper)),
        *(
            (2, "request", lambda _: None),
            (1, "request", lambda _: ""),
            (43, "v", "v{}".format),
            (43, "at", "{}.5".format),
        ),
    ],
)
def test_the_same_value_in_another_kind_is_found(connection, seq, field, turned):
    told = getattr(records(seq)[-1], field)
    connection.exec_driver_sql(f"update log set {field} = ? where seq = ?", (turned(told), seq))
    assert verify(connection).bad == seq


# Whole records


@pytest.mark.parametrize("gone", [[1], [100], [199], [5, 6, 7], list(range(1, 100))])
def test_records_that_were_dropped_are_missed_at_their_place(connection, gone):
    connection.execute(sa.delete(log).where(log.c.seq.in_(gone)))
    found = verify(connection)
    assert found.bad == gone[0]
    assert found.why == f"it is not there, the next one is {gone[-1] + 1:,}: records were dropped"


def test_records_that_were_dropped_and_closed_up_are_found(connection):
    told = records(COUNT)
    put_back(connection, told[:99] + [record._replace(seq=record.seq - 1) for record in told[100:]])
    found = verify(connection)
    assert found.bad == 100
    assert found.why == "it does not follow from the record before: that one was changed, or this one put in its place"


@pytest.mark.parametrize("one, other", [(1, 2), (50, 51), (3, 190), (199, 200)])
def test_records_that_were_swapped_are_found(connection, one, other):
    told = records(COUNT)
    told[one - 1], told[other - 1] = told[other - 1]._replace(seq=one), told[one - 1]._replace(seq=other)
    put_back(connection, told)
    assert verify(connection).bad == one


@pytest.mark.parametrize("place", [1, 100, 200])
def test_records_that_were_inserted_are_found(connection, place):
    told = records(COUNT)
    forged = chained(head_after(EMPTY, told[: place - 1]), [event(5, cause=None)], told[place - 1].at)
    put_back(connection, told[: place - 1] + forged + [x._replace(seq=x.seq + 1) for x in told[place - 1 :]])
    assert verify(connection).bad == place + 1  # the forged one follows, what followed before does not


def test_a_moment_that_goes_back_is_found_though_it_was_hashed(connection):
    told = records(10)
    told += chained(head_after(EMPTY, told)._replace(at=0), [event(5, cause=None)], told[4].at)
    put_back(connection, told)
    assert verify(connection).bad == 11 and verify(connection).why == "its moment is before that of record 10"


# Only a checkpoint finds


@pytest.mark.parametrize("first, found", [(1, True), (120, True), (150, True), (151, False), (200, False)])
def test_a_log_hashed_anew_is_found_up_to_the_checkpoint(connection, first, found):
    told = records(COUNT)
    kept = Checkpoint(150, told[149].hash)
    told[first - 1] = told[first - 1]._replace(actor="R-forged")
    put_back(connection, hashed_anew(told, first))
    assert verify(connection).ok
    for whole in (False, True):
        checked = verify(connection, kept, whole=whole)
        assert checked.ok != found
        assert (checked.bad, checked.protected) == ((150, 0) if found else (None, 150))
    said = "its hash is not that of the checkpoint: the log was hashed anew from here or before"
    assert not found or checked.why == said


@pytest.mark.parametrize("left", [0, 1, 149, 199])
def test_an_end_that_was_cut_is_found_up_to_the_checkpoint(connection, left):
    told = records(COUNT)
    connection.execute(sa.delete(log).where(log.c.seq > left))
    assert verify(connection).ok
    for whole in (False, True):
        found = verify(connection, Checkpoint(COUNT, told[-1].hash), whole=whole)
        assert (found.bad, found.protected) == (left + 1, 0)
        assert found.why == f"the log ends with {left:,}, but the checkpoint is of record 200: its end was cut"
    assert verify(connection, Checkpoint(left, told[left - 1].hash if left else bytes(32))).ok


def test_a_change_before_the_checkpoint_is_found_if_the_whole_log_is_checked(connection):
    kept = Checkpoint(150, records(150)[-1].hash)
    change(connection, 20, actor="R-forged")
    assert verify(connection, kept).ok, "what is before the checkpoint was not read"
    assert verify(connection, kept, whole=True).bad == 20


def test_reading_text_is_strict_again_after_a_check(tmp_path):
    with reading(filled(tmp_path, 3)) as connection:
        assert verify(connection).ok
        assert connection.connection.dbapi_connection.text_factory is str
