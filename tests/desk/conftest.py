"""Files of desks are closed when a test has ended."""

import pytest

from tests.desk import logs


@pytest.fixture(autouse=True)
def _closed():
    yield
    for engine in logs.OPENED:
        engine.dispose()
