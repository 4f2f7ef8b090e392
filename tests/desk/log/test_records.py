"""Records: no two have the same bytes, each is tied to all before it, and their moments never go back."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.desk.log.records import EMPTY, GENESIS, Head, _header, chained, digest, head_after
from leadopt.errors import InvalidInput
from tests.desk.logs import event
from tests.strategies import examples

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
wholes = st.integers(0, 2**63 - 1)
headers = st.tuples(
    wholes, wholes, texts, wholes, texts, texts, st.none() | wholes, st.none() | texts, st.none() | texts
)
NUMBERS = (0, 1, 3, 6)


def test_the_bytes_that_are_hashed_by_hand():
    told = b"\x01" + bytes(32) + b"1:1" + b"2:77" + b"1:k" + b"1:2" + "3:Lé".encode() + b"1:R" + b"-" + b"0:" + b"2:aa"
    assert digest(GENESIS, 1, 77, "k", 2, "Lé", "R", None, "", "aa", b"{}") == sha256(told + b"{}").digest()


def decoded(told):
    """Read header fields back from their bytes; what can be read back cannot be the bytes of anything else."""
    fields = []
    while told:
        if told[:1] == b"-":
            fields, told = [*fields, None], told[1:]
            continue
        length, _, rest = told.partition(b":")
        fields, told = [*fields, rest[: int(length)].decode()], rest[int(length) :]
    return tuple(int(x) if k in NUMBERS and x is not None else x for k, x in enumerate(fields))


@examples(300)
@given(headers)
def test_headers_can_be_read_back_from_their_bytes(header):
    assert decoded(_header(*header)) == header


@examples(300)
@given(headers, headers, st.binary(max_size=9), st.binary(max_size=9))
def test_different_records_have_different_hashes(one, other, body, another):
    same = digest(GENESIS, *one, body) == digest(GENESIS, *other, another)
    assert same == ((one, body) == (other, another))


@pytest.mark.parametrize("field", ["request", "rules"])
def test_none_is_not_an_empty_text(field):
    first, second = (chained(EMPTY, [event(0, **{field: value})], 5)[0] for value in (None, ""))
    assert first.hash != second.hash


@examples(100)
@given(st.lists(st.lists(st.integers(0, 99), max_size=4), max_size=6), st.data())
def test_every_record_follows_from_the_one_before_and_time_never_goes_back(batches, data):
    head, told = EMPTY, []
    for batch in batches:
        now = data.draw(st.integers(0, 10))
        records = chained(head, [event(number, cause=None) for number in batch], now)
        assert all(record.at == max(now, head.at) for record in records)
        head = head_after(head, records)
        told += records
    assert [record.seq for record in told] == list(range(1, len(told) + 1))
    assert [record.prev for record in told] == [GENESIS, *[record.hash for record in told]][: len(told)]
    assert [record.at for record in told] == sorted(record.at for record in told)
    assert head == (Head(told[-1].seq, told[-1].hash, told[-1].at) if told else EMPTY)


def test_many_events_at_once_are_the_events_one_by_one():
    together = chained(EMPTY, [event(number) for number in range(9)], 5)
    head, alone = EMPTY, []
    for number in range(9):
        alone += chained(head, [event(number)], 5)
        head = head_after(head, alone[-1:])
    assert together == alone


@pytest.mark.parametrize("cause", [0, -1, 1, 2])
def test_a_cause_is_before_its_event(cause):
    with pytest.raises(InvalidInput, match=rf"^follow_up of L-1: its cause is record {cause}, but it is record 1 its"):
        chained(EMPTY, [event(0, kind="follow_up", subject="L-1", cause=cause)], 5)


@pytest.mark.parametrize("text", ["L\0", "L\n", "\ud800"])
@pytest.mark.parametrize("field", ["kind", "subject", "actor", "request", "rules"])
def test_a_text_that_no_database_stores_is_refused(field, text):
    with pytest.raises(InvalidInput, match=r"holds a character that cannot be printed; ids, kinds and actors are"):
        chained(EMPTY, [event(0, cause=None, **{field: text})], 5)
