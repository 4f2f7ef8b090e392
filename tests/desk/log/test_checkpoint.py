"""A checkpoint: one line that can be kept on paper and read back."""

import re

import pytest

from leadopt.desk.database.engine import reading
from leadopt.desk.log import store
from leadopt.desk.log.checkpoint import Checkpoint
from leadopt.errors import InvalidInput
from tests.desk.logs import filled, records


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_checkpoint_tells_where_the_log_ends_and_is_read_back_from_its_line(tmp_path, count):
    with reading(filled(tmp_path, count)) as connection:
        checkpoint = store.checkpoint(connection)
    assert checkpoint == (Checkpoint(count, records(count)[-1].hash) if count else Checkpoint(0, bytes(32)))
    assert re.fullmatch(rf"leadopt:{count}:[0-9a-f]{{64}}", str(checkpoint))
    assert Checkpoint.parse(f" {str(checkpoint).upper()}\n") == checkpoint


@pytest.mark.parametrize("text", ["", "leadopt:1:", f"leadopt:x:{'a' * 64}", f"leadopt:1:{'g' * 64}", f"1:{'a' * 64}"])
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(InvalidInput, match=r"is no checkpoint: it is written leadopt:<seq>:<64 hexadecimal digits>"):
        Checkpoint.parse(text)


@pytest.mark.parametrize("text", [f"leadopt:0:{'a' * 64}", f"leadopt:5:{'0' * 64}"])
def test_only_what_is_before_the_first_record_has_no_hash(text):
    with pytest.raises(InvalidInput, match=r"record 0, before the first, has the hash 000"):
        Checkpoint.parse(text)
