"""Plain data to JSON and back, exactly; anything else is refused in one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from leadopt.errors import InvalidInput
from leadopt.plans.saved.encoding import Record, parse
from leadopt.plans.saved.encoding import decode as read
from leadopt.plans.saved.encoding import encode as write
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit
from tests.strategies import examples


@dataclass(frozen=True)
class Pair:
    left: Any
    right: Any = None


@dataclass(frozen=True)
class Tool:
    size: int
    use: object = None


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Strict:
    number: float = 0.0
    whole: int | None = None
    words: tuple[str, ...] = ()
    pair: tuple[int, str] = (1, "")
    rows: NDArray[np.int64] | None = None
    table: Mapping[str, float] | None = None
    colour: Colour | None = None
    tool: Tool | None = None


RECORDS = [
    Record("pair", Pair, "left right"),
    Record("tool", Tool, "how_large:size"),
    Record("strict", Strict, "number whole words pair rows table colour tool"),
    Record("affinity", Affinity, "rates row scale"),
    Record("limit", Limit, "reps leads usage lower upper penalty name"),
]


def encode(value):
    return write(value, RECORDS)


def decode(text):
    return read(parse(text), {record.name: record for record in RECORDS})


def same(one, other):
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, Pair):
        return type(other) is Pair and same(one.left, other.left) and same(one.right, other.right)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and (one == other or (np.isnan(one) and np.isnan(other)))


arrays = hnp.arrays(
    st.sampled_from([np.float64, np.int64, np.bool_]), hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=3)
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.uuids(), arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.just("~")), inner, max_size=3),
        st.builds(Pair, inner, inner),
    ),
    max_leaves=8,
)


@given(values)
@examples(75)
def test_everything_comes_back_exactly(value):
    assert same(decode(encode(value)), value)


def test_a_key_called_like_the_tag_is_a_key():
    assert decode(encode({"~": "array", "a": 1})) == {"~": "array", "a": 1}


def test_mappings_and_numpy_scalars_become_plain():
    assert decode(encode(MappingProxyType({"a": np.float64(0.1)}))) == {"a": 0.1}
    assert encode([np.int64(1), np.float64("-inf")]) == '[1,{"~":"float","value":"-inf"}]'


BROKEN = {
    "": "Expecting value: line 1 column 1 (char 0)",
    "nul": "Expecting value: line 1 column 1 (char 0)",
    '{"a":1,"b":2,"a":3}': "'a' stands twice in the same place",
    "[NaN]": "NaN is no number in JSON",
    '{"a":-Infinity}': "-Infinity is no number in JSON",
    "1" * 5000: "Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits",
    '{"~":"nobody"}': "it is of a kind that is unknown: 'nobody'",
    '{"~":["x"]}': "it must be of a kind; found ['x']",
    '{"a":[{"~":null}]}': "a[0] must be of a kind; found None",
    '{"~":"pair","middle":1}': "pair holds 'middle', which is unknown; known are left, right",
    '{"~":"pair","lefd":1}': "pair holds 'lefd', which is unknown; did you mean \"left\"?",
    '{"~":"pair","right":1}': "pair lacks left",
    '{"~":"uuid","hex":"xyz"}': "it is a damaged uuid: ValueError badly formed hexadecimal UUID string",
    '{"~":"float","value":"big"}': "it is a damaged float: KeyError 'big'",
    '{"a":1e400}': "a must be a number that JSON can hold; found inf",
    '{"~":"array","dtype":"<f8","shape":[3],"data":[1.0]}':
        "it is a damaged array: ValueError 1 numbers for shape [3]",
    '{"~":"array","dtype":"<f8","shape":[-1],"data":[1.0]}':
        "it is a damaged array: ValueError 1 numbers for shape [-1]",
    '{"~":"array","dtype":"<f8","shape":[1000000000,1000000000],"data":[]}':
        "it is a damaged array: ValueError 0 numbers for shape [1000000000, 1000000000]",
    '{"~":"array","dtype":"nonsense","shape":[1],"data":[1]}':
        "it is a damaged array: TypeError data type 'nonsense' not understood",
    '{"~":"array","dtype":"<U99999999","shape":[1],"data":["a"]}':
        "it is a damaged array: ValueError no array of <U99999999",
    '{"~":"array","dtype":"O","shape":[1],"data":[{}]}': "it is a damaged array: ValueError no array of O",
    '{"~":"array","dtype":5,"shape":[1],"data":[1]}': "it is a damaged array: ValueError no array of 5",
    '{"~":"array","dtype":"<i8","shape":[1],"data":[1e400]}':
        "it is a damaged array: ValueError float in an array of int64",
    '{"~":"array","dtype":"<i8","shape":[1],"data":[1.5]}':
        "it is a damaged array: ValueError float in an array of int64",
    '{"~":"array","dtype":"|b1","shape":[1],"data":[2]}': "it is a damaged array: ValueError int in an array of bool",
    '{"~":"array","dtype":"<i8","shape":[1],"data":[99999999999999999999]}':
        "it is a damaged array: OverflowError Python int too large to convert to C long",
    '{"~":"array","dtype":"<f8","shape":[1],"data":[1e400]}':
        "it is a damaged array: ValueError a number that is too large",
    '{"~":"array","dtype":"<f8","shape":[1],"data":["x"]}': "it is a damaged array: KeyError 'x'",
    '{"~":"tuple"}': "it is a damaged tuple: KeyError 'items'",
    '{"~":"tuple","items":"ab"}': "it is a damaged tuple: TypeError no list: 'ab'",
    '{"~":"dict","items":[1]}': "it is a damaged dict: TypeError cannot unpack non-iterable int object",
    '{"~":"same","as":4}': "it is a damaged same: KeyError 4",
    '{"~":"limit","lower":2,"upper":1}': "limit: lower must not exceed upper; found 2 > 1",
    '{"~":"strict","number":"3"}': "strict.number must be a number; found '3'",
    '{"~":"strict","number":true}': "strict.number must be a number; found True",
    '{"~":"strict","whole":1.5}': "strict.whole must be a whole number or null; found 1.5",
    '{"~":"strict","words":["a"]}': "strict.words must be a list; found ['a']",
    '{"~":"strict","words":{"~":"tuple","items":["a",1]}}': "strict.words must be a list; found ('a', 1)",
    '{"~":"strict","pair":{"~":"tuple","items":[1]}}': "strict.pair must be a list; found (1,)",
    '{"~":"strict","rows":{"~":"array","dtype":"<f8","shape":[1],"data":[1]}}':
        "strict.rows must be an array of int64 or null; found array([1.])",
    '{"~":"strict","table":{"a":"b"}}': "strict.table must be a table or null; found {'a': 'b'}",
    '{"~":"strict","colour":"blue"}': "strict.colour must be a Colour or null; found 'blue'",
    '{"~":"strict","tool":{"~":"pair","left":1}}': "strict.tool must be tool or null; found Pair(left=1, right=None)",
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:60])
def test_what_leadopt_did_not_write_is_refused_in_a_sentence(text):
    with pytest.raises(InvalidInput) as caught:
        decode(text)
    assert str(caught.value) == BROKEN[text]


@pytest.mark.parametrize("text", [None, 5, "[" * 100_000, '{"a":' * 100_000, '[{"~":"tuple","items":' * 300 + "["])
def test_what_is_no_text_or_goes_too_deep_is_refused(text):
    with pytest.raises(InvalidInput):
        decode(text)


def test_nested_too_deeply_for_records_though_json_is_whole():
    text = '{"~":"tuple","items":[' * 400 + "]}" * 400
    with pytest.raises(InvalidInput, match="nested too deeply"):
        decode(text)


def test_what_fits_comes_back():
    told = Strict(
        number=2, whole=3, words=("a",), pair=(5, "x"), table={"a": 1.5}, colour=Colour.RED, tool=Tool(size=1)
    )
    assert decode(encode(told)) == told and '"red"' in encode(told)


def test_a_name_in_the_file_need_not_be_that_in_python():
    assert encode(Tool(size=3)) == '{"~":"tool","how_large":3}'


def test_uuids_come_back_as_uuids():
    assert decode(encode(UUID(int=5))) == UUID(int=5)


def test_what_several_share_is_written_once_and_shared_again():
    usage = Affinity(rates=np.arange(400.0).reshape(100, 4))
    leads = np.arange(50)
    limits = tuple(Limit(reps=[rep], usage=usage, leads=leads, upper=3) for rep in range(4))
    text = encode(limits)
    assert len(text) < 1.5 * len(encode(limits[:1]))
    again = decode(text)
    assert all(limit.usage is again[0].usage for limit in again)
    assert all(np.shares_memory(limit.leads, again[0].leads) for limit in again)
    assert [limit.reps.tolist() for limit in again] == [[0], [1], [2], [3]]
    assert (again[3].usage.rates == usage.rates).all()


def test_a_field_that_is_not_saved_comes_back_as_its_default():
    text = encode([Tool(size=3, use=print), Tool(size=4, use=print)])
    assert "use" not in text and decode(text) == [Tool(size=3), Tool(size=4)]
