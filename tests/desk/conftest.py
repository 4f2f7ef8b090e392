"""Files of desks are closed when a test has ended."""

import pytest

from tests.desk import desks, logs


@pytest.fixture(autouse=True)
def _closed():
    yield
    while desks.DESKS:
        desks.DESKS.pop().close()
    for engine in logs.OPENED:
        engine.dispose()
