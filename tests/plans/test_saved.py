"""Plain data to JSON and back, exactly; anything else is refused in one sentence."""

from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from leadopt.errors import InvalidInput
from leadopt.plans.saved import decode, encode
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit
from tests.strategies import examples


@dataclass(frozen=True)
class Pair:
    left: object
    right: object = None


@dataclass(frozen=True)
class Tool:
    size: int
    use: object = field(default=None, metadata={"saved": False})


CLASSES = {"Pair": Pair, "Tool": Tool}


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
@examples(300)
def test_everything_comes_back_exactly(value):
    assert same(decode(encode(value), CLASSES), value)


def test_a_key_called_like_the_tag_is_a_key():
    assert decode(encode({"~": "array", "a": 1}), {}) == {"~": "array", "a": 1}


def test_mappings_and_numpy_scalars_become_plain():
    assert decode(encode(MappingProxyType({"a": np.float64(0.1)})), {}) == {"a": 0.1}
    assert encode([np.int64(1), np.float64("-inf")]) == '[1,{"~":"float","value":"-inf"}]'


BROKEN = [
    "", "{", "nul", '{"~":"Nobody"}', '{"~":"Pair","middle":1}', '{"~":["x"]}', '{"~":"uuid","hex":"xyz"}',
    '{"~":"float","value":"big"}', '{"~":"array","dtype":"<f8","shape":[3],"data":[1.0]}',
    '{"~":"array","dtype":"nonsense","shape":[1],"data":[1]}', '{"~":"array","dtype":"<i8","shape":[1],"data":[1e400]}',
    '{"~":"array","dtype":"<f8","shape":[1],"data":["x"]}', '{"~":"tuple"}', '{"~":"dict","items":[1]}',
    "[" * 100_000, None, 5,
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: str(text)[:30])
def test_what_leadopt_did_not_write_is_refused(text):
    with pytest.raises(InvalidInput, match=r"^this is not a plan that leadopt wrote: "):
        decode(text, CLASSES)


def test_uuids_come_back_as_uuids():
    assert decode(encode(UUID(int=5)), {}) == UUID(int=5)


def test_what_several_share_is_written_once_and_shared_again():
    usage = Affinity(rates=np.arange(400.0).reshape(100, 4))
    leads = np.arange(50)
    limits = tuple(Limit(reps=[rep], usage=usage, leads=leads, upper=3) for rep in range(4))
    text = encode(limits)
    assert len(text) < 1.5 * len(encode(limits[:1]))
    again = decode(text, {"Affinity": Affinity, "Limit": Limit})
    assert all(limit.usage is again[0].usage for limit in again)
    assert all(np.shares_memory(limit.leads, again[0].leads) for limit in again)
    assert [limit.reps.tolist() for limit in again] == [[0], [1], [2], [3]]
    assert (again[3].usage.rates == usage.rates).all()


def test_a_field_that_is_not_saved_comes_back_as_its_default():
    text = encode([Tool(size=3, use=print), Tool(size=4, use=print)])
    assert "use" not in text and decode(text, CLASSES) == [Tool(size=3), Tool(size=4)]
